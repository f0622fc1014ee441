"""A `Difference` as blocks: how many decisions change, for whom, and whether that is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Findings, Heading, Table, Text
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.difference import Difference, Mover
    from mainstay.render.document import Block, Cell


def difference_blocks(difference: Difference, other: str) -> Iterator[Block]:
    """Lay out what changes against `other` ("the champion", "version 2")."""
    yield Heading(f"What changes against {other}")
    changed = difference.changed
    yield Text(f"**{share_words(changed)}** of {changed.n} decisions change: {changed.note}")
    if difference.tests:
        yield Findings(difference.tests, "Whether it is better, tested in pairs on the same rows.")
    rows = tuple(_line(one) for one in (*difference.bands, *difference.segments))
    if rows:
        yield Table(("Where", "Rows", "Decisions that change", ""), rows, "For whom.")
    if difference.movers:
        caption = "Who moved furthest. Numbers are told as bands, so that nobody can be found by them."
        columns = ("Was", "Is", "Decided", "Decides", "Truth", "Record")
        yield Table(columns, tuple(map(_mover, difference.movers)), caption)


def share_words(changed: Finding) -> str:
    """Say the share of decisions that change: ``"4.2 %"``."""
    return "an unknown share" if changed.value is None else f"{100 * changed.value:.2g} %"


def _line(one: Finding) -> tuple[Cell, ...]:
    return (one.where, one.n, share_words(one), one.note)


def _mover(one: Mover) -> tuple[Cell, ...]:
    record = "; ".join(f"{name} {value}" for name, value in one.traits)
    return (number(one.before), number(one.after), one.decided_before, one.decided, one.truth, record)
