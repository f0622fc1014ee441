"""Against the version that answers now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, measured, unjudged
from mainstay.evaluation.held_out import CHAMPION, IDLE
from mainstay.measures.catalogue import measure_of
from mainstay.measures.finding import Finding, Interval, Limit

if TYPE_CHECKING:
    from mainstay.models.report import Report


@gate
def beats_champion(case: Case) -> Finding:
    """Surely better than the champion: the whole interval of the difference is above zero."""
    return _against_champion(case, "beats_champion", 0.0)


@gate
def no_worse_than_champion(case: Case) -> Finding:
    """Surely not worse than the champion by more than the tolerated share of what that gains over doing nothing."""
    ahead = case.champion and case.champion.comparison(f"over {IDLE}")
    gained = max((ahead and ahead.value) or 0.0, 0.0)
    return _against_champion(case, "no_worse_than_champion", case.settings.tolerance * gained)


@gate
def against_champion(case: Case) -> Finding:
    """Better or not worse than the champion, as the project demands."""
    if case.settings.champion == "ignore":
        return unjudged("against_champion", "the project says to ignore the champion")
    demanded = beats_champion if case.settings.champion == "better" else no_worse_than_champion | beats_champion
    return msgspec.structs.replace(demanded(case)[0], measure="against_champion")


def _against_champion(case: Case, name: str, tolerated: float) -> Finding:
    if case.champion is None:
        return unjudged(name, "no other version answers")
    if case.champion.primary != case.report.primary:
        words = f"it was ranked on {case.champion.primary}, this one on {case.report.primary}"
        return unjudged(name, f"the champion can't be compared: {words}")
    paired = case.report.compared_with == case.champion.fingerprint
    found = case.report.comparison(f"over {CHAMPION}") if paired else _unpaired(case.report, case.champion)
    if found is None or found.value is None or found.interval is None:
        return unjudged(name, "the difference to the champion could not be measured")
    low, high = found.interval.low, found.interval.high
    strict = name == "beats_champion"
    ok: bool | None = low > 0 if strict else low >= -tolerated
    note = "Ahead of the champion by this, on the same rows; the whole interval must keep to the limit."
    if not paired:
        note = "Ahead of the champion by this, each on its own held-out rows, so only a great difference shows."
        ok = None if not strict and not ok and high >= 0 else ok
    return msgspec.structs.replace(
        found,
        measure=name,
        limit=Limit("at_least", -tolerated),
        ok=ok,
        group=GROUP,
        note=measured(case.report, note),
    )


def _unpaired(report: Report, champion: Report) -> Finding:
    """Compare two reports on rows of their own: the errors of both add up."""
    mine, theirs = (_primary(one) for one in (report, champion))
    missing = Finding(measure=report.primary, where=f"over {CHAMPION}", value=None)
    if mine is None or theirs is None or mine.interval is None or theirs.interval is None:
        return missing
    if mine.value is None or theirs.value is None:
        return missing
    named = measure_of(report.primary, report.policy.task.kind)
    lower = (named.better if named is not None else report.better) == "lower"
    ahead = (theirs.value - mine.value) if lower else (mine.value - theirs.value)
    half = sum(((one.high - one.low) / 2) ** 2 for one in (mine.interval, theirs.interval)) ** 0.5
    return msgspec.structs.replace(
        missing, value=ahead, interval=Interval(ahead - half, ahead + half), n=min(mine.n, theirs.n), unit=mine.unit
    )


def _primary(report: Report) -> Finding | None:
    return report.measure(report.primary)
