"""The gates a version must pass before it may answer. A new gate is a function here and its place in `STANDARD`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import ProjectError
from mainstay.evaluation.gate import Case, Gate, gate
from mainstay.evaluation.held_out import CHAMPION, EVERYBODY, IDLE, LINEAR
from mainstay.measures.catalogue import MEASURES
from mainstay.measures.finding import Finding, Interval, Limit, judge
from mainstay.models.report import Verdict

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.models.report import Report
    from mainstay.project import Problem

_GROUP = "gate"


@gate
def beats_doing_nothing(case: Case) -> Finding:
    """Better than doing nothing, by more than the standard error of the difference."""
    return _compared(case, "beats_doing_nothing", IDLE, "")


@gate
def worth_choosing(case: Case) -> Finding:
    """Better than the same answer for every record, by more than the standard error: else no model is needed."""
    why = "only judged in money: without it nobody knows what acting on everybody is worth"
    return _compared(case, "worth_choosing", EVERYBODY, why)


@gate
def keeps_up_with_linear(case: Case) -> Finding:
    """Not worse than the linear baseline."""
    why = (
        "the linear baseline itself was chosen" if case.report.candidate == LINEAR else "no linear baseline was trained"
    )
    return _compared(case, "keeps_up_with_linear", LINEAR, why)


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
        return _unjudged("against_champion", "the project says to ignore the champion")
    demanded = beats_champion if case.settings.champion == "better" else no_worse_than_champion | beats_champion
    return msgspec.structs.replace(demanded(case)[0], measure="against_champion")


@gate
def no_leaks(case: Case) -> Finding:
    """No feature that knows the answer."""
    leaks = [check for check in case.report.checks if check.measure == "leak"]
    if not leaks:
        return _unjudged("no_leaks", "the data were not audited")
    worst = next((leak for leak in leaks if leak.failed), leaks[0])
    return msgspec.structs.replace(worst, measure="no_leaks", group=_GROUP)


@gate
def few_rows_lost(case: Case) -> Finding:
    """Few rows of the source were refused."""
    lost = next((check for check in case.report.checks if check.measure == "row_loss"), None)
    if lost is None:
        return _unjudged("few_rows_lost", "the rows were not counted")
    return msgspec.structs.replace(lost, measure="few_rows_lost", group=_GROUP)


@gate
def no_segment_harmed(case: Case) -> Finding:
    """No declared segment is surely worse off than with doing nothing."""
    segments = [one for one in case.report.comparisons if one.group == "segment" and one.ok is not None]
    if not segments:
        return _unjudged("no_segment_harmed", "no segment is declared, or none has enough rows")
    worst = min(segments, key=_how_far_above)
    return msgspec.structs.replace(worst, measure="no_segment_harmed", group=_GROUP)


@gate
def calibrated(case: Case) -> Finding:
    """Scores can be taken as probabilities."""
    error = case.report.measure("ece")
    if error is None or error.value is None:
        return _unjudged("calibrated", "there are no probabilities, or too few rows to tell")
    limit = Limit("at_most", case.settings.max_calibration_error)
    note = "Mean distance of score and truth, without the part that chance adds."
    return judge(msgspec.structs.replace(error, measure="calibrated", limit=limit, group=_GROUP, note=note))


@gate
def success(case: Case) -> Finding:
    """Reached what the owner calls a success."""
    wanted = case.problem.success
    if wanted is None or (wanted.at_least is None and wanted.at_most is None):
        return _unjudged("success", "[problem] success says no target")
    found = case.report.measure(wanted.measure)
    if found is None or found.value is None:
        return _unmeasured(case.report, wanted.measure)
    low = wanted.at_least is not None
    limit = (
        Limit("at_least", wanted.at_least) if wanted.at_least is not None else Limit("at_most", wanted.at_most or 0.0)
    )
    judged = judge(msgspec.structs.replace(found, measure="success", where=wanted.measure, limit=limit, group=_GROUP))
    interval = found.interval
    sure = interval is None or limit.holds(interval.low if low else interval.high)
    note = "" if sure or judged.failed else "Reached, but the interval reaches beyond the target: it may be luck."
    return msgspec.structs.replace(judged, note=note)


STANDARD: Gate = (
    beats_doing_nothing
    & worth_choosing
    & keeps_up_with_linear
    & against_champion
    & success
    & no_segment_harmed
    & calibrated
    & no_leaks
    & few_rows_lost
)


def judge_report(
    report: Report,
    problem: Problem,
    settings: EvaluationSettings,
    champion: Report | None = None,
    *,
    now: dt.datetime,
    by: str,
    gates: Gate = STANDARD,
) -> Verdict:
    """Let every gate judge a report.

    Parameters
    ----------
    report : Report
        The newcomer.
    problem : Problem
        The ``[problem]`` section, for its target.
    settings : EvaluationSettings
        The ``[evaluation]`` section: limits, and gates that are demanded or waived.
    champion : Report, optional
        The report of the version that answers now.
    now : datetime
        Time of the judgement, UTC.
    by : str
        Who asked.
    gates : Gate
        Another composition.

    Returns
    -------
    Verdict
        A gate that could not be judged says why and stands in nobody's way, unless ``demand`` names it.

    Raises
    ------
    ProjectError
        Where ``demand`` or ``waive`` names a gate that isn't there.

    """
    findings = gates(Case(report, problem, settings, champion))
    _refuse_unknown(settings, [finding.measure for finding in findings])
    judged = tuple(_as_asked(finding, settings) for finding in findings)
    return Verdict(ok=not any(finding.failed for finding in judged), findings=judged, at=now, by=by)


def _as_asked(finding: Finding, settings: EvaluationSettings) -> Finding:
    if finding.measure in settings.waive:
        word = "Would fail" if finding.failed else "Would pass"
        return msgspec.structs.replace(finding, ok=None, note=f"{word}; waived in [evaluation]. {finding.note}".strip())
    if finding.measure in settings.demand and finding.ok is None:
        return msgspec.structs.replace(finding, ok=False, note=f"Demanded in [evaluation]. {finding.note}".strip())
    return finding


def _refuse_unknown(settings: EvaluationSettings, known: list[str]) -> None:
    for key, names in (("demand", settings.demand), ("waive", settings.waive)):
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                cure = f"Did you mean '{near[0]}'?" if near else f"Gates: {', '.join(known)}."
                raise ProjectError(f"[evaluation] {key} names '{name}', which is no gate.", cure)


def _compared(case: Case, name: str, other: str, why_not: str) -> Finding:
    found = case.report.comparison(f"over {other}")
    if found is None:
        return _unjudged(name, why_not)
    return msgspec.structs.replace(found, measure=name, group=_GROUP, note=_measured(case.report, found.note))


def _against_champion(case: Case, name: str, tolerated: float) -> Finding:
    if case.champion is None:
        return _unjudged(name, "nothing answers yet")
    if case.champion.primary != case.report.primary:
        words = f"it was ranked on {case.champion.primary}, this one on {case.report.primary}"
        return _unjudged(name, f"the champion can't be compared: {words}")
    paired = case.report.compared_with == case.champion.fingerprint
    found = case.report.comparison(f"over {CHAMPION}") if paired else _unpaired(case.report, case.champion)
    if found is None or found.value is None or found.interval is None:
        return _unjudged(name, "the difference to the champion could not be measured")
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
        group=_GROUP,
        note=_measured(case.report, note),
    )


def _unpaired(report: Report, champion: Report) -> Finding:
    """Compare two reports on rows of their own: the errors of both add up."""
    mine, theirs = (_primary(one) for one in (report, champion))
    missing = Finding(measure=report.primary, where=f"over {CHAMPION}", value=None)
    if mine is None or theirs is None or mine.interval is None or theirs.interval is None:
        return missing
    if mine.value is None or theirs.value is None:
        return missing
    lower = report.primary in MEASURES and MEASURES[report.primary].better == "lower"
    ahead = (theirs.value - mine.value) if lower else (mine.value - theirs.value)
    half = sum(((one.high - one.low) / 2) ** 2 for one in (mine.interval, theirs.interval)) ** 0.5
    return msgspec.structs.replace(
        missing, value=ahead, interval=Interval(ahead - half, ahead + half), n=min(mine.n, theirs.n), unit=mine.unit
    )


def _primary(report: Report) -> Finding | None:
    return report.measure(report.primary)


def _how_far_above(finding: Finding) -> tuple[bool, float]:
    """Order findings from the worst: failed first, then by how near they are to their limit in their own error."""
    if finding.value is None or finding.limit is None:
        return True, 0.0
    reach = abs(finding.limit.value)
    return not finding.failed, finding.value / reach if reach > 0 else 0.0


def _measured(report: Report, note: str) -> str:
    return note if report.in_money else f"In {report.primary}, not money. {note}"


def _unjudged(name: str, why: str) -> Finding:
    return Finding(measure=name, where="all", value=None, group=_GROUP, note=f"{why[:1].upper()}{why[1:]}.")


def _unmeasured(report: Report, name: str) -> Finding:
    known = [finding.measure for finding in report.measures]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'" if near else f"measured are {', '.join(known)}"
    finding = _unjudged("success", f"[problem] success wants '{name}', which was not measured; {hint}")
    return msgspec.structs.replace(finding, ok=False)
