"""Two versions side by side, for a person: what differs comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.lifecycle.contrast.values import ABSENT, Changed
from mainstay.render.document import Heading, Items, Table, Text
from mainstay.render.numbers import finding_value, measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.lifecycle.contrast.code import CodeContrast, FileContrast
    from mainstay.lifecycle.contrast.data import DataContrast
    from mainstay.lifecycle.contrast.made import Contrast
    from mainstay.lifecycle.contrast.values import Beside
    from mainstay.measures.finding import Finding
    from mainstay.render.document import Block

_MARKS = {"+": "+", "-": "-", "@": "@"}


def headline(found: Contrast) -> str:
    """Say in a line what is the same and what differs.

    ``"same data, same code; 3 parameters and 1 package differ"``
    """
    judged = {"data": found.data.same, "code": found.code.same}
    same = [f"same {name}" for name, equal in judged.items() if equal]
    differ = [f"the {name}" for name, equal in judged.items() if equal is False]
    counted = {"parameter": len(found.parameters), "package": len(found.packages)}
    differ += [f"{n} {word}{'s' * (n > 1)}" for word, n in counted.items() if n]
    if found.environment and not found.packages:
        differ.append("the machine or its software")
    if found.policy:
        differ.append("how it decides")
    if not differ:
        return ", ".join(same) or "nothing that is recorded differs"
    listed = ", ".join(differ[:-1]) + (" and " if differ[:-1] else "") + differ[-1]
    verb = "differs" if len(differ) == 1 and max(counted.values()) < 2 else "differ"
    return "; ".join((*([", ".join(same)] if same else []), f"{listed} {verb}"))


def contrast_blocks(found: Contrast, was: str, now: str) -> Iterator[Block]:
    """Lay out what differs from `was` to `now`: ``"version 1"``, ``"version 2"``."""
    yield from _measures(found, was, now)
    yield from _data(found.data, was, now)
    yield from _code(found.code, was, now)
    parts = (
        ("Parameters", found.parameters),
        ("Packages", found.packages),
        ("Machine and software", found.environment),
        ("How it was made", found.history),
        ("How it decides", found.policy),
    )
    for name, part in parts:
        if part:
            yield Heading(name)
            yield _table(part, was, now)


def _measures(found: Contrast, was: str, now: str) -> Iterator[Block]:
    if not found.measures:
        return
    yield Heading("Measures")
    rows = tuple(
        (
            measure_name(one.measure) + ("" if one.where == "all" else f" ({one.where})"),
            _value(one.was),
            _value(one.now),
        )
        for one in found.measures
    )
    yield Table(("measure", was, now), rows, "As each was measured on its own held-out rows, with 95 % intervals.")
    if not found.same_rows:
        yield Text("They weren't measured on the same rows: don't compare them one by one.", "warning")


def _data(found: DataContrast, was: str, now: str) -> Iterator[Block]:
    if not (found.facts or found.columns or found.shifts):
        return
    yield Heading("Data")
    if found.same and found.facts:
        yield Text("The same rows, written or kept otherwise.", "note")
    if found.facts or found.columns:
        yield _table(
            (*found.facts, *(Changed(f"column {one.what}", one.was, one.now) for one in found.columns)), was, now
        )
    if found.shifts:
        rows = tuple((one.feature, one.share) for one in found.shifts)
        yield Table(("feature", "share of values that lies elsewhere, at least"), rows)


def _code(found: CodeContrast, was: str, now: str) -> Iterator[Block]:
    if not (found.files or found.facts or found.refused or found.accepted):
        return
    yield Heading("Code")
    if found.facts:
        yield _table(found.facts, was, now)
    if found.refused:
        yield Text(f"What callers of {was} may send and {now} refuses:")
        yield Items(found.refused)
    if found.accepted:
        yield Text(f"What {now} takes and {was} refuses:")
        yield Items(found.accepted)
    for file in found.files:
        yield from _file(file)


def _file(file: FileContrast) -> Iterator[Block]:
    title = f"{file.path}: {file.state}"
    if not file.lines:
        yield Text(f"{title}{', ' + file.note if file.note else ''}")
        return
    rows = tuple((_MARKS.get(line[:1], ""), _indented(line[1:] if line[:1] in "+- " else line)) for line in file.lines)
    yield Table(("", title), rows, file.note)


def _indented(line: str) -> str:
    """Keep the spaces a line begins with: a page and a table would swallow them."""
    bare = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(bare)) + bare


def _table(part: Sequence[Changed], was: str, now: str) -> Table:
    return Table(("", was, now), tuple((one.what, one.was, one.now) for one in part))


def _named(one: Beside) -> str:
    return measure_name(one.measure) + ("" if one.where == "all" else f" ({one.where})")


def _value(finding: Finding | None) -> str:
    return ABSENT if finding is None else finding_value(finding)
