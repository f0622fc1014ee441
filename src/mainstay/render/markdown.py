"""A `Document` as Markdown: for model cards, pull requests and mail."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from mainstay.render import cells, numbers
from mainstay.render.document import Command, Facts, Figure, Findings, Heading, Items, Panels, Table, Text
from mainstay.render.inline import clean, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.render.document import Block, Document

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")
_FENCE = re.compile(r"`+")


def to_markdown(document: Document) -> str:
    r"""Draw a document as Markdown (GitHub's dialect); values can't break out of their cell.

    Examples
    --------
    >>> from mainstay.render.document import Document, Text
    >>> print(to_markdown(Document("A title", (Text("a **b** <c>"),))), end="")
    # A title
    <BLANKLINE>
    a **b** \<c\>

    """
    parts = [f"# {_marked(document.title)}", *(_block(block) for block in document.blocks)]
    if document.foot:
        parts.append(f"---\n\n{_plain(document.foot)}")
    return "\n\n".join(part for part in parts if part) + "\n"


@functools.singledispatch
def _block(block: Block) -> str:
    raise TypeError(f"A document can't hold {type(block).__name__}.")


@_block.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {_plain(block.text)}"


@_block.register
def _(block: Text) -> str:
    words = _marked(block.text)
    return f"> **Warning:** {words}" if block.kind == "warning" else words


@_block.register
def _(block: Items) -> str:
    return "\n".join(f"- {_marked(item)}" for item in block.items)


@_block.register
def _(block: Table) -> str:
    rows = [[_plain(cells.cell_text(value)) for value in row] for row in block.rows]
    drawn = _grid([_plain(name) for name in block.columns], rows, cells.number_columns(block))
    return _captioned(block.caption, drawn)


@_block.register
def _(block: Figure) -> str:
    return f"*{_plain(block.caption or 'Figure').rstrip('.')}*: {_plain(block.alt)}"


@_block.register
def _(block: Panels) -> str:
    lines = []
    for panel in block.panels:
        judged = "" if panel.status is None else f" {_plain(cells.cell_text(panel.status))}"
        said = "; ".join(map(_plain, (panel.alt, *panel.lines)))
        lines.append(f"- **{_plain(panel.name)}**{judged}: {said}")
    return _captioned(block.caption, "\n".join(lines))


@_block.register
def _(block: Command) -> str:
    fence = "`" * max(3, 1 + max((len(found) for found in _FENCE.findall(block.text)), default=0))
    note = f"{_marked(block.note)}\n\n" if block.note else ""
    return f"{note}{fence}sh\n{clean(block.text)}\n{fence}"


@_block.register
def _(block: Facts) -> str:
    lines = [f"- {_plain(name)}: **{_plain(cells.cell_text(value))}**" for name, value in block.pairs]
    return _captioned(block.caption, "\n".join(lines))


@_block.register
def _(block: Findings) -> str:
    rows = [
        [
            cells.cell_text(cells.verdict(x)),
            _plain(numbers.measure_name(x.measure)),
            _plain(x.where),
            numbers.finding_value(x),
            numbers.limit_words(x.limit, x.unit),
            numbers.count(x.n) if x.n else "",
            _plain(x.note),
        ]
        for x in cells.in_order(block)
    ]
    drawn = _grid(["Verdict", "Measure", "Where", "Value", "Limit", "n", "Note"], rows, {3, 4, 5})
    return _captioned(block.caption, drawn)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> str:
    rule = ["--:" if i in right else "---" for i in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rule, *rows))


def _captioned(caption: str, body: str) -> str:
    return f"{_marked(caption)}\n\n{body}" if caption else body


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", clean(text)).replace("\n", " ")


def _marked(text: str) -> str:
    drawn = {"plain": "{}", "bold": "**{}**"}
    return "".join(f"`{words}`" if kind == "code" else drawn[kind].format(_plain(words)) for kind, words in runs(text))
