"""The law of the truth: a function of what was said, whatever the order and repetition of its lines."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mainstay.events.scan import TIME, Schema
from mainstay.events.truth import kpis, tally, truth
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGUN = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
YES_NO = Task(kind="binary", target="Churn", positive="Yes", negative="No")
PLANS = Task(kind="multiclass", target="plan", labels=("basic", "full", "none"))
AMOUNT = Task(kind="regression", target="cnt")
LABELS = {"binary": ("Yes", "No"), "multiclass": PLANS.labels, "regression": ("1.5", "2", "2.0")}
SCHEMA: Schema = {
    "id": pl.String,
    "time": TIME,
    "event": pl.String,
    "label_at": TIME,
    "label": pl.String,
    "kpis": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64})),
    "followed": pl.Boolean,
}
Line = dict[str, Any]


@st.composite
def told(draw: st.DrawFn, task: Task) -> list[Line]:
    minutes = st.integers(0, 3).map(lambda minute: BEGUN + dt.timedelta(minutes=minute))
    kpi = st.fixed_dictionaries({"name": st.sampled_from("uv"), "value": st.sampled_from([1.0, 2.0])})
    line = st.fixed_dictionaries(
        {
            "id": st.sampled_from("abcd"),
            "time": minutes,
            "label_at": minutes,
            "label": st.none() | st.sampled_from((*LABELS[task.kind], "none of them")),
            "kpis": st.lists(kpi, max_size=2, unique_by=lambda each: each["name"]),
            "followed": st.none() | st.booleans(),
        }
    )
    lines = draw(st.lists(line, max_size=12))
    return [line | {"event": f"{place:03}"} for place, line in enumerate(lines)]


def _frame(lines: Sequence[Line]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=SCHEMA)


def _plainly(lines: Sequence[Line], task: Task) -> list[tuple[object, ...]]:
    """The same, line by line."""
    rows: list[tuple[object, ...]] = []
    for name in sorted({line["id"] for line in lines}):
        mine = sorted((x for x in lines if x["id"] == name), key=lambda x: (x["label_at"], x["time"], x["event"]))
        coded = [(code, line) for line in mine if (code := _code(task, line["label"])) is not None]
        run: list[Line] = []
        for code, line in reversed(coded):
            if code != coded[-1][0]:
                break
            run.append(line)
        followed = [line["followed"] for line in mine if line["followed"] is not None]
        if run or followed:
            at, received = (min((line[key] for line in run), default=None) for key in ("label_at", "time"))
            rows.append((name, coded[-1][0] if coded else None, at, received, followed[-1] if followed else None))
    return rows


def _code(task: Task, label: str | None) -> float | None:
    if label is None or label not in LABELS[task.kind]:
        return None
    if task.kind == "binary":
        return float(label == "Yes")
    return float(label) if task.kind == "regression" else float(task.labels.index(label))


@settings(max_examples=120, deadline=None)
@given(data=st.data(), task=st.sampled_from([YES_NO, PLANS, AMOUNT]), seed=st.integers(0, 1000))
def test_order_and_repetition_change_no_truth(data: st.DataObject, task: Task, seed: int) -> None:
    lines = data.draw(told(task))
    again = lines * 2
    random.Random(seed).shuffle(again)  # noqa: S311 - the order of lines is no secret
    found = truth(_frame(lines), task)
    assert found.rows() == _plainly(lines, task)
    assert_frame_equal(truth(_frame(again), task), found)
    assert_frame_equal(kpis(_frame(again)), kpis(_frame(lines)))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), minute=st.integers(0, 4))
def test_what_was_known_then_is_what_had_arrived(data: st.DataObject, minute: int) -> None:
    lines = data.draw(told(YES_NO))
    then = BEGUN + dt.timedelta(minutes=minute)
    arrived = [line for line in lines if line["time"] < then]
    assert_frame_equal(truth(_frame(lines), YES_NO, then), truth(_frame(arrived), YES_NO))
    assert_frame_equal(kpis(_frame(lines), then), kpis(_frame(arrived)))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_conflicts_are_counted_whatever_the_order(data: st.DataObject, seed: int) -> None:
    lines = data.draw(told(YES_NO))
    again = lines * 2
    random.Random(seed).shuffle(again)  # noqa: S311 - the order of lines is no secret
    answers = pl.DataFrame({"id": ["a", "b"], "label": [1.0, None]})
    until = BEGUN + dt.timedelta(days=1)
    once, twice = (tally(_frame(each), answers, YES_NO, BEGUN, until, lambda _: True) for each in (lines, again))
    said = [line for line in lines if line["id"] in "ab" and line["label"] in LABELS["binary"]]
    conflicting = 0
    for name in "ab":
        last = max((line["label_at"] for line in said if line["id"] == name), default=None)
        conflicting += len({x["label"] for x in said if x["id"] == name and x["label_at"] == last}) > 1
    assert (once.conflicting, once.unknown) == (conflicting, len({x["id"] for x in lines} - {"a", "b"}))
    assert (twice.conflicting, twice.corrected, twice.unknown) == (once.conflicting, once.corrected, once.unknown)
    assert twice.repeated == once.repeated + len(said)
