"""Parity: a converted model must answer real rows as the original does. Converters lie silently, so all are asked.

Seen here: trees with categories of which 996 of 1 000 rows came out wrong, and boosted trees behind a scaler that were
off by up to 0.13, both without a word. No conversion is used before it has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.errors import GateError
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.measures.intervals import proportion_estimate
from mainstay.models.policy import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.policy import Policy
    from mainstay.models.yardstick import Answers

    Floats = NDArray[np.float64]

GROUP = "parity"
_ROUNDING, _HAIR = 1e-3, 1e-6
_SAME_AMOUNT = 0.01  # standard deviations


class Tolerated(msgspec.Struct, frozen=True, kw_only=True):
    """How far a converted model may be from the original.

    Parameters
    ----------
    difference : float or None
        Most that a score may differ: in probability, or in standard deviations of the forecasts; None: any, it is
        only shown (quantised weights move every score a little, and decisions are what counts).
    equal_decisions : float
        Share of rows that must be decided alike, 0 to 1.

    """

    difference: float | None = 1e-3
    equal_decisions: float = 0.999


def parity(before: Answers, after: Answers, tolerated: Tolerated) -> tuple[Finding, ...]:
    """Compare what two models answer to the same real rows.

    Parameters
    ----------
    before, after : Answers
        Scores of the original and of the converted model, each with the policy that makes decisions of them. Amounts
        are decided alike where they differ by less than a hundredth of the forecasts' standard deviation.
    tolerated : Tolerated
        The limits.

    Returns
    -------
    tuple of Finding
        ``largest_difference`` and ``equal_decisions``, the latter with its interval.

    Examples
    --------
    >>> from mainstay.models import Policy, Task
    >>> from mainstay.models.yardstick import Answers
    >>> policy = Policy(task=Task(kind="binary", target="y", positive="1", negative="0"))
    >>> before, after = (Answers(np.array([0.2, score]), policy) for score in (0.6, 0.4))
    >>> apart, alike = parity(before, after, Tolerated())
    >>> round(apart.value, 3), apart.ok, alike.value, alike.ok
    (0.2, False, 0.5, False)

    """
    amounts = before.policy.task.kind == "regression"
    spread = (float(np.std(before.scores)) or 1.0) if amounts else 1.0
    gap = np.abs(after.scores - before.scores) / spread
    apart = float(gap.max(initial=0.0)) if np.isfinite(after.scores).all() else float("inf")
    said, again = (one.policy.decisions(one.scores, one.amounts) for one in (before, after))
    same = gap <= _SAME_AMOUNT if amounts else np.array([x == y for x, y in zip(said, again, strict=True)])
    alike = proportion_estimate(same.astype(np.float64), np.ones(len(same)))
    most = None if tolerated.difference is None else Limit("at_most", tolerated.difference)
    difference = Finding(
        measure="largest_difference",
        where="all",
        value=apart if np.isfinite(apart) else None,
        limit=most,
        ok=None if np.isfinite(apart) else False,
        n=len(same),
        unit="standard deviations" if amounts else "",
        group=GROUP,
        note="Between a score before and after." if np.isfinite(apart) else "A score after isn't a finite number.",
    )
    equal = Finding(
        measure="equal_decisions",
        where="all",
        value=alike.value,
        interval=alike.interval,
        limit=Limit("at_least", tolerated.equal_decisions),
        n=len(same),
        group=GROUP,
        note="Share of held-out rows that are decided alike before and after.",
    )
    return judge(difference), judge(equal)


def keep_decisions(policy: Policy, before: Floats, after: Floats) -> Policy:
    """Move a threshold by a hair where scores lie on it, so that rounding to float32 decides no record otherwise.

    A forest's scores are shares of its trees, and 50 of 100 is as likely to be rounded below 0.5 as above it.

    Parameters
    ----------
    policy : Policy
        Of the original.
    before, after : array, shape (n,)
        Scores of training rows by the original and by the converted model.

    Returns
    -------
    Policy
        The same, but where no record lies so close; or where no threshold decides all of them as before.

    """
    plain = policy.task.kind == "binary" and policy.pricing is None and policy.pace is None
    if not plain or policy.threshold >= NEVER:
        return policy
    acted = before >= policy.threshold
    if not acted.any() or acted.all() or np.array_equal(acted, after >= policy.threshold):
        return policy
    highest, lowest = float(after[~acted].max()), float(after[acted].min())
    if not highest < lowest or abs(lowest - policy.threshold) > _ROUNDING:
        return policy
    middle = (highest + lowest) / 2
    moved = max(middle, lowest - _HAIR) if lowest < policy.threshold else min(middle, highest + _HAIR)
    basis = f"{policy.basis} Moved by {moved - policy.threshold:.1e}, so that rounding decides no record otherwise."
    return msgspec.structs.replace(policy, threshold=moved, basis=basis)


def demand_parity(findings: tuple[Finding, ...], what: str) -> None:
    """Refuse a conversion that answers differently.

    Raises
    ------
    GateError
        Saying by how much, and on how many rows.

    """
    if not any(finding.failed for finding in findings):
        return
    apart, alike = findings
    said = "a score isn't a finite number" if apart.value is None else f"scores differ by up to {apart.value:.3g}"
    raise GateError(
        f"The converted {what} model doesn't answer as the original does: on {alike.n} real rows {said}, and "
        f"{1 - (alike.value or 0):.2%} of the decisions change.",
        "The original goes on being served as it is; nothing was registered or written.",
    )


def demand_same_scores(before: Floats, after: Floats, what: str) -> None:
    """Refuse a conversion whose raw output is off by more than rounding; for networks, before there is a policy.

    Raises
    ------
    GateError
        Saying by how much.

    """
    scale = max(float(np.abs(before).max(initial=0.0)), 1.0)
    if before.shape != after.shape or not np.allclose(before, after, rtol=0.0, atol=_ROUNDING * scale):
        apart = "its shape" if before.shape != after.shape else f"up to {np.abs(after - before).max():.3g}"
        raise GateError(
            f"The converted {what} model doesn't answer as the original does: on {len(before)} real rows it is off by "
            f"{apart}.",
            "Its code may do something else for other rows than the traced ones, or draw at random; nothing was kept.",
        )
