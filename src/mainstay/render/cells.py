"""What every drawing of a document shares: the text of a cell, the verdict of a finding, marks, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render import numbers
from mainstay.render.document import Cell, Findings, Status, Table, Tone
from mainstay.render.inline import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.measures.finding import Finding

MARKS: dict[Tone, str] = {"good": "✓", "warn": "!", "bad": "✗", "none": "·"}


def cell_text(value: Cell) -> str:
    """Print a cell without colour."""
    if value is None:
        return numbers.DASH
    if isinstance(value, Status):
        return f"{MARKS[value.tone]} {clean(value.word)}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return numbers.count(value)
    if isinstance(value, float):
        return numbers.number(value)
    return clean(value)


def is_number(value: Cell) -> bool:
    """Whether a cell is aligned right."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_columns(table: Table) -> set[int]:
    """Find the columns that hold numbers and nothing else but gaps."""
    columns = range(len(table.columns))
    held = {i: [row[i] for row in table.rows if i < len(row) and row[i] is not None] for i in columns}
    return {i for i, values in held.items() if values and all(map(is_number, values))}


def verdict(finding: Finding) -> Status:
    """Judge a finding in a word: a missing number is never "ok".

    Examples
    --------
    >>> from mainstay.measures.finding import Finding
    >>> verdict(Finding(measure="auc", where="all", value=None)).word
    'not judged'

    """
    if finding.ok is True:
        return Status("ok", "good")
    if finding.ok is False:
        return Status("failed", "bad")
    if finding.limit is not None or finding.value is None:
        return Status("not judged", "warn" if finding.limit is not None else "none")
    return Status("reported", "none")


def failed_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings: failed, not judged, passed, merely reported; as they came within each."""
    order = {False: 0, None: 1, True: 2}
    return sorted(findings, key=lambda x: 3 if x.ok is None and x.limit is None else order[x.ok])


def in_order(block: Findings) -> list[Finding]:
    """Give a block's findings in the order it asks for."""
    return failed_first(block.findings) if block.failed_first else list(block.findings)


def gates_words(gates: tuple[Finding, ...]) -> str:
    """Count a verdict's gates: ``"7 of 9 passed, 1 not judged"``."""
    if not gates:
        return ""
    passed = sum(gate.ok is True for gate in gates)
    unjudged = sum(gate.ok is None for gate in gates)
    words = f"{numbers.count(passed)} of {numbers.count(len(gates))} passed"
    return f"{words}, {numbers.count(unjudged)} not judged" if unjudged else words
