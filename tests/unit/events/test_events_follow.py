"""Following a log, and its events as lines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.events import Access, Action, EventsSettings, Found, Kpi, Refusal, encode_events
from mainstay.events.follow import Follower
from mainstay.events.line import event_id, event_line, stream_of
from mainstay.measures.finding import Finding, Limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Event, EventLog, Feedback, Prediction

AT = dt.datetime(2026, 11, 22, 12, 0, 1, 234_567, dt.UTC)


def _ids(events: list[Event]) -> list[str]:
    return [event_id(event) for event in events]


def test_what_is_written_later_is_given_once(log: EventLog, prediction: Callable[..., Prediction]) -> None:
    log.append("predictions", [prediction(id="before")])
    follower = Follower(log)
    assert follower.new() == []
    log.append("predictions", [prediction(id="a"), prediction(id="b")])
    log.append("actions", [Action(id="c", model="m", kind="alert", subject="s", at=AT, by="me", message="!")])
    assert sorted(_ids(follower.new())) == ["a", "b", "c"]
    assert follower.new() == []


def test_files_that_are_begun_and_removed_meanwhile_are_followed(
    tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    from mainstay.events import EventLog  # noqa: PLC0415 - the fixture has other settings

    log = EventLog(tmp_path, EventsSettings(segment_bytes=4096))
    writer = log.writer("predictions")
    writer.append(encode_events([prediction(id="before")]))
    follower, found = Follower(log, ("predictions",)), []
    for number in range(60):
        writer.append(encode_events([prediction(id=str(number))]))
        found += _ids(follower.new())
        if number == 30:
            log.segments("predictions")[0].unlink()
    writer.close()
    assert len(log.segments("predictions")) > 3
    assert found == [str(number) for number in range(60)]


def test_a_line_is_given_once_it_is_whole(log: EventLog, prediction: Callable[..., Prediction]) -> None:
    log.append("predictions", [prediction(id="before")])
    (path,) = log.segments("predictions")
    line = encode_events([prediction(id="late")])
    with path.open("ab") as file:
        file.write(line[:50])
        file.flush()
        follower = Follower(log)  # begins in the middle of a line
        assert follower.new() == []
        file.write(line[50:])
    assert _ids(follower.new()) == ["late"]


def test_what_was_taken_back_and_written_again_is_followed(
    log: EventLog, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(id="first"), prediction(id="second")])
    (path,) = log.segments("predictions")
    whole = path.read_bytes()
    follower = Follower(log)
    path.write_bytes(whole[: whole.index(b"\n") + 1])
    assert follower.new() == []
    with path.open("ab") as file:
        file.write(encode_events([prediction(id="third")]))
    assert _ids(follower.new()) == ["third"]


def test_each_kind_of_event_is_one_line(
    prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    finding = Finding(measure="psi", where="tenure", value=0.3, limit=Limit("at_most", 0.2), ok=False, group="drift")
    events: list[tuple[Event, str]] = [
        (prediction(score=0.71234, decision="offer"), "v1 champion  0.7123 -> offer"),
        (prediction(degraded=True, control=True), "0.25 -> none  degraded  control"),
        (prediction(role="shadow", answer="x"), "v1 shadow of x  0.25 -> none"),
        (feedback("x", "Yes", kpis=(Kpi("revenue", 59.0),), followed=False), "revenue 59, not followed"),
        (Refusal(id="1", at=AT, model="m", status=422, cause="fields", fields=("tenure",)), "422 fields: tenure"),
        (Found(event="1", at=AT, model="m", finding=finding), "failed  drift/psi tenure: 0.3 (≤ 0.2)"),
        (Action(id="1", model="m", kind="alert", subject="s", at=AT, by="me", message="Look!"), "alert by me: Look!"),
        (Access(id="1", at=AT, model="m", kind="show", by="ana", subject="x", events=2), "show by ana: x, 2 events"),
    ]
    for event, told in events:
        line = event_line(event)
        assert told in line
        assert "\n" not in line
        assert line.split()[1] == stream_of(event)


@pytest.mark.parametrize("odd", ["two\nlines", "\x1b[2Jgone", "\u202ereversed", "\x9b31m"])
def test_a_value_can_neither_forge_a_line_nor_command_the_terminal(
    odd: str, prediction: Callable[..., Prediction]
) -> None:
    line = event_line(prediction(decision=odd, id=odd))
    assert odd not in line
    assert len(line.splitlines()) == 1
