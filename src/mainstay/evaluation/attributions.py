"""How much of its answers a model owes to each feature: the mean size of its parts (Lundberg et al. 2020), and words
where that ranking and the one by shuffling disagree.
"""  # noqa: D205 - one thought

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import profile_rows
from mainstay.evaluation.findings import found
from mainstay.measures.intervals import mean_estimate
from mainstay.models.explain import Explainer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.finding import Finding
    from mainstay.models.model import Model
    from mainstay.models.report import Influence

    Floats = NDArray[np.float64]

MEASURE, GROUP = "mean_abs_shap", "attribution"
_EXACT, _ASKED = 400, 40  # rows, where parts are exact and where each costs thousands of scores
_TOP = 5


def measure_attributions(snapshot: Snapshot, model: Model, held: HeldOut, seed: int) -> tuple[Finding, ...]:
    """Measure the mean size of each feature's parts on held-out rows.

    Parameters
    ----------
    snapshot : Snapshot
        What the model was trained on; the background is drawn from its training rows' profile.
    model : Model
        What is explained; of several classes the label it predicts for each row.
    held : HeldOut
        The held-out rows; at most 400 of them are used, 40 where a model can only be asked.
    seed : int
        Of the choice of rows and of what is sampled.

    Returns
    -------
    tuple of Finding
        Largest first, one for each feature (a wide tensor in stretches): percentage points of probability, or the unit
        of the target. The interval is Student's, over rows or what hangs together of them.

    """
    if not len(held.X) or not snapshot.inputs.features:
        return ()
    profile = profile_rows(snapshot.inputs, snapshot.train.X[snapshot.as_the_world(snapshot.train)])
    explainer = Explainer(model, snapshot.contract, snapshot.inputs, profile, snapshot.task, seed=seed)
    most = _EXACT if explainer.exact else _ASKED
    some = np.sort(np.random.default_rng(seed).permutation(len(held.X))[:most])
    parts = np.abs([one.effects for _, one in explainer.find(held.X[some])])
    clusters = None if held.clusters is None else held.clusters[some]
    times, unit = (100.0, "points") if explainer.labels else (1.0, explainer.unit)
    findings = [
        found(mean_estimate(times * parts[:, j], clusters), MEASURE, where=player.name, unit=unit, group=GROUP)
        for j, player in enumerate(explainer.players)
    ]
    return tuple(sorted(findings, key=lambda one: -(one.value or 0.0)))


def rank_correlation(influences: Sequence[Influence], attributions: Sequence[Finding]) -> float | None:
    """Correlate the ranks of the features in both rankings (Spearman); None with fewer than three."""
    places = _places(influences, attributions)
    if len(places) < 3:
        return None
    ranks = np.array(list(places.values()), dtype=np.float64)
    return float(np.corrcoef(ranks[:, 0].argsort().argsort(), ranks[:, 1].argsort().argsort())[0, 1])


def disagreements(influences: Sequence[Influence], attributions: Sequence[Finding]) -> tuple[str, ...]:
    """Say which features are among the first of one ranking and far down in the other, and what that means.

    Parameters
    ----------
    influences : sequence of Influence
        By the loss that is added when they are shuffled, most important first.
    attributions : sequence of Finding
        By the mean size of their parts, largest first.

    """
    places = _places(influences, attributions)
    loss = {one.feature: one for one in influences}
    said = []
    for name, (shuffled, sized) in places.items():
        ranks = f"({_th(sized)} of {len(places)} by the size of its parts, {_th(shuffled)} by the loss)"
        idle = loss[name].value <= 2 * loss[name].error
        if sized <= _TOP and shuffled > 2 * sized + _TOP - 1 and idle:
            said.append(
                f"'{name}' moves answers, but shuffling it adds no loss that chance doesn't explain {ranks}: it is "
                "used without making answers better, or another feature says the same."
            )
        elif shuffled <= _TOP and sized > 2 * shuffled + _TOP - 1 and not idle:
            said.append(
                f"Shuffling '{name}' costs more than the size of its parts suggests {ranks}: it moves few answers, "
                "but those that matter."
            )
    return tuple(said)


def _places(influences: Sequence[Influence], attributions: Sequence[Finding]) -> dict[str, tuple[int, int]]:
    """Give each feature that is in both rankings its place in either, from 1."""
    sizes = [one.where for one in attributions]
    both = [one.feature for one in influences if one.feature in set(sizes)]
    order = {name: place for place, name in enumerate((name for name in sizes if name in set(both)), 1)}
    return {name: (place, order[name]) for place, name in enumerate(both, 1)}


def _th(place: int) -> str:
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"
