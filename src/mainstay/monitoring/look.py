"""`look`: a window and the bundle that answered become findings. Pure: values and `now` in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.profile import count_watched, watch
from mainstay.measures.finding import Finding
from mainstay.models.yardstick import MONEY as MONEY_MEASURE
from mainstay.monitoring.back import read_back
from mainstay.monitoring.beside import canary_findings
from mainstay.monitoring.drift import GROUP as DRIFT
from mainstay.monitoring.drift import MEASURE, drift_findings, influences_on_watched, limits
from mainstay.monitoring.outcomes import outcome_findings, usage_finding
from mainstay.monitoring.performance import MONEY, estimated_findings, performance_findings
from mainstay.monitoring.quality import QUALITY, latency_finding, quality_findings
from mainstay.monitoring.served import count_askers, logged_profile, read_served
from mainstay.monitoring.shift import PREDICTION, SCORE, Shift, compare, count_scores, label_profile, score_profile
from mainstay.monitoring.skew import skew_finding
from mainstay.render.numbers import duration, finding_value

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.events.window import Window
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.settings import MonitoringSettings
    from mainstay.registry import Bundle
    from mainstay.release import Route

PREDICTIONS = "predictions"


def look(
    window: Window,
    bundle: Bundle,
    settings: MonitoringSettings,
    previous: tuple[Finding, ...] = (),
    *,
    now: dt.datetime,
    matured: Window | None = None,
    canary: Route | None = None,
) -> tuple[Finding, ...]:
    """Look once at what was served.

    Parameters
    ----------
    window : Window
        What was served.
    bundle : Bundle
        The champion: its contract, its reference profile, and what its report promised.
    settings : MonitoringSettings
        ``[monitoring]``.
    previous : tuple of Finding
        What the look before this one found: evidence adds up over looks.
    now : datetime
        When this is, UTC.
    matured : Window, optional
        A window `label_delay` older, whose outcomes should be known; `window` itself unless given.
    canary : Route, optional
        Who was canary throughout this window; held against the champion then.

    Returns
    -------
    tuple of Finding
        Predictions, quality, drift, performance, money, business, skew, system. A single finding that failed,
        ``predictions`` without a value, where nobody asked: never a zero, never a pass.

    """
    served = read_served(window.frame, bundle)
    refused = window.refusals["fields"].to_list() if window.refusals.height else []
    if not served.rows:
        broken = quality_findings(served, refused, logged_profile(bundle), settings) if refused else ()
        return (_silence(window, now), *broken)
    older = served if matured is None else read_served(matured.frame, bundle)
    number = bundle.version.number
    outcomes = _outcomes(served, older, bundle, settings, previous)
    return (
        _arrived(served, window),
        *quality_findings(served, refused, logged_profile(bundle), settings),
        *with_cost(_drift(served, bundle, settings, previous), outcomes),
        *outcomes,
        *outcome_findings(read_back(matured or window, number), settings, now),
        usage_finding(read_back(window), (window.until - window.since).total_seconds()),
        *_others(served, older, number, bundle, settings),
        *(
            canary_findings(served, older, canary, bundle, settings, count_askers(window.frame))
            if canary is not None
            else ()
        ),
        skew_finding(window.frame, bundle),
        latency_finding(served, settings),
    )


def with_cost(drift: tuple[Finding, ...], outcomes: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Add to each drift alarm what it costs: money or performance realised, else estimated."""
    best = _best_known(outcomes)
    if best is None:
        return drift
    basis = "Estimated" if best.measure.startswith("estimated_") else "Realised"
    name = best.measure.removeprefix("estimated_")
    what = "money per 1 000 answers" if name == MONEY_MEASURE else name.replace("_", " ")
    words = f"{basis} {what} meanwhile: {finding_value(best)}."
    return tuple(
        msgspec.structs.replace(finding, note=f"{finding.note} {words}") if finding.failed else finding
        for finding in drift
    )


def _drift(
    served: Served, bundle: Bundle, settings: MonitoringSettings, previous: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    rows = int(served.readable.sum())
    if rows < settings.min_rows:
        note = f"{rows} predictions say nothing about drift; {settings.min_rows} are needed."
        return (Finding(measure=MEASURE, where="all", value=None, n=rows, group=DRIFT, note=note),)
    watched = [column.name for column in logged_profile(bundle).columns]
    influences = influences_on_watched(bundle.profile, bundle.inputs.encoded_names, bundle.report.influences)
    matters = limits(watched, influences, settings.drift_limit)
    matters[SCORE] = matters[PREDICTION] = settings.drift_limit
    return drift_findings(shifts(served, bundle), matters, previous)


def shifts(served: Served, bundle: Bundle) -> tuple[Shift, ...]:
    """Measure how far each feature, and the champion's score, moved from the training rows.

    Of several classes also how often it predicts each label, against how often it did on held-out rows.
    """
    profile = logged_profile(bundle)
    watched = watch(profile, served.encoded[served.readable])
    current = count_watched(profile, watched)
    found = [
        compare(before, now, watched[:, place])
        for place, (before, now) in enumerate(zip(profile.columns, current.columns, strict=True))
    ]
    mine = served.scores[served.versions == bundle.version.number]
    if mine.size and bundle.report.score_quantiles:
        reference = score_profile(bundle.report.score_quantiles, bundle.report.test_rows)
        found.append(compare(reference, count_scores(reference, mine), mine))
    return (*found, *_predictions(served, bundle))


def _predictions(served: Served, bundle: Bundle) -> tuple[Shift, ...]:
    report, labels = bundle.report, bundle.report.policy.task.labels
    if served.by_label is None or not report.predicted_shares:
        return ()
    mine = served.by_label[(served.versions == bundle.version.number) & np.isfinite(served.by_label).all(axis=1)]
    if not len(mine):
        return ()
    usual = [round(share * report.test_rows) for share in report.predicted_shares]
    now = np.bincount(mine.argmax(axis=1), minlength=len(labels)).tolist()
    return (compare(label_profile(labels, usual), label_profile(labels, now)),)


def _outcomes(
    served: Served, older: Served, bundle: Bundle, settings: MonitoringSettings, previous: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    number = bundle.version.number
    mature = older.only(older.versions == number)
    realised = performance_findings(mature, bundle.report, bundle.money, settings, previous=previous)
    estimated = estimated_findings(served.only(served.versions == number), bundle.report, bundle.money)
    return (*realised, *estimated)


def _others(
    served: Served, older: Served, number: int, bundle: Bundle, settings: MonitoringSettings
) -> tuple[Finding, ...]:
    """Measure versions that answered beside the champion; reported, since nothing was promised for them here."""
    found: list[Finding] = []
    for other in sorted({int(version) for version in served.versions} - {number}):
        where = f"version {other}"
        mine, mature = served.only(served.versions == other), older.only(older.versions == other)
        found += performance_findings(mature, bundle.report, bundle.money, settings, where=where)
        found += estimated_findings(mine, bundle.report, bundle.money, where)
    return tuple(found)


def _best_known(outcomes: tuple[Finding, ...]) -> Finding | None:
    known = [finding for finding in outcomes if finding.where == "all" and finding.value is not None]
    money = [finding for finding in known if finding.group == MONEY]
    others = [finding for finding in known if finding.measure.endswith("log_loss")]
    return next(iter([*money, *others]), None)


def _arrived(served: Served, window: Window) -> Finding:
    span = (window.until - window.since).total_seconds()
    torn = f" {window.torn} lines of the log were damaged and left out." if window.torn else ""
    return Finding(
        measure=PREDICTIONS,
        where="all",
        value=float(served.rows),
        ok=window.torn == 0 or None,
        n=served.rows,
        group=QUALITY,
        note=f"Answers in {duration(span)}.{torn}",
    )


def _silence(window: Window, now: dt.datetime) -> Finding:
    span, ago = (window.until - window.since).total_seconds(), (now - window.until).total_seconds()
    note = f"No predictions in {duration(span)}, until {duration(max(ago, 0.0))} ago: nothing can be said, good or bad."
    return Finding(measure=PREDICTIONS, where="all", value=None, ok=False, n=0, group=QUALITY, note=note)


__all__ = ["PREDICTIONS", "look", "shifts", "with_cost"]
