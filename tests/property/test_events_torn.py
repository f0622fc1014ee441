"""Whatever a crash leaves of the last lines, the complete ones are read and the next ones follow."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Contract, Integer, Text
from mainstay.events import EventLog, Prediction, encode_events
from mainstay.events.read import read_predictions, scan_predictions

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
CONTRACT = Contract((Integer(name="tenure"), Text(name="plan", role="ignored")))


def _prediction(name: str, **features: int | str | None) -> Prediction:
    return Prediction(
        id=name,
        at=NOW,
        model="m",
        version=1,
        role="champion",
        score=0.5,
        prediction="No",
        decision="none",
        features=dict(features),
        duration=1,
    )


def test_every_cut_point_of_the_last_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        log.append("predictions", [_prediction("a", tenure=1), _prediction("b", tenure=2), _prediction("ü", tenure=3)])
        log.close()
        (path,) = log.segments("predictions")
        whole = path.read_bytes()
        begun = whole[:-1].rfind(b"\n") + 1
        for cut in range(begun, len(whole)):
            path.write_bytes(whole[:cut])
            found = scan_predictions(log, CONTRACT)
            assert found.frame["id"].to_list() == ["a", "b"]
            assert found.torn == (1 if cut > begun else 0)
        log.append("predictions", [_prediction("c", tenure=4)])
        assert read_predictions(log, CONTRACT)["id"].to_list() == ["a", "b", "c"]


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(min_size=1, max_size=60).filter(lambda data: not data.strip().startswith(b"{")))
def test_garbage_at_the_end_harms_no_line(noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        log.append("predictions", [_prediction("a", tenure=1), _prediction("b", tenure=2)])
        log.close()
        (path,) = log.segments("predictions")
        with path.open("ab") as file:
            file.write(noise)
        assert read_predictions(log, CONTRACT)["id"].to_list() == ["a", "b"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_flipped_byte_loses_at_most_the_lines_it_touches(data: st.DataObject) -> None:
    lines = encode_events([_prediction(name, tenure=i) for i, name in enumerate("abc")])
    place = data.draw(st.integers(0, len(lines) - 1))
    flipped = lines[:place] + bytes([lines[place] ^ data.draw(st.integers(1, 255))]) + lines[place + 1 :]
    touched = {lines[:place].count(b"\n"), lines[: place + 1].count(b"\n")}
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        log.writer("predictions").append(flipped)
        ids = read_predictions(log, CONTRACT)["id"].to_list()
    assert {name for i, name in enumerate("abc") if i not in touched} <= set(ids)


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=50), amount=st.integers(-(2**63), 2**63 - 1))
def test_what_is_written_is_read(text: str, amount: int) -> None:
    contract = Contract((Integer(name="tenure"), Integer(name=text or "x"))) if text != "tenure" else CONTRACT
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        log.append("predictions", [_prediction(f"id {text}", tenure=amount)])
        frame = read_predictions(log, contract)
    assert frame.select("id", "f:tenure").rows() == [(f"id {text}", amount)]
