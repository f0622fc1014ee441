"""A `Document` in the terminal: the same tables and words, coloured only where somebody looks."""

from __future__ import annotations

import functools
import os
from typing import IO, TYPE_CHECKING

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from mainstay.render import cells, numbers
from mainstay.render.document import (
    Command,
    Facts,
    Figure,
    Findings,
    Heading,
    Items,
    Panels,
    Status,
    Table,
    Text,
    Tone,
)
from mainstay.render.inline import clean, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.render.document import Block, Cell, Document

_COLOURS: dict[Tone, str] = {"good": "green", "warn": "yellow", "bad": "bold red", "none": "dim"}
_PIPED_WIDTH = 160
_NOTES_BESIDE = 120


def console(file: IO[str] | None = None) -> Console:
    """Make the console every verb prints to.

    Colour only on a terminal and never under ``NO_COLOR``; into a pipe the lines are wide, so that tables aren't cut.
    Markup in square brackets and emoji codes are taken literally: values come from people's data.
    """
    made = Console(file=file, highlight=False, markup=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _PIPED_WIDTH
    return made


def print_document(document: Document, file: IO[str] | None = None) -> None:
    """Print a document to standard output or `file`."""
    console(file).print(to_terminal(document))


def to_terminal(document: Document) -> RenderableType:
    """Draw a document for a rich console."""
    parts: list[RenderableType] = [marked(document.title, "bold"), Words()]
    for block in document.blocks:
        parts += [_block(block), Words()]
    if document.foot:
        parts.append(Words(clean(document.foot), style="dim"))
    return Group(*parts)


def status_words(status: Status, mark: str = "") -> Words:
    """Draw a status: mark + word + colour."""
    return Words(f"{mark or cells.MARKS[status.tone]} {clean(status.word)}", style=_COLOURS[status.tone], no_wrap=True)


def marked(text: str, style: str = "") -> Words:
    """Draw a paragraph with its marks."""
    words = Words(style=style)
    looks = {"plain": "", "bold": "bold", "code": "cyan"}
    for kind, part in runs(text):
        words.append(part, style=looks[kind] or None)
    return words


def grid(*columns: str, right: frozenset[int] | set[int] = frozenset(), caption: str = "") -> Grid:
    """Make an empty table with our looks: a line under the heading, nothing else."""
    made = Grid(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="dim", header_style="dim")
    if caption:
        made.title = marked(caption, "dim")
    for i, name in enumerate(columns):
        made.add_column(Words(clean(name)), justify="right" if i in right else "left", overflow="fold")
    return made


@functools.singledispatch
def _block(block: Block) -> RenderableType:
    raise TypeError(f"A document can't hold {type(block).__name__}.")


@_block.register
def _(block: Heading) -> RenderableType:
    return Words(clean(block.text), style="bold" if block.level == 2 else "underline")


@_block.register
def _(block: Items) -> RenderableType:
    return Group(*(Words.assemble("  - ", marked(item)) for item in block.items))


@_block.register
def _(block: Figure) -> RenderableType:
    return Words.assemble((f"{clean(block.caption or 'Figure').rstrip('.')}: ", "dim"), clean(block.alt))


@_block.register
def _(block: Command) -> RenderableType:
    line = Words(f"  {clean(block.text)}", style="cyan", overflow="fold")
    return Group(marked(block.note, "dim"), line) if block.note else line


@_block.register
def _(block: Panels) -> RenderableType:
    made = grid("", "", "", caption=block.caption)
    made.show_header = False
    for panel in block.panels:
        judged = Words() if panel.status is None else status_words(panel.status)
        made.add_row(Words(clean(panel.name)), judged, marked("; ".join((panel.alt, *panel.lines))))
    return made


@_block.register
def _(block: Text) -> RenderableType:
    if block.kind == "warning":
        return Words.assemble(("! ", "yellow"), marked(block.text))
    return marked(block.text, "dim" if block.kind == "note" else "")


@_block.register
def _(block: Table) -> Grid:
    made = grid(*block.columns, right=cells.number_columns(block), caption=block.caption)
    for row in block.rows:
        made.add_row(*map(_cell, row))
    return made


@_block.register
def _(block: Findings) -> RenderableType:
    return _Findings(block)


class _Findings:
    """A table of findings that never cuts a number: where notes don't fit beside it, they stand below."""

    def __init__(self, block: Findings) -> None:
        self._block = block

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        noted = [x for x in cells.in_order(self._block) if x.note]
        beside = bool(noted) and options.max_width >= _NOTES_BESIDE
        yield self._table(beside=beside)
        if noted and not beside:
            for x in noted:
                name = f"{numbers.measure_name(x.measure)}, {x.where}: "
                yield Words.assemble("  ", clean(name), (clean(x.note), "dim"))

    def _table(self, *, beside: bool) -> Grid:
        columns = ("Verdict", "Measure", "Where", "Value", "Limit", "n", "Note")
        made = grid(*columns[: 7 if beside else 6], right={3, 4, 5}, caption=self._block.caption)
        for i in (0, 3, 4, 5):
            made.columns[i].no_wrap = True
        for x in cells.in_order(self._block):
            row: list[RenderableType] = [
                status_words(cells.verdict(x)),
                Words(clean(numbers.measure_name(x.measure))),
                Words(clean(x.where)),
                Words(numbers.finding_value(x)),
                Words(numbers.limit_words(x.limit, x.unit)),
                Words(numbers.count(x.n) if x.n else ""),
            ]
            made.add_row(*row, *([Words(clean(x.note), style="dim")] if beside else []))
        return made


@_block.register
def _(block: Facts) -> RenderableType:
    made = Grid.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in block.pairs:
        made.add_row(Words(clean(name)), _cell(value))
    body = Padding(made, (0, 0, 0, 2))
    return Group(marked(block.caption, "dim"), body) if block.caption else body


def _cell(value: Cell) -> Words:
    return status_words(value) if isinstance(value, Status) else Words(cells.cell_text(value))
