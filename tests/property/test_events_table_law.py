"""The law of the table: whatever lines a log holds, it reads the same before they are shipped and after."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mainstay.contract import Boolean, Contract, Datetime, Integer, Number, Text
from mainstay.contract.columns import Tensor
from mainstay.events import Event, EventLog, Feedback, IdMaker, Kpi, Prediction, tail
from mainstay.events.read import read_feedback, scan_predictions
from mainstay.events.table.care import tend
from mainstay.events.table.shipping import ship

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
make = IdMaker()
CONTRACTS = {
    1: Contract((Integer(name="a"), Number(name="b b"), Text(name="c"), Boolean(name="d"))),
    2: Contract((Text(name="a"), Datetime(name="e"), Tensor(name="f", shape=(2, 2)))),
    3: Contract((Number(name="a"), Text(name='"q", \\ü'), Text(name="c"))),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOAT = st.floats(allow_nan=False, allow_infinity=False, width=32)
WHOLE = st.integers(-(2**53), 2**53)
MOMENT = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)).map(lambda at: at.isoformat() + "Z")  # noqa: DTZ001
FEATURES: dict[int, st.SearchStrategy[dict[str, Any]]] = {
    1: st.fixed_dictionaries(
        {"a": st.none() | WHOLE, "b b": FLOAT, "c": st.none() | TEXT, "d": st.none() | st.booleans()}
    ),
    2: st.fixed_dictionaries(
        {
            "a": TEXT,
            "e": st.none() | MOMENT,
            "f": st.lists(st.lists(FLOAT, min_size=2, max_size=2), min_size=2, max_size=2),
        }
    ),
    3: st.fixed_dictionaries({"a": FLOAT, '"q", \\ü': TEXT}, optional={"c": TEXT}),
}

RAW: st.SearchStrategy[dict[str, Any] | None] = st.none() | st.dictionaries(TEXT, TEXT | WHOLE | st.none(), max_size=2)


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    version = draw(st.sampled_from(list(FEATURES)))
    amount: Any = draw(FLOAT) if version == 3 else draw(st.sampled_from(["Yes", "No"]))
    return Prediction(
        id=make(),
        at=NOW + dt.timedelta(microseconds=draw(st.integers(0, 3 * 86_400_000_000))),
        model="m",
        version=version,
        role=draw(st.sampled_from(["champion", "shadow"])),
        score=draw(FLOAT),
        scores=draw(st.none() | st.fixed_dictionaries({"x": FLOAT, "y": FLOAT})),
        prediction=amount,
        decision=amount,
        features=draw(FEATURES[version]),
        raw=draw(RAW),
        warnings=tuple(draw(st.lists(TEXT, max_size=2))),
        share=draw(st.sampled_from([1.0, 0.1])),
        entity=draw(st.none() | TEXT),
        degraded=draw(st.booleans()),
        encoded=draw(st.none() | st.lists(FLOAT | st.none(), max_size=2).map(tuple)),
        control=draw(st.booleans()),
        sampled=draw(st.sampled_from([1.0, 0.5])),
    )


@st.composite
def outcomes(draw: st.DrawFn) -> Feedback:
    return Feedback(
        id=draw(TEXT),
        event=make(),
        model="m",
        received=NOW + dt.timedelta(seconds=draw(st.integers(0, 9))),
        at=NOW,
        label=draw(st.none() | FLOAT | TEXT),
        kpis=tuple(draw(st.lists(st.builds(Kpi, TEXT, FLOAT), max_size=2))),
        followed=draw(st.none() | st.booleans()),
    )


@settings(max_examples=15)
@given(
    st.lists(st.lists(predictions(), min_size=1, max_size=4), min_size=1, max_size=3), st.lists(outcomes(), max_size=4)
)
def test_a_log_reads_the_same_before_and_after_it_is_shipped(
    parts: list[list[Prediction]], told: list[Feedback]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        log = EventLog(Path(name) / "events")
        for part in parts:
            log.append("predictions", part)
            log.close()
            if part is parts[0]:  # some is in the table, and some isn't
                ship(log, contract_of=CONTRACTS.get)
        log.append("feedback", told)
        log.close()
        before = [everything(log, version) for version in CONTRACTS]
        events = remembered(log)
        ship(log, contract_of=CONTRACTS.get)
        tend(log, NOW + dt.timedelta(days=9))
        for path in log.root.glob("*/*.jsonl"):
            path.unlink()
        after = [everything(log, version) for version in CONTRACTS]
        for one, other in zip(before, after, strict=True):
            for left, right in zip(one, other, strict=True):
                assert_frame_equal(left, right)
        assert remembered(log) == events


def everything(log: EventLog, version: int) -> list[Any]:
    found = scan_predictions(log, CONTRACTS[version], labels=["x", "y"]).frame
    return [found.filter(found["version"] == version).sort("id"), read_feedback(log).sort("event")]


def remembered(log: EventLog) -> dict[str, Event]:
    events = tail(log, 100, ("predictions", "feedback"))
    return {event.event if isinstance(event, Feedback) else getattr(event, "id", ""): event for event in events}
