"""What a server writes into the log: by the project's policy where it can't, and findings as soon as it can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings, Found, IdMaker, tail
from mainstay.serving.arms.findings import recovered
from mainstay.serving.streams import Streams

if TYPE_CHECKING:
    from pathlib import Path


def streams(folder: Path, when_full: Literal["refuse", "answer"] = "refuse") -> tuple[Streams, EventLog]:
    log = EventLog(folder, EventsSettings(when_full=when_full))
    return Streams(log, "churn", IdMaker()), log


def in_the_way(log: EventLog, stream: str) -> Path:
    """Put a file where the stream's folder has to be."""
    log.root.mkdir(parents=True, exist_ok=True)
    place = log.root / stream
    place.write_bytes(b"")
    return place


@pytest.mark.parametrize("stream", ["predictions", "feedback"])
def test_what_cannot_be_written_is_refused_until_it_can(
    tmp_path: Path, stream: Literal["predictions", "feedback"]
) -> None:
    told, log = streams(tmp_path)
    place = in_the_way(log, stream)
    with pytest.raises(StoreError):
        told.write(stream, b"{}\n")
    assert (told.shut, bool(told.trouble)) == (True, True)
    place.unlink()
    assert told.write(stream, b"{}\n")
    assert (told.shut, told.trouble) == (False, "")
    told.close()


def test_where_the_project_would_rather_answer_it_is_only_told(tmp_path: Path) -> None:
    told, log = streams(tmp_path, "answer")
    in_the_way(log, "predictions")
    assert not told.write("predictions", b"{}\n")
    assert told.trouble
    assert not told.shut
    told.close()


def test_a_refusal_that_cannot_be_written_refuses_nobody_else(tmp_path: Path) -> None:
    told, log = streams(tmp_path)
    in_the_way(log, "refusals")
    assert not told.write("refusals", b"{}\n")
    told.close()


def test_findings_are_written_once(tmp_path: Path) -> None:
    told, log = streams(tmp_path)
    told.find(recovered(3, 0.5))
    told.write_found()
    told.write_found()
    told.close()
    found = tail(log, streams=("findings",))
    assert [event.finding.where for event in found if isinstance(event, Found)] == ["version 3"]


def test_that_another_stream_can_be_written_mends_nothing(tmp_path: Path) -> None:
    told, log = streams(tmp_path)
    place = in_the_way(log, "predictions")
    with pytest.raises(StoreError):
        told.write("predictions", b"{}\n")
    assert told.write("refusals", b"{}\n")
    told.look()
    assert told.shut
    assert "predictions" in told.trouble
    place.unlink()
    told.look()
    assert (told.shut, told.trouble) == (False, "")
    told.close()
