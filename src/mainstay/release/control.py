"""The control share: those who are never acted on, so that it stays known what happens without acting.

A model that is retrained on the outcomes of its own actions learns their effect: whoever was kept by an offer looks
like somebody who never wanted to leave. The outcomes of a share that is drawn by chance and never acted on show what
would have happened to everybody (the random control of D. Sculley et al. 2015, "Hidden Technical Debt in Machine
Learning Systems", section 4, against direct feedback loops).
"""

from __future__ import annotations

from mainstay.release.route import place_of


def is_control(key: str, model: str, share: float) -> bool:
    """Say whether somebody is in the control share: by chance, but always the same, whoever answers.

    Parameters
    ----------
    key : str
        Who is asked about: the entity, else the id of the answer.
    model : str
        Name of the model; makes two models choose different ones.
    share : float
        ``[release] control``, 0 to 0.5. Who is in a smaller share is in a larger one, too.

    Examples
    --------
    >>> held = [is_control(f"customer {n}", "churn", 0.05) for n in range(20_000)]
    >>> 0.045 < sum(held) / len(held) < 0.055
    True

    """
    return share > 0 and place_of(key, f"{model}/control") < share
