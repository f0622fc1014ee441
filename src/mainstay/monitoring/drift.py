"""Drift of the features and of the score: effect size, significance and persistence, weighted by use.

An alarm (a finding that fails) needs all of

- an **effect** beyond the feature's limit: the population stability index, sampling noise taken off. The limit is
  `[monitoring] drift_limit` for the feature the model leans on most and rises to 2.5 times that for those it hardly
  uses; a feature whose influence can't be told from none is reported, never judged;
- **significance** by a G test of two samples, adjusted over all judged features (Benjamini-Hochberg);
- **evidence over windows**: twice in a row, or once overwhelmingly (`mainstay.measures.evidence`).

A first suspicion is a finding that is neither passed nor failed (``ok`` is None while it has a limit); that is all
the memory the next look needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.measures.discoveries import adjust
from mainstay.measures.evidence import SUSPECT, Evidence, accumulate
from mainstay.measures.finding import Finding, Limit
from mainstay.models.report import Influence
from mainstay.monitoring.shift import SCORE, Shift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mainstay.contract import Profile

GROUP = "drift"
MEASURE = "psi"
STEEPEST = 2.5


def limits(features: Iterable[str], influences: Sequence[Influence], base: float) -> dict[str, float | None]:
    """Give each feature the effect at which its drift matters; None for one the model doesn't use.

    The limit grows with the square root of how much less the model leans on it, because the index grows with the
    square of a shift: half the influence may move half as far again. A report without influences weighs all alike.

    Examples
    --------
    >>> from mainstay.models.report import Influence
    >>> limits(["a", "b", "c"], [Influence("a", 0.4, 0.01), Influence("b", 0.1, 0.01), Influence("c", 0.0, 0.01)], 0.1)
    {'a': 0.1, 'b': 0.2, 'c': None}

    """
    known = {influence.feature: influence for influence in influences}
    top = max((influence.value for influence in influences), default=0.0)
    if top <= 0:
        return dict.fromkeys(features, base)
    return {name: _limit(known.get(name), top, base) for name in features}


def influences_on_watched(
    profile: Profile, slots: Sequence[str], influences: Sequence[Influence]
) -> tuple[Influence, ...]:
    """Give the influence of each number a profile watches: of a tensor's norm and mean that of all its elements.

    Parameters
    ----------
    profile : Profile
        What is watched.
    slots : sequence of str
        Names of the numbers a model sees.
    influences : sequence of Influence
        Of those numbers.

    """
    known = {influence.feature: influence for influence in influences}
    found = []
    for column in profile.columns:
        if column.of == "value" or column.slots is None:
            found += [known[column.name]] if column.name in known else []
            continue
        parts = [known[name] for name in slots[slice(*column.slots)] if name in known]
        if parts:
            error = math.sqrt(sum(part.error**2 for part in parts))
            found.append(Influence(column.name, sum(part.value for part in parts), error))
    return tuple(found)


def drift_findings(
    shifts: Sequence[Shift], matters: Mapping[str, float | None], previous: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """Judge shifts of one window in the light of the look before.

    Parameters
    ----------
    shifts : sequence of Shift
        One per feature, and the score.
    matters : mapping of str to float or None
        From `limits`; a name that is missing there has no limit.
    previous : iterable of Finding
        Findings of the look before.

    Returns
    -------
    tuple of Finding
        In the order of `shifts`; ok False is an alarm, None with a limit a first suspicion, None without limit a
        feature that is only reported.

    """
    judged = [shift for shift in shifts if matters.get(shift.feature) is not None]
    adjusted = dict(zip((shift.feature for shift in judged), adjust([shift.p for shift in judged]), strict=True))
    before = {finding.where: evidence_of(finding) for finding in previous if finding.group == GROUP}
    return tuple(
        _judged(shift, limit, float(adjusted[shift.feature]), before.get(shift.feature, "quiet"))
        if (limit := matters.get(shift.feature)) is not None
        else _reported(shift)
        for shift in shifts
    )


def evidence_of(finding: Finding) -> Evidence:
    """Read back what a finding of an earlier look says: failed, or beyond its limit without having failed yet."""
    if finding.ok is False:
        return "confirmed"
    if finding.ok is True or finding.limit is None or finding.value is None:
        return "quiet"
    return "quiet" if finding.limit.holds(finding.value) else "suspected"


def _limit(influence: Influence | None, top: float, base: float) -> float | None:
    if influence is None or influence.value <= max(influence.error, 0.0):
        return None
    return base * min(math.sqrt(top / influence.value), STEEPEST)


def _judged(shift: Shift, limit: float, p: float, before: Evidence) -> Finding:
    evidence = accumulate(before, shift.effect, limit, p)
    verdict: dict[Evidence, bool | None] = {"quiet": True, "suspected": None, "confirmed": False}
    what = _sentence(shift.words)
    notes: dict[Evidence, str] = {
        "quiet": f"{what} Chance explains that in {shift.n} rows." if shift.effect > limit and p > SUSPECT else what,
        "suspected": f"{what} Seen once: an alarm if the next window shows it too.",
        "confirmed": what,
    }
    return _finding(shift, Limit("at_most", limit), ok=verdict[evidence], note=notes[evidence])


def _reported(shift: Shift) -> Finding:
    note = f"{_sentence(shift.words)} The model hardly uses it."
    return _finding(shift, None, ok=None, note=note)


def _finding(shift: Shift, limit: Limit | None, *, ok: bool | None, note: str) -> Finding:
    return Finding(
        measure=MEASURE,
        where=shift.feature,
        value=shift.effect,
        interval=shift.interval,
        limit=limit,
        ok=ok,
        n=shift.n,
        group=GROUP,
        note=note,
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


__all__ = ["GROUP", "MEASURE", "SCORE", "drift_findings", "evidence_of", "limits"]
