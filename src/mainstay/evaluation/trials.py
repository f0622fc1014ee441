"""What a report says about behaviour, robustness, weak spots and groups, as blocks of the owner's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Block, Cell, Findings, Heading, Status, Table
from mainstay.render.numbers import finding_value, measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

_MOST_MISHAPS = 12


def behaviour_blocks(report: Report) -> Iterator[Block]:
    """Lay out the declared tests, and what mishaps cost."""
    if report.behaviour:
        yield Heading("How it behaves")
        caption = "Shares of records that are answered as they must be, on the whole way of a record."
        yield Findings(report.behaviour, caption, failed_first=True)
    if report.robustness:
        yield Heading("What a mishap costs")
        shown = report.robustness[:_MOST_MISHAPS]
        hidden = len(report.robustness) - len(shown)
        lost = f"{measure_name(report.primary)} lost"
        caption = "On the same held-out records before and after; positive is lost."
        caption += f" {hidden} more cost less." if hidden else ""
        yield Table(("Mishap", "Records", lost, ""), tuple(_mishap(one) for one in shown), caption)


def _mishap(one: Finding) -> tuple[Cell, ...]:
    value: Cell = Status("no answer", "none") if one.value is None else finding_value(one)
    return (one.where, one.n, value, one.note)
