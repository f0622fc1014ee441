"""Whatever a crash leaves of the last lines, the complete ones are read and the next ones follow."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contract import Contract, Integer, Text
from mainstay.events import EventLog, Prediction, Value, encode_events
from mainstay.events.lines import damages_of, sift
from mainstay.events.read import read_predictions, scan_predictions
from mainstay.events.records import TAIL

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
CONTRACT = Contract((Integer(name="tenure"), Text(name="plan", role="ignored")))


def _prediction(name: str, **features: Value) -> Prediction:
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
def test_a_flipped_byte_takes_exactly_the_record_it_is_in(data: st.DataObject) -> None:
    lines = encode_events([_prediction(name, tenure=i, plan=[1]) for i, name in enumerate("abc")])
    place = data.draw(st.integers(0, len(lines) - 1))
    flipped = lines[:place] + bytes([lines[place] ^ data.draw(st.integers(1, 255))]) + lines[place + 1 :]
    hit = lines[:place].count(b"\n")
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        writer = log.writer("predictions")
        writer.append(flipped)
        found = scan_predictions(log, CONTRACT)
        writer.append(encode_events([_prediction("d", tenure=3)]))
        later = scan_predictions(log, CONTRACT)
        damages = damages_of(log.segments("predictions")[0])
        writer.close()
    lost = set() if lines[place : place + 1] == b"\n" and place < len(lines) - 1 else {"abc"[hit]}
    if place == len(lines) - 1:  # the end of the file is torn until the next line is written behind it
        assert (set(found.frame["id"]), found.torn) == (set("ab"), 0)
        lost = set()
    else:
        assert (set(found.frame["id"]), found.torn) == (set("abc") - lost, len(lost))
    assert (set(later.frame["id"]), later.torn) == (set("abcd") - lost, len(lost))
    assert len(damages) == len(lost)
    for damage in damages:
        assert lines[: damage.offset].count(b"\n") == hit
        assert damage.offset <= place < damage.offset + damage.length


@pytest.mark.full
def test_every_flip_of_every_byte_of_a_record() -> None:
    lines = encode_events([_prediction(name, tenure=i) for i, name in enumerate("abc")])
    parts = lines.splitlines(keepends=True)
    begun, end = len(parts[0]), len(parts[0]) + len(parts[1]) - 1
    for place in range(begun, end):
        for bit in range(8):
            flipped = lines[:place] + bytes([lines[place] ^ 1 << bit]) + lines[place + 1 :]
            found = sift(flipped)
            assert found.whole == parts[0] + parts[2], (place, bit)
            assert [(one.offset, one.length) for one in found.damages] == [(begun, len(parts[1]))], (place, bit)


def test_two_damaged_neighbours_are_two(tmp_path: Path) -> None:
    lines = encode_events([_prediction(name, tenure=i) for i, name in enumerate("abc")])
    log = EventLog(tmp_path)
    log.writer("predictions").append(lines.replace(b'"a"', b'"x"').replace(b'"b"', b'"y"'))
    found = scan_predictions(log, CONTRACT)
    assert (found.frame["id"].to_list(), found.torn) == (["c"], 2)


def test_a_log_without_checksums_is_read_as_it_is(tmp_path: Path) -> None:
    lines = encode_events([_prediction(name, tenure=i) for i, name in enumerate("abc")])
    old = b"".join(line[:-TAIL] + b"}\n" for line in lines.splitlines())
    log = EventLog(tmp_path)
    log.writer("predictions").append(old.replace(b'"b"', b'"x'))
    found = scan_predictions(log, CONTRACT)
    assert (found.frame["id"].to_list(), found.torn) == (["a", "c"], 1)


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=50), amount=st.integers(-(2**63), 2**63 - 1))
def test_what_is_written_is_read(text: str, amount: int) -> None:
    contract = Contract((Integer(name="tenure"), Integer(name=text or "x"))) if text != "tenure" else CONTRACT
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder))
        log.append("predictions", [_prediction(f"id {text}", tenure=amount)])
        frame = read_predictions(log, contract)
    assert frame.select("id", "f:tenure").rows() == [(f"id {text}", amount)]
