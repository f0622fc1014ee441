"""The pictures of the owner's page: candidates with their intervals, segments, and what the model looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Figure
from mainstay.render.dots import interval_dots
from mainstay.render.numbers import finding_value, measure_name
from mainstay.render.svg import bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

MOST_FEATURES, MOST_SEGMENTS = 12, 15


def contender_figure(report: Report) -> Iterator[Figure]:
    """Draw every candidate on the held-out rows."""
    found = [one.primary for one in report.contenders]
    chosen = [one.name for one in report.contenders if one.chosen]
    told = "; ".join(f"{one.where} {finding_value(one)}" for one in found)
    caption = f"{measure_name(report.primary)} on held-out rows, with 95 % intervals; the chosen one in bold."
    yield from _dots(found, f"Candidates: {told}.", caption, report.currency if report.in_money else "", chosen)


def segment_figure(report: Report) -> Iterator[Figure]:
    """Draw how much better than doing nothing the model is in the largest segments."""
    ahead = [one for one in report.comparisons if one.group == "segment"]
    shown = sorted(ahead, key=lambda one: -one.n)[:MOST_SEGMENTS]
    told = f"Better than doing nothing in {sum((one.value or 0) > 0 for one in shown)} of {len(shown)} segments shown."
    caption = f"Better than doing nothing by, {measure_name(report.primary)}, in the largest segments."
    yield from _dots(shown, told, caption, report.currency if report.in_money else "", ())


def influence_figure(report: Report) -> Iterator[Figure]:
    """Draw the features that matter most."""
    shown = report.influences[:MOST_FEATURES]
    if not shown:
        return
    unit = "RMSE" if report.policy.task.kind == "regression" else "log loss"
    told = f"The model leans most on {', '.join(one.feature for one in shown[:3])}."
    drawn = bars([(one.feature, one.value, one.error) for one in shown], alt=told)
    yield Figure(drawn, told, f"Added {unit} when a feature is shuffled, on held-out rows; one standard error.")


def _dots(found: Sequence[Finding], alt: str, caption: str, unit: str, strong: Sequence[str]) -> Iterator[Figure]:
    rows = [
        (one.where, one.value, one.interval.low, one.interval.high)
        for one in found
        if one.value is not None and one.interval is not None
    ]
    if rows:
        yield Figure(interval_dots(rows, alt=alt, unit=unit, strong=strong), alt, caption)
