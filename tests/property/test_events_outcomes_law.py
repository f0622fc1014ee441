"""The law of feedback: a row of a file is taken, and read, exactly as the same outcome is over HTTP."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.errors import RecordError
from mainstay.events import Feedback, FeedbackReader, IdMaker
from mainstay.events.outcomes import TableReader, feedback_lines, lay_out
from mainstay.models.task import Task

NOW = dt.datetime(2026, 11, 22, 12, 30, tzinfo=dt.UTC)
YES_NO = Task(kind="binary", target="Churn", positive="Yes", negative="No")
DIGITS = Task(kind="binary", target="default", positive="1", negative="0")
PLANS = Task(kind="multiclass", target="plan", labels=("basic", "full", "2"))
AMOUNT = Task(kind="regression", target="cnt")
TASKS = (YES_NO, DIGITS, PLANS, AMOUNT)


def mostly(good: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Most rows must be good, or no fault is ever the only one."""
    return st.integers(0, 9).flatmap(lambda dice: good if dice < 9 else odd)


ids = mostly(
    st.sampled_from(["a", "019a9c1e-0000-7000-8000-000000000001", "p" * 128, "x y", "é", "~"]),
    st.sampled_from([None, "p" * 129, "a\u2028"]),
)
past = st.integers(0, 10**16).map(lambda back: NOW - dt.timedelta(microseconds=back))
moments = mostly(past, st.integers(1, 3).map(lambda days: NOW + dt.timedelta(days=days)))
written = past.map(lambda at: at.isoformat()) | st.sampled_from(
    ["2026-11-22T10:00:00Z", "2026-11-22 10:00:00+02:00", "20261122T100000Z", "2026-11-22T10:00:00.123Z",
     "2026-W47-7T10:00:00Z", "2026-11-22T10:00:00.1234567Z", "2026-11-23T12:30:00Z", "1969-12-31T23:59:59.5Z"]
)  # fmt: skip
unwritten = st.sampled_from(
    ["2026-02-30T10:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00:60Z",
     "9999-01-01T00:00:00Z", "yesterday", "0001-01-01T00:00:00+14:00", "2026-11-23T12:30:01Z"]
)  # fmt: skip
stamps = mostly(written, unwritten)
finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53).map(float)
numbers = mostly(finite, st.sampled_from([float("nan"), float("inf")]))


def names_of(task: Task) -> st.SearchStrategy[Any]:
    known = task.labels or (task.positive, task.negative)
    return mostly(st.sampled_from(known), st.sampled_from(["yes", "maybe", "9"]))


def _lines(task: Task, rows: list[dict[str, Any]]) -> list[Feedback] | list[tuple[int, str]]:
    """What HTTP says: the lines, or where rows are refused."""
    try:
        return FeedbackReader("m", task).read(rows, NOW, lambda: "e")
    except RecordError as error:
        return [(each.record, each.message) for each in error.problems]


def _table(task: Task, frame: pl.DataFrame) -> list[Feedback] | list[tuple[int, str]]:
    layout = lay_out(frame.columns, "t", target=task.target)
    found = TableReader(layout, task, NOW).read(frame)
    if found.problems:
        return [(each.record, each.message) for each in found.problems]
    return list(feedback_lines(found.rows, "m", NOW, lambda: "e"))


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Rows as JSON would carry them."""
    height = len(columns["id"])
    rows = []
    for place in range(height):
        said = {name: cells[place] for name, cells in columns.items() if cells[place] is not None}
        kpis = {name.removeprefix("kpi."): said.pop(name) for name in list(said) if name.startswith("kpi.")}
        rows.append(said | ({"kpis": kpis} if kpis else {}))
    return rows


@settings(max_examples=150, deadline=None)
@given(data=st.data(), task=st.sampled_from(TASKS))
def test_typed_cells_are_read_as_over_http(data: st.DataObject, task: Task) -> None:
    height = data.draw(st.integers(1, 5))
    label: st.SearchStrategy[Any]
    kinds: list[tuple[Any, st.SearchStrategy[Any]]]
    if task.kind == "regression":
        kinds = [
            (pl.Float64, numbers),
            (pl.Int64, st.integers(-(2**62), 2**62)),
            (pl.Boolean, st.none() | st.booleans()),
        ]
    else:
        kinds = [(pl.String, names_of(task)), (pl.Boolean, st.booleans()), (pl.Int64, st.integers(0, 3)),
                 (pl.Float64, st.sampled_from([0.0, 1.0, 2.0, 0.5, float("nan")]))]  # fmt: skip
    kind, label = data.draw(st.sampled_from(kinds))
    when, at = data.draw(st.sampled_from([(pl.Datetime("us", "UTC"), moments), (pl.String, stamps)]))
    made: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
        "id": (pl.String, ids),
        "label": (kind, label),
        "at": (when, at),
        "followed": (pl.Boolean, st.booleans()),
        "kpi.u": (pl.Float64, numbers),
        "kpi.v": (pl.Int64, st.integers(-5, 5)),
    }
    chosen = {"id", "label", *data.draw(st.sets(st.sampled_from(sorted(made))))}
    columns = {
        name: data.draw(st.lists(each if name == "id" else mostly(each, st.none()), min_size=height, max_size=height))
        for name, (_, each) in made.items()
        if name in chosen
    }
    frame = pl.DataFrame(columns, schema={name: made[name][0] for name in columns})
    assert _table(task, frame) == _lines(task, _rows(columns))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), task=st.sampled_from(TASKS))
def test_cells_of_text_are_read_as_what_they_say(data: st.DataObject, task: Task) -> None:
    height = data.draw(st.integers(1, 5))
    amounts = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18), 10**18) | st.just(2.5)
    said = {
        "id": ids,
        "label": amounts if task.kind == "regression" else names_of(task),
        "at": stamps,
        "followed": st.booleans(),
        "kpi.u": amounts,
    }
    columns: dict[str, list[Any]] = {
        name: data.draw(st.lists(each if name == "id" else mostly(each, st.none()), min_size=height, max_size=height))
        for name, each in said.items()
    }
    texts = {
        name: [None if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in cells]
        for name, cells in columns.items()
    }
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    assert _table(task, frame) == _lines(task, _rows(columns))


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "12 EUR", "1,5", "0x1f", "٣", "--1", "1e999"])
def test_what_is_no_amount_is_none_in_a_file(text: str) -> None:
    frame = pl.DataFrame({"id": ["a"], "label": [text]})
    ((place, message),) = _table(AMOUNT, frame)  # type: ignore[misc]
    assert (place, message[:11]) == (0, "must be a n")


def test_ids_of_lines_follow_the_rows() -> None:
    frame = pl.DataFrame({"id": ["a", "b", "c"], "label": ["Yes", "No", "Yes"]})
    rows = TableReader(lay_out(frame.columns, "t", target="Churn"), YES_NO, NOW).read(frame).rows
    made = [line.event for line in feedback_lines(rows, "m", NOW, IdMaker())]
    assert made == sorted(made)
