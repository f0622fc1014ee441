"""Performance and money of a window: realised where outcomes are known, estimated where they are not yet.

A realised number fails by the rule drift fails by (`mainstay.measures.evidence`): it must be worse than evaluation
promised by more than `[monitoring] worse_by`, by more than chance explains (the promise being an estimate as well),
and twice in a row or once overwhelmingly. Estimates are reported and never judged: they lean on the very scores that
are in question.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.measures.catalogue import DEFAULT, find_measure, measure_of
from mainstay.measures.evidence import accumulate
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.measures.intervals import proportion_estimate, skewed_mean_estimate
from mainstay.measures.measure import Setting
from mainstay.measures.tests import normal_sf
from mainstay.models.yardstick import MONEY as MONEY_MEASURE
from mainstay.monitoring.drift import evidence_of
from mainstay.monitoring.worth import expected_loss, expected_worth, realised_worth
from mainstay.render.numbers import finding_value, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mainstay.measures.evidence import Evidence
    from mainstay.measures.intervals import Estimate
    from mainstay.measures.measure import Kind
    from mainstay.measures.money import Money
    from mainstay.models.report import Report
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.settings import MonitoringSettings
    from mainstay.monitoring.worth import Expected

    Better = Literal["higher", "lower"]

PERFORMANCE = "performance"
MONEY = "money"
_EXTRA: dict[Kind, str] = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
JUDGED = 2  # numbers judged per look, the statistic and money: each gets half of the chance of a false alarm
_Z95 = 1.959963984540054
_LEAST = 1e-9  # a limit is above 0 even where any loss matters


def statistic(report: Report) -> str:
    """Name the measure performance is judged on: the one candidates were ranked on, else the task's own."""
    kind = report.policy.task.kind
    return DEFAULT[kind] if measure_of(report.primary, kind) is None else report.primary


def performance_findings(
    served: Served,
    report: Report,
    money: Money,
    settings: MonitoringSettings,
    *,
    where: str = "all",
    previous: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """Measure a version's answers against their outcomes.

    Parameters
    ----------
    served : Served
        Answers of one version.
    report : Report
        What evaluation promised for it.
    money, settings
        ``[money]`` and ``[monitoring]``.
    where : str
        ``"all"``, or ``"version 3"`` for one that nothing was promised for.
    previous : iterable of Finding
        Of the look before.

    Returns
    -------
    tuple of Finding
        Label coverage; the judged statistic, further ones, money; without a value where too few outcomes are known.

    """
    coverage = _coverage(served, where)
    known = served.only(served.known)
    if known.rows < settings.min_rows:
        return (coverage, _nothing_known(statistic(report), known.rows, settings.min_rows, where))
    judged = where == "all" and (coverage.value or 0.0) >= settings.label_coverage
    note = _basis(served, known.rows, settings, trusted=judged or where != "all")
    found = [coverage]
    before = {finding.key: evidence_of(finding) for finding in previous}
    main = statistic(report)
    kind = report.policy.task.kind
    for name in dict.fromkeys((main, _EXTRA[kind])):
        measure = find_measure(name, kind)
        scores, threshold = known.judged_by(measure)
        estimate = measure.estimate(known.labels, scores, Setting(threshold=threshold))
        finding = _finding(name, estimate, where, PERFORMANCE, "", _hardness(name, known, note))
        promise = report.measure(name) if name == main and where == "all" else None
        found.append(_against(finding, estimate.error, promise, measure.better, settings, before if judged else None))
    worth = realised_worth(known, money, report)
    if worth is not None:
        estimate = skewed_mean_estimate(1000 * worth)
        finding = _finding(MONEY_MEASURE, estimate, where, MONEY, money.currency, note)
        promise = report.measure(MONEY_MEASURE) if where == "all" else None
        found.append(_against(finding, estimate.error, promise, "higher", settings, before if judged else None))
    return tuple(found)


def estimated_findings(served: Served, report: Report, money: Money, where: str = "all") -> tuple[Finding, ...]:
    """Estimate performance and money from the scores; empty for amounts, whose scores say nothing about errors."""
    if report.policy.task.kind == "regression" or served.rows < 2:
        return ()
    basis = "Estimated from the scores, as if they were still calibrated; outcomes will tell."
    loss = expected_loss(served)
    found = [_estimated("estimated_log_loss", loss, 1.0, where, PERFORMANCE, "", basis)]
    worth = expected_worth(served, money, report)
    if worth is not None:
        promise = report.measure(MONEY_MEASURE) if where == "all" else None
        note = basis if promise is None else f"{basis} Evaluation promised {finding_value(promise)}."
        found.append(_estimated(f"estimated_{MONEY_MEASURE}", worth, 1000.0, where, MONEY, money.currency, note))
    return tuple(found)


def worse(value: float, error: float, promise: Finding, better: Better) -> float:
    """Give the chance of a value this much worse than promised if nothing got worse (one-sided; both uncertain)."""
    if promise.value is None or not math.isfinite(error):
        return 1.0
    promised = 0.0 if promise.interval is None else (promise.interval.high - promise.interval.low) / (2 * _Z95)
    both = math.hypot(error, promised)
    gap = promise.value - value if better == "higher" else value - promise.value
    return normal_sf(gap / both) if both > 0 else (0.0 if gap > 0 else 1.0)


def _against(  # noqa: PLR0917 - a number, its error, what was promised, and how to judge
    finding: Finding,
    error: float,
    promise: Finding | None,
    better: Better,
    settings: MonitoringSettings,
    before: Mapping[str, Evidence] | None,
) -> Finding:
    """Hold a number against its promise; `before` is None where it isn't to be judged."""
    if promise is None or promise.value is None or finding.value is None:
        return finding
    promised = abs(promise.value) or 1.0
    higher = better == "higher"
    slack = settings.worse_by * promised
    limit = Limit("at_least", promise.value - slack) if higher else Limit("at_most", promise.value + slack)
    note = f"Evaluation promised {finding_value(promise)}. {finding.note}".strip()
    ok: bool | None = None
    if before is not None:
        gap = (promise.value - finding.value if higher else finding.value - promise.value) / promised
        p = min(1.0, JUDGED * worse(finding.value, error, promise, better))
        evidence = accumulate(before.get(finding.key, "quiet"), gap, max(settings.worse_by, _LEAST), p)
        ok = {"quiet": True, "suspected": None, "confirmed": False}[evidence]
        if evidence == "suspected":
            note = f"{note} Seen once: an alarm if the next window shows it too."
        elif ok and not limit.holds(finding.value):
            note = f"{note} Beyond its limit, but chance explains that."
    return msgspec.structs.replace(finding, limit=limit, ok=ok, note=note)


def _hardness(measure: str, known: Served, note: str) -> str:
    """Say what the scores themselves expect: harder rows raise the log loss of a model that is as good as ever."""
    if measure != "log_loss":
        return note
    expected = float(expected_loss(known).mean.mean())
    return f"The scores themselves expect {number(expected)} on these rows. {note}".strip()


def _coverage(served: Served, where: str) -> Finding:
    share = proportion_estimate(served.known.astype(float), served.known.astype(float) * 0 + 1)
    return Finding(
        measure="label_coverage",
        where=where,
        value=None if math.isnan(share.value) else share.value,
        interval=share.interval,
        n=served.rows,
        group=PERFORMANCE,
        note="Share of the answers whose outcome is known.",
    )


def _nothing_known(measure: str, known: int, needed: int, where: str) -> Finding:
    note = f"{known} outcomes are known; {needed} are needed."
    return Finding(measure=measure, where=where, value=None, n=known, group=PERFORMANCE, note=note)


def _finding(measure: str, estimate: Estimate, where: str, group: str, unit: str, note: str) -> Finding:  # noqa: PLR0917 - the fields of a Finding
    value = estimate.value if math.isfinite(estimate.value) else None
    return Finding(
        measure=measure,
        where=where,
        value=value,
        interval=estimate.interval if value is not None else None,
        n=estimate.n,
        unit=unit,
        group=group,
        note=note,
    )


def _estimated(  # noqa: PLR0917 - the fields of a Finding
    measure: str, expected: Expected, scale: float, where: str, group: str, unit: str, note: str
) -> Finding:
    value = scale * float(expected.mean.mean())
    half = scale * _Z95 * expected.error
    return Finding(
        measure=measure,
        where=where,
        value=value,
        interval=Interval(value - half, value + half) if math.isfinite(half) else None,
        n=int(expected.mean.size),
        unit=unit,
        group=group,
        note=note,
    )


def _basis(served: Served, known: int, settings: MonitoringSettings, *, trusted: bool) -> str:
    """Say on how much a number rests: on few outcomes it is none to trust, since they may be unlike the others."""
    share = known / served.rows
    if not trusted:
        return (
            f"Not to be trusted, and not judged: only {100 * share:.0f} % of {served.rows} outcomes are known, "
            f"{100 * settings.label_coverage:.0f} % are needed."
        )
    return f"Outcomes of {known} of {served.rows} answers are known."
