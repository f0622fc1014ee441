"""What a model looks at, as blocks of the report: both rankings of its features, drawn and in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.attributions import disagreements, rank_correlation
from mainstay.render.document import Block, Figure, Heading, Items, Table, Text
from mainstay.render.numbers import finding_value, number
from mainstay.render.svg import bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report
    from mainstay.render.document import Cell

MOST = 15
_STUDENT = 1.96  # half an interval in standard errors, near enough for a whisker


def features_blocks(report: Report) -> Iterator[Block]:
    """Lay out which features matter: by the loss shuffling adds, and by the mean size of their parts."""
    if not report.influences:
        return
    unit = "RMSE" if report.policy.task.kind == "regression" else "log loss"
    yield Heading("What it looks at")
    shown = report.influences[:MOST]
    caption = f"Added {unit} when a feature is shuffled, on held-out rows; with standard errors."
    yield _figure([(one.feature, one.value, one.error) for one in shown], f"By added {unit}", caption)
    sizes = {one.where: one for one in report.attributions}
    if sizes:
        largest = report.attributions[:MOST]
        what = f"Mean size of a feature's parts{f', {largest[0].unit}' if largest[0].unit else ''}"
        caption = f"{what}, over {largest[0].n} held-out rows; with standard errors."
        yield _figure([(one.where, one.value or 0.0, _error(one)) for one in largest], "By size of parts", caption)
        yield from _compared(report)
    hidden = len(report.influences) - len(shown)
    yield Table(
        ("Feature", f"Added {unit}", "Standard error", *(("Mean size of its parts",) if sizes else ())),
        tuple((one.feature, one.value, one.error, *_size(one.feature, sizes)) for one in shown),
        f"{hidden} more matter less." if hidden else "",
    )


def _compared(report: Report) -> Iterator[Block]:
    apart = disagreements(report.influences, report.attributions)
    alike = rank_correlation(report.influences, report.attributions)
    if apart:
        yield Items(apart)
    elif alike is not None:
        yield Text(f"No feature stands far apart in the two rankings (rank correlation {number(alike, 2)}).", "note")


def _figure(rows: list[tuple[str, float, float]], what: str, caption: str) -> Figure:
    first = ", ".join(f"{name} {number(value)}" for name, value, _ in rows[:3])
    alt = f"{what}: {first}."
    return Figure(bars(rows, alt=alt), alt, caption)


def _size(feature: str, sizes: dict[str, Finding]) -> tuple[Cell, ...]:
    if not sizes:
        return ()
    return (finding_value(sizes[feature]) if feature in sizes else None,)


def _error(one: Finding) -> float:
    return 0.0 if one.interval is None else (one.interval.high - one.interval.low) / (2 * _STUDENT)
