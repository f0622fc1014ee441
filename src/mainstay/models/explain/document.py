"""An explanation as a `Document`: the same in the terminal, in HTML, in Markdown and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Block, Document, Facts, Figure, Items, Table, Text
from mainstay.render.numbers import THIN, amount, duration, number
from mainstay.render.svg import bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from mainstay.models.explain.explanation import Explanation, Part

SHOWN = 15
_LONGEST = 40


def explanation_document(one: Explanation, title: str = "", more: Sequence[Block] = ()) -> Document:
    """Lay out an explanation: reasons, a picture of the parts, the numbers.

    Parameters
    ----------
    one : Explanation
        What to lay out.
    title : str
        Its first line; what was answered, unless given.
    more : sequence of Block
        What else is to be said, above the rest.

    """
    return Document(title or headline(one), (*more, *_blocks(one)))


def headline(one: Explanation) -> str:
    """Say in a line what was answered, and what a typical record is answered."""
    if one.label:
        answer, typical = (f"{number(100 * share)}{THIN}%" for share in (one.answer, one.typical))
        return f"Chance that {one.target} is '{one.label}': {answer}; typical is {typical}"
    answer, typical = amount(one.answer, one.unit), amount(one.typical, one.unit)
    return f"{one.target}: {answer}; typical is {typical}"


def _blocks(one: Explanation) -> Iterator[Block]:
    if one.note:
        yield Text(one.note, "note" if one.complete else "warning")
    if one.reasons:
        yield Items(tuple(reason.text for reason in one.reasons))
    shown = sorted(one.parts, key=lambda part: -abs(part.effect))[:SHOWN]
    if shown:
        yield _figure(one, shown)
        yield _table(one, shown)
    yield Facts(_facts(one))


def _figure(one: Explanation, shown: Sequence[Part]) -> Figure:
    times, unit = (100, "points") if one.label else (1, one.unit)
    rate = [abs(part.effect / part.part) if part.part and part.error else 0.0 for part in shown]
    rows = [
        (part.feature, times * part.effect, times * (part.error or 0.0) * each)
        for part, each in zip(shown, rate, strict=True)
    ]
    alt = "; ".join(f"{name} {number(value)}" for name, value, _ in rows[:5])
    caption = "What each feature adds to the typical record's answer."
    return Figure(bars(rows, alt=f"Largest parts: {alt}", unit=unit), f"Largest parts: {alt}.", caption)


def _table(one: Explanation, shown: Sequence[Part]) -> Table:
    sampled = any(part.error is not None for part in shown)
    effect = "Points" if one.label else f"Amount{f', {one.unit}' if one.unit else ''}"
    columns = ("Feature", "Value", effect, f"Part ({one.scale})", *(("Standard error",) if sampled else ()))
    rows = tuple(
        (
            part.feature,
            _shown(part.value),
            part.effect * (100 if one.label else 1),
            part.part,
            *((part.error,) if sampled else ()),
        )
        for part in shown
    )
    hidden = len(one.parts) - len(shown)
    return Table(columns, rows, f"{hidden} more have smaller parts." if hidden else "")


def _facts(one: Explanation) -> tuple[tuple[str, str | float], ...]:
    way = {"exact": "exact Shapley values", "sampling": f"Shapley values from {one.samples} draws"}
    pairs: list[tuple[str, str | float]] = [
        (f"Base ({one.scale})", one.base),
        (f"Score ({one.scale})", one.score),
        ("Found by", f"{way.get(one.method, one.method)}, in {duration(one.seconds)}"),
    ]
    if one.rest:
        pairs.insert(2, ("Left unexplained", one.rest))
    return tuple(pairs)


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else ("yes" if value else "no")
    text = number(value, 6) if isinstance(value, int | float) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
