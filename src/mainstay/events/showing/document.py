"""What `events show` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.events.line import event_id, event_line, iso
from mainstay.render.document import Document, Facts, Heading, Status, Table, Text
from mainstay.render.numbers import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.events import Feedback, Prediction, Value
    from mainstay.events.showing.shown import Answered, Shown
    from mainstay.render.document import Block, Cell

_IN_FULL = 5
"""Answers of one request that are laid out; of the others there is a line each."""


def shown_document(shown: Shown) -> Document:
    """Lay out everything about one id."""
    blocks: list[Block] = []
    for answered in shown.answers[:_IN_FULL]:
        blocks += _answer_blocks(answered, headed=len(shown.answers) > 1)
    if rest := shown.answers[_IN_FULL:]:
        rows = tuple((each.id, *_short(each.answer)) for each in rest)
        blocks.append(Table(("id", "score", "decision"), rows, caption=f"Its other {len(rest)} answers:"))
    for event in shown.others:
        blocks += [Text(event_line(event)), Facts((("line in", shown.files[event_id(event)]),))]
    if shown.unrecorded:
        blocks.append(Text(f"That you looked couldn't be written down. {shown.unrecorded}", kind="warning"))
    return Document(_title(shown), tuple(blocks))


def _title(shown: Shown) -> str:
    what = {"answer": "the answer", "shadow": "a shadow's answer", "request": "the request"}.get(shown.kind, shown.kind)
    return f"{shown.model}: {what} {shown.id}"


def _answer_blocks(answered: Answered, *, headed: bool) -> Iterator[Block]:
    if headed:
        yield Heading(answered.id)
    answer = answered.answer
    if answer is None:
        yield Text(f"The log doesn't hold the answer {answered.id} itself.", kind="warning")
    else:
        yield Facts(tuple(_facts(answered, answer)))
        yield _features(answer)
        if answer.scores is not None:
            yield Table(("label", "probability"), tuple(answer.scores.items()))
    if answered.shadows:
        yield Table(("shadow", "version", "score", "prediction", "decision"), tuple(map(_shadow, answered.shadows)))
    if answered.feedback:
        yield _feedback(answered)
    elif answer is not None:
        yield Text("No feedback yet: the truth isn't known.", kind="note")


def _facts(answered: Answered, answer: Prediction) -> Iterator[tuple[str, Cell]]:
    """Give what is known of an answer, name by name; what isn't the case is left out."""
    yield "answered", iso(answer.at)
    yield "by", f"version {answer.version}, {answer.role} (chosen with probability {answer.share:g})"
    yield "score", repr(answer.score)
    yield "prediction", _text(answer.prediction)
    yield "decision", _text(answer.decision)
    if answer.control:
        yield "control", f"never acted on; would have been decided: {answer.intended or answer.decision}"
    if answer.degraded or answer.fallback:
        word = "the fallback answered" if answer.fallback else "a policy had to step in"
        yield "degraded", Status(word, "warn")
    for told in answer.warnings:
        yield "warning", told
    for name, value in (
        ("truth", None if answered.label is None else _text(answered.label)),
        ("decision followed", answered.followed),
        ("about", answer.entity and f"{answer.entity} (pseudonym)"),
        ("asked by", answer.consumer),
        ("request", answer.request),
        ("trace", answer.trace),
        ("took", None if answer.duration is None else duration(answer.duration / 1e9)),
        ("stands for", f"{1 / answer.sampled:g} answers (sampled)" if answer.sampled < 1 else None),
        ("shadow of", answer.answer),
        ("line in", ", ".join(answered.files)),
    ):
        if value not in (None, ""):
            yield name, value


def _features(answer: Prediction) -> Block:
    raw, derived = answer.raw or {}, answer.inputs or {}
    names = list(dict.fromkeys((*answer.features, *raw)))
    if not names:
        return Text("The line holds no features that can be shown.", kind="note")
    if answer.raw is None:
        rows: tuple[tuple[Cell, ...], ...] = tuple((name, _cell(answer.features.get(name))) for name in names)
        table = Table(("feature", "as served"), rows)
    else:
        rows = tuple(
            (name, _cell(answer.features.get(name)), _cell(raw[name]) if name in raw else "") for name in names
        )
        table = Table(("feature", "as served", "as sent, where a policy stepped in"), rows)
    if not derived:
        return table
    more = tuple(
        (f"{name} (derived)", _cell(value), *[""] * (len(table.columns) - 2)) for name, value in derived.items()
    )
    return msgspec.structs.replace(table, rows=(*table.rows, *more))


def _shadow(shadow: Prediction) -> tuple[Cell, ...]:
    return shadow.id, shadow.version, repr(shadow.score), _text(shadow.prediction), _text(shadow.decision)


def _feedback(answered: Answered) -> Table:
    columns = ("feedback, as it arrived", "label", "true since", "KPIs", "followed", "id", "")
    return Table(columns, tuple(_told(told, counts=told.event == answered.counts) for told in answered.feedback))


def _told(told: Feedback, *, counts: bool) -> tuple[Cell, ...]:
    label = None if told.label is None else _text(told.label)
    kpis = ", ".join(f"{kpi.name} {kpi.value:g}" for kpi in told.kpis)
    mark = Status("counts", "good") if counts else ""
    return iso(told.received), label, iso(told.at), kpis, told.followed, told.event, mark


def _short(answer: Prediction | None) -> tuple[Cell, Cell]:
    return (None, None) if answer is None else (repr(answer.score), _text(answer.decision))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value)


def _cell(value: Value) -> Cell:
    """Show a value as it is in the log: not rounded, a tensor as JSON."""
    if value is None or isinstance(value, str | bool):
        return value
    return msgspec.json.encode(value).decode()
