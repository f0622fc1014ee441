"""What a report says about behaviour, robustness, weak spots and groups, as blocks of the owner's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Block, Cell, Findings, Heading, Status, Table, Text
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
        told = [one for one in report.robustness if one.value is not None]
        refused = [one.where for one in report.robustness if one.value is None]
        shown, hidden = told[:_MOST_MISHAPS], len(told[_MOST_MISHAPS:])
        lost = f"{measure_name(report.primary)} lost"
        caption = "On the same held-out records before and after; positive is lost."
        caption += f" {hidden} more cost less." if hidden else ""
        if shown:
            yield Table(("Mishap", "Records", lost, ""), tuple(_mishap(one) for one in shown), caption)
        if refused:
            yield Text(f"No answer, as the contract says, instead of a wrong one: {', '.join(refused)}.", "note")


def inclusion_blocks(report: Report) -> Iterator[Block]:
    """Lay out how groups are served, and how far apart they are."""
    if not report.inclusion:
        return
    groups = [one for one in report.inclusion if one.group == "inclusion"]
    gaps = tuple(one for one in report.inclusion if one.group == "inclusion_gap")
    measures = list(dict.fromkeys(one.measure for one in groups))
    by_place: dict[str, dict[str, Finding]] = {}
    for one in groups:
        by_place.setdefault(one.where, {})[one.measure] = one
    yield Heading("How groups are served")
    columns = ("Group", "Rows", *map(measure_name, measures))
    rows = tuple((where, found[measures[0]].n, *_numbers(found, measures)) for where, found in by_place.items())
    yield Table(columns, rows, "On held-out rows. Calibration is truth less score.")
    yield Findings(gaps, "The widest gap between any two groups; its interval holds for all pairs of groups at once.")


def _numbers(found: dict[str, Finding], measures: list[str]) -> Iterator[Cell]:
    return (finding_value(found[name]) if name in found else None for name in measures)


def slice_blocks(report: Report) -> Iterator[Block]:
    """Lay out where the model does badly, though nobody declared it."""
    worth = {one.where: one for one in report.slices if one.group == "slice_worth"}
    slices = [one for one in report.slices if one.group == "slice"]
    if not slices:
        return
    yield Heading("Where it does badly")
    columns = ("Slice", "Rows", "Loss, times elsewhere", "Better than doing nothing by", "", "")
    caption = "Searched among training rows and confirmed on held-out rows; the intervals hold for all slices tried."
    yield Table(columns, tuple(_slice(one, worth.get(one.where)) for one in slices), caption)


def _slice(one: Finding, worth: Finding | None) -> tuple[Cell, ...]:
    judged: Cell = Status("not judged", "none")
    if worth is not None and worth.ok is not None:
        judged = Status("ok", "good") if worth.ok else Status("failed", "bad")
    return (one.where, one.n, finding_value(one), finding_value(worth) if worth else None, judged, one.note)


def _mishap(one: Finding) -> tuple[Cell, ...]:
    return (one.where, one.n, finding_value(one), one.note)
