"""`Document`: a report as values, drawn by `terminal`, `html` and `markdown`; every report and card is one of these."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.measures.finding import Finding

Tone = Literal["good", "warn", "bad", "none"]


class Status(msgspec.Struct, frozen=True):
    """A word that is judged: drawn as mark + word + colour, never as colour alone.

    Parameters
    ----------
    word : str
        ``"ok"``, ``"failed"``, ``"Losing"``, ...
    tone : {"good", "warn", "bad", "none"}
        Chooses the mark and the colour.

    """

    word: str
    tone: Tone = "none"


Cell = str | int | float | bool | None | Status
"""What a table holds: numbers are drawn to three digits and aligned right, None as a dash, booleans as yes and no."""


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """A heading; the document's title is level 1, so these start at 2."""

    text: str
    level: Literal[2, 3] = 2


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A paragraph; ``**bold**`` and `` `code` `` are the only marks understood.

    Parameters
    ----------
    text : str
        The words.
    kind : {"plain", "lead", "note", "warning"}
        A lead stands out, a note steps back, a warning is marked as one.

    """

    text: str
    kind: Literal["plain", "lead", "note", "warning"] = "plain"


class Items(msgspec.Struct, frozen=True, tag="items"):
    """A list of short lines."""

    items: tuple[str, ...]


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table.

    Parameters
    ----------
    columns : tuple of str
        Headings, units included: ``"p99, ms"``.
    rows : tuple of tuple of Cell
        Each as long as `columns`.
    caption : str
        What the table says.

    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""


class Findings(msgspec.Struct, frozen=True, tag="findings"):
    """Numbers against limits, drawn the same as a gate, an alert, a card: failed first where `failed_first`."""

    findings: tuple[Finding, ...]
    caption: str = ""
    failed_first: bool = False


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """A chart.

    Parameters
    ----------
    svg : str
        From `mainstay.render.svg`; anything that could run or fetch is refused when it is drawn.
    alt : str
        The chart in a sentence: what the terminal, Markdown and a screen reader get instead.
    caption : str
        What it says.

    """

    svg: str
    alt: str
    caption: str = ""


class Panel(msgspec.Struct, frozen=True):
    """One of several small pictures.

    Parameters
    ----------
    name : str
        Of what.
    svg : str
        From `mainstay.render.svg` or `mainstay.render.histogram`; empty where there is nothing to draw.
    alt : str
        The picture in a sentence.
    lines : tuple of str
        What is to be known beside it, shortest first.
    status : Status, optional
        Where it is judged.

    """

    name: str
    svg: str
    alt: str
    lines: tuple[str, ...] = ()
    status: Status | None = None


class Panels(msgspec.Struct, frozen=True, tag="panels"):
    """Small pictures side by side: as many in a row as fit, one below the other on a phone."""

    panels: tuple[Panel, ...]
    caption: str = ""


class Command(msgspec.Struct, frozen=True, tag="command"):
    """A command to copy, and what it does."""

    text: str
    note: str = ""


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """Names and values, one pair a line."""

    pairs: tuple[tuple[str, Cell], ...]
    caption: str = ""


Block = Heading | Text | Items | Table | Findings | Figure | Panels | Command | Facts


class Document(msgspec.Struct, frozen=True):
    """A report as values.

    Parameters
    ----------
    title : str
        The first line: best a sentence a stranger can act on.
    blocks : tuple of Block
        From top to bottom.
    foot : str
        One line at the end: version, time, where it came from.

    Examples
    --------
    >>> Document("churn v1 passes 9 of 9 gates", (Heading("Gates"), Command("mainstay release 1"))).title
    'churn v1 passes 9 of 9 gates'

    """

    title: str
    blocks: tuple[Block, ...] = ()
    foot: str = ""
