"""An audit to read: a sentence first, what costs points, what fails, then every column with its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.audit import told_step
from mainstay.data.words import listing
from mainstay.render.document import (
    Block,
    Cell,
    Document,
    Findings,
    Heading,
    Items,
    Panel,
    Panels,
    Status,
    Table,
    Text,
)
from mainstay.render.histogram import histogram, label_bars
from mainstay.render.numbers import count, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.contract.profile import ColumnProfile
    from mainstay.data.auditing.label_noise import Suspects
    from mainstay.data.auditing.record import Audit, ColumnAudit

MOST_PANELS = 60
MOST_LISTED = 500
_BIGGEST_REASONS = 30
_EXAMPLES = 5


def audit_document(audit: Audit, *, before: Audit | None = None, pictures: bool = False) -> Document:
    """Lay out an audit.

    Parameters
    ----------
    audit : Audit
        What was found.
    before : Audit, optional
        The one it was compared with: drawn as an outline.
    pictures : bool
        Whether columns get a picture each (up to sixty, the worst first); a table names all of them anyway.

    """
    blocks = (
        *_lead(audit),
        *_score(audit),
        Heading("What was judged"),
        Findings(audit.findings, failed_first=True),
        *_labels(audit),
        *(_pictures(audit, before) if pictures else ()),
        *_columns(audit),
        *_rows(audit),
    )
    foot = f"Audited {moment(audit.at)}. {audit.source}{', ' + audit.words if audit.words else ''}."
    return Document(_title(audit), blocks, foot)


def _title(audit: Audit) -> str:
    failed = len(audit.failed)
    said = f"{failed} finding{'s' * (failed > 1)} fail{'s' * (failed == 1)}" if failed else "nothing fails"
    return f"{audit.name}: data quality {audit.score:g} of 100, {said}"


def _lead(audit: Audit) -> Iterator[Block]:
    change = "This is the first audit that is kept."
    if audit.before is not None and audit.before_at is not None:
        gap = round(audit.score - audit.before, 1)
        words = "the same as" if gap == 0 else f"{number(abs(gap))} points {'above' if gap > 0 else 'below'}"
        change = f"That is {words} the audit of {moment(audit.before_at)} ({audit.before:g})."
    yield Text(f"{count(audit.rows)} rows, {count(len(audit.columns))} columns. {change}", "lead")
    if audit.measured_from is not None and audit.measured_why:
        yield Text(f"Drift is measured from the audit of {moment(audit.measured_from)}, {audit.measured_why}.", "note")
    for note in audit.notes:
        yield Text(note, "note")


def _score(audit: Audit) -> Iterator[Block]:
    yield Heading("What the score lost")
    if not audit.deductions:
        yield Text("Nothing: 100 of 100.")
        return
    lost: tuple[tuple[Cell, ...], ...] = tuple(
        (each.what, -each.points, each.most, each.why) for each in audit.deductions
    )
    yield Table(("what", "points", "at most", "why"), lost)


def _labels(audit: Audit) -> Iterator[Block]:
    if audit.noise is None:
        return
    pairs = [pair for pair in audit.noise.pairs if pair.count]
    if not pairs:
        return
    yield Heading("Labels that look wrong")
    yield Text(
        f"Of {count(audit.noise.n)} rows, scored by a simple model that hadn't seen them. Where no more are found than "
        "are expected by chance, these are unusual rows rather than wrong labels. Row "
        "numbers are those of the source, from 0.",
        "note",
    )
    yield Table(
        ("labelled", "looks like", "rows", "of", "by chance", "row numbers"),
        tuple(_pair(pair) for pair in pairs),
    )


def _pair(pair: Suspects) -> tuple[Cell, ...]:
    return (
        pair.given,
        pair.likely,
        pair.count,
        pair.n,
        pair.expected,
        listing([str(row) for row in pair.rows], _EXAMPLES),
    )


def _pictures(audit: Audit, before: Audit | None) -> Iterator[Block]:
    ordered = sorted(audit.columns, key=lambda column: -_trouble(column))  # as in the source among equals
    shown = ordered[:MOST_PANELS]
    total = len(audit.columns)
    yield Heading(f"Columns, {count(len(shown))} of {count(total)}" if total > len(shown) else "Columns")
    old = {column.name: column for column in before.columns} if before is not None else {}
    outline = " The outline and the marks are the audit that drift is measured from." if old else ""
    yield Panels(
        tuple(_panel(column, old.get(column.name)) for column in shown),
        "Those to look at first come first. Equal areas are equal numbers of rows; the outermost bars hold all that "
        f"lies beyond.{outline}",
    )


def _panel(column: ColumnAudit, before: ColumnAudit | None) -> Panel:
    words = _words(column)
    trouble = _trouble(column)
    status = Status("look", "warn") if trouble else None
    return Panel(column.name, _picture(column, before), _alt(column), (_alt(column), *words), status)


def _picture(column: ColumnAudit, before: ColumnAudit | None) -> str:
    bars, old = column.bars, before.bars if before is not None else None
    if bars is not None and column.spread is not None and bars.edges:
        ends = (column.spread.low, column.spread.high)
        same = old.counts if old is not None and old.edges == bars.edges else None
        return histogram(bars.edges, bars.counts, ends=ends, alt=_alt(column), before=same)
    shape = column.shape
    if shape is None or shape.kind != "category" or not sum(shape.counts) or column.distinct > column.rows / 2:
        return ""
    was = before.shape if before is not None else None
    same = was.counts if was is not None and was.labels == shape.labels else None
    kept = _kept(shape)
    return label_bars(
        [shape.labels[i] for i in kept],
        [shape.counts[i] for i in kept],
        alt=_alt(column),
        before=[same[i] for i in kept] if same is not None else None,
    )


def _kept(shape: ColumnProfile) -> list[int]:
    """Leave out the bar of other labels where there are none."""
    return [i for i, n in enumerate(shape.counts) if n or i < len(shape.counts) - 1]


def _alt(column: ColumnAudit) -> str:
    if column.spread is not None:
        spread = column.spread
        half = f"half from {number(spread.q1)} to {number(spread.q3)}"
        return f"{number(spread.low)} to {number(spread.high)}, median {number(spread.median)}, {half}"
    about = "" if column.distinct_exact else "about "
    if column.kind == "empty":
        return "no cell says anything"
    most = f", most often {column.common[0][0]!r}" if column.common and column.distinct < column.rows / 2 else ""
    return f"{about}{count(column.distinct)} different values{most}"


def _words(column: ColumnAudit) -> tuple[str, ...]:
    """Say what is to be known about a column, the worst first."""
    return tuple(
        words
        for words in (
            _constant(column),
            _copy(column),
            _strays(column),
            _sentinels(column),
            _outliers(column),
            _missing(column),
            _shift(column),
        )
        if words
    )


def _constant(column: ColumnAudit) -> str:
    return {"constant": "One value fills it.", "nearly": "One value fills all but one row in a thousand."}.get(
        column.constant, ""
    )


def _copy(column: ColumnAudit) -> str:
    if not column.same_as:
        return ""
    return f"Says the same as {column.same_as}{', in other words' if column.recoded else ''}."


def _strays(column: ColumnAudit) -> str:
    if not column.strays:
        return ""
    shown = f": {listing([repr(value) for value in column.stray_values], 3)}" if column.stray_values else ""
    kind = "numbers" if column.kind == "number" else "dates"
    return f"{count(column.strays)} cells are no {kind}{shown}."


def _sentinels(column: ColumnAudit) -> str:
    if not column.sentinels:
        return ""
    told = [f"{each.value!r} in {count(each.count)} ({each.why})" for each in column.sentinels]
    return f"May stand for missing: {listing(told, 2)}."


def _outliers(column: ColumnAudit) -> str:
    found = column.outliers
    if found is None or not found.count or column.heaped:
        return ""
    named = found.alone or found.furthest
    said = [f"{each.value:g} in row {each.row}" for each in named[:2]]
    alone = "alone: " if found.alone else "furthest "
    limits = f"{number(found.fences.low)} to {number(found.fences.high)}"
    return f"{count(found.count)} outside {limits} ({found.fences.rule}); {alone}{', '.join(said)}."


def _missing(column: ColumnAudit) -> str:
    if not column.missing:
        return ""
    return f"{count(column.missing)} missing ({number(100 * column.missing / max(column.rows, 1))} %)."


def _shift(column: ColumnAudit) -> str:
    if column.shift is None or not column.shift.moved:
        return ""
    return f"Moved: {column.shift.words} (PSI {number(column.shift.effect)})."


def _has_moved(column: ColumnAudit) -> bool:
    return column.shift is not None and column.shift.moved


def _trouble(column: ColumnAudit) -> int:
    """Count what speaks against a column, so that it is looked at first; being an id or ignored is no trouble."""
    if not column.judged and column.role != "target":
        return 0
    alone = column.outliers is not None and bool(column.outliers.alone)
    signs = (column.constant, column.same_as, column.strays, column.sentinels, alone, _has_moved(column))
    return sum(map(bool, signs)) + (column.missing > 0.05 * column.rows)


def _columns(audit: Audit) -> Iterator[Block]:
    shown = audit.columns[:MOST_LISTED]
    total = len(audit.columns)
    yield Heading("Every column" if total <= MOST_LISTED else f"{count(MOST_LISTED)} of {count(total)} columns")
    yield Table(
        ("column", "role", "reads as", "missing", "distinct", "outliers", "to know"),
        tuple(_line(column) for column in shown),
    )
    if unowned := [column.name for column in audit.columns if column.unowned]:
        yield Text(f"Without owner or source in contract.toml: {listing(unowned, 20)}.", "note")


def _line(column: ColumnAudit) -> tuple[Cell, ...]:
    outliers = None if column.outliers is None or column.heaped else column.outliers.count
    words = " ".join(_words(column))
    return (column.name, column.role, _mix(column), column.missing, column.distinct, outliers, words)


def _mix(column: ColumnAudit) -> str:
    """Say what the cells read as: ``"integer"``, or with shares where they are really mixed.

    A whole number among numbers is a number. Words of which some could be a truth or a date ("No" beside "No phone
    service") are words: a column is mixed only where numbers or dates have strays, or words have numbers among them.
    """
    reads = column.reads_as
    numbers = ("number", reads.number + reads.integer) if reads.number else ("integer", reads.integer)
    rest = [("date", reads.date), ("boolean", reads.boolean), ("text", reads.text)]
    if column.kind == "text" and reads.text:
        rest = [("text", reads.text + reads.boolean + reads.date)]
    there: Sequence[tuple[str, int]] = [(name, n) for name, n in (numbers, *rest) if n]
    if not there:
        return "empty"
    if len(there) == 1:
        return there[0][0]
    known = sum(n for _, n in there)
    return ", ".join(f"{name} {number(100 * n / known)} %" for name, n in sorted(there, key=lambda each: -each[1]))


def _rows(audit: Audit) -> Iterator[Block]:
    yield Heading("Rows")
    yield Items(tuple(told_step(line, audit.flags) for line in audit.ledger))
    if audit.broken:
        most = list(audit.broken.items())
        yield Table(("rule that was broken", "rows"), tuple(most[:_BIGGEST_REASONS]))
        if audit.quarantine:
            yield Text(f"The refused rows, each with the rules it broke, are in {audit.quarantine}.", "note")
