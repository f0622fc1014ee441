"""The law of the log as a source: what a model learns from is, bit for bit, what was served."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Boolean, Category, Contract, Integer, Number, compile_request
from mainstay.contract.table import check_table, encode_table
from mainstay.data import from_events
from mainstay.data.logged import ID
from mainstay.errors import DataError, RecordError
from mainstay.events import EventLog, Feedback, Prediction, encode_events
from mainstay.events.segments import segment_name
from mainstay.project import open_project

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from mainstay.contract import AnyColumn
    from mainstay.project import Project

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
policies: SearchStrategy[Any] = st.sampled_from(["clip", "flag", "impute", "fallback", "reject"])
gaps: SearchStrategy[Any] = st.sampled_from(["impute", "allow", "fallback", "reject"])
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-30, 130),
    st.floats(-50, 200),
    st.sampled_from([0.1, 1e-300, 1e300, -0.0, 2.0**53, 1 / 3]),
    st.sampled_from(["a", "b", " a ", "é", "12", "1.5", "zzz", ""]),
)

labels = st.sampled_from(["Yes", "No"])
follows = st.none() | st.booleans()


@st.composite
def columns(draw: DrawFn, name: str) -> AnyColumn:
    kind = draw(st.integers(0, 3))
    if kind == 0:
        missing = draw(gaps)
        outside = draw(policies)
        fill = 7 if "impute" in {missing, outside} else None
        return Integer(name=name, min=0, max=90, outside=outside, missing=missing, fill=fill)
    if kind == 1:
        missing = draw(gaps)
        outside = draw(policies)
        amount = 0.1 if "impute" in {missing, outside} else None
        return Number(name=name, min=-10, max=99, outside=outside, missing=missing, fill=amount)
    if kind == 2:
        return Category(
            name=name,
            values=("a", "b", "é"),
            unknown=draw(st.sampled_from(["other", "fallback", "reject"])),
            missing=draw(st.sampled_from(["allow", "reject"])),
        )
    return Boolean(name=name, missing=draw(st.sampled_from(["allow", "reject"])))


@st.composite
def worlds(draw: DrawFn) -> tuple[Contract, list[dict[str, Any]]]:
    contract = Contract(tuple(draw(columns(f"x{place}")) for place in range(draw(st.integers(1, 4)))))
    records = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(contract.names, cells)), min_size=1, max_size=8))
    return contract, records


def opened(folder: str) -> Project:
    root = Path(folder) / "churn"
    root.mkdir()
    (root / "mainstay.toml").write_text('[data]\nsource = "events"\ntarget = "y"\npositive = "Yes"\n')
    return open_project(root)


def answer(number: int, **said: Any) -> Prediction:
    return Prediction(
        id=f"answer-{number}",
        at=AT + number * HOUR / 60,
        model="churn",
        version=1,
        role="champion",
        score=0.5,
        prediction="Yes",
        decision="none",
        **said,
    )


def told(number: int, label: str, *, received: int, at: int, followed: bool | None) -> Feedback:
    return Feedback(
        id=f"answer-{number}",
        event=f"{number}-{received}-{at}-{label}",
        model="churn",
        received=AT + received * HOUR,
        at=AT + at * HOUR,
        label=label,
        followed=followed,
    )


def written(log: EventLog, stream: Any, events: list[Any], name: str) -> None:
    path = log.root / stream / segment_name(AT, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_events(events))


@settings(max_examples=120, deadline=None)
@given(worlds())
def test_a_model_learns_from_what_was_served(world: tuple[Contract, list[dict[str, Any]]]) -> None:
    contract, records = world
    decoder = compile_request(contract)
    served = {}
    for number, record in enumerate(records):
        try:
            served[number] = decoder.read_record(record)
        except RecordError:
            continue  # refused: nobody was answered
    if not served:
        return
    with tempfile.TemporaryDirectory() as folder:
        project = opened(folder)
        log = EventLog(project.books / "events")
        answers = [answer(number, features=row.features, fallback=row.fallback) for number, row in served.items()]
        written(log, "predictions", answers, "a")
        left = sum(not row.fallback for row in served.values())
        if not left:
            with pytest.raises(DataError, match="the fallback answered"):
                from_events(project, None, AT + 2 * HOUR, contract=contract)
            return
        frame = from_events(project, None, AT + 2 * HOUR, contract=contract).frame
        checked = check_table(contract, frame)
        assert checked.failing.height == 0  # what was answered is accepted again
        assert not checked.fallback.any()
        assert frame.height == left
        again = encode_table(contract, checked.good)
        for place, name in enumerate(checked.good[ID].to_list()):
            np.testing.assert_array_equal(again[place], served[int(name.rpartition("-")[2])].encoded)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(["Yes", "No"]),
            st.integers(0, 6),
            st.integers(-3, 6),
            st.none() | st.booleans(),
        ),
        max_size=25,
    ),
    st.randoms(),
)
def test_what_comes_later_changes_no_snapshot(said: list[tuple[int, str, int, int, bool | None]], chance: Any) -> None:
    """Late, corrected and shuffled outcomes, and records that change: the same span is the same rows."""
    contract = Contract((Integer(name="x0", missing="allow"),))
    until = AT + 3 * HOUR
    feedback = [told(n, label, received=r, at=at, followed=f) for n, label, r, at, f in said]
    early = [one for one in feedback if one.received < until]
    with tempfile.TemporaryDirectory() as folder:
        project = opened(folder)
        log = EventLog(project.books / "events")
        written(log, "predictions", [answer(n, features={"x0": n}) for n in range(10)], "a")
        written(log, "feedback", early, "a")
        before = from_events(project, None, until, contract=contract)
        chance.shuffle(feedback)
        written(log, "feedback", feedback, "b")  # all of it, in another order, some of it a second time
        written(log, "predictions", [answer(200 + n, features={"x0": 77}) for n in range(5)], "b")
        after = from_events(project, None, until, contract=contract)
    assert after.ledger == before.ledger
    assert after.frame.equals(before.frame)
    known = {one.id: one for one in sorted(early, key=lambda one: (one.at, one.received, one.event))}
    labels = dict(zip(after.frame[ID].to_list(), after.frame["y"].to_list(), strict=True))
    assert labels == {name: known[name].label if name in known else None for name in labels}
    assert isinstance(after.frame, pl.DataFrame)
