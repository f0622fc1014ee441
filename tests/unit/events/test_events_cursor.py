from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings
from mainstay.events.cursor import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Prediction


def lines(cursor: Cursor, most: int = 500, *, note: bool = True) -> list[bytes]:
    found: list[bytes] = []
    for batch in cursor.batches(most):
        found += batch.lines
        if note:
            cursor.note(batch)
    return found


@pytest.mark.parametrize("most", [1, 3, 500])
def test_each_line_is_given_once_whatever_the_portions(
    tmp_path: Path, prediction: Callable[..., Prediction], most: int
) -> None:
    log = EventLog(tmp_path, EventsSettings(segment_bytes=4096))
    for _ in range(4):
        log.append("predictions", [prediction() for _ in range(10)])
    written = [line for path in log.segments("predictions") for line in path.read_bytes().splitlines()]
    with Cursor(log, "x") as cursor:
        sizes = []
        for batch in cursor.batches(most):
            cursor.note(batch)
            sizes.append(len(batch.lines))
        assert max(sizes) <= most
        assert sum(sizes) == len(written) == 40
    with Cursor(log, "x") as cursor:
        assert lines(cursor) == []
    with Cursor(log, "y") as cursor:  # another's place
        assert lines(cursor, most) == written
    log.close()


def test_what_is_not_noted_comes_again(tmp_path: Path, prediction: Callable[..., Prediction]) -> None:
    log = EventLog(tmp_path)
    log.append("predictions", [prediction() for _ in range(5)])
    for _ in range(2):
        with Cursor(log, "x") as cursor:
            assert len(lines(cursor, 2, note=False)) == 2
    log.close()


def test_a_line_comes_once_it_is_whole_and_however_long_it_is(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    writer = log.writer("predictions", "x")
    writer.append(b'{"half')
    with Cursor(log, "x") as cursor:
        assert lines(cursor) == []
        writer.append(b'":"' + b"a" * 3_000_000 + b'"}\n{"next":1}\n{"')
        assert [len(line) for line in lines(cursor)] == [3_000_011, 10]
    writer.close()


def test_a_note_that_was_torn_means_from_the_beginning(tmp_path: Path, prediction: Callable[..., Prediction]) -> None:
    log = EventLog(tmp_path)
    log.append("predictions", [prediction()])
    with Cursor(log, "x") as cursor:
        assert len(lines(cursor)) == 1
    (tmp_path / "cursors" / "x.json").write_bytes(b'{"predictions/2')
    with Cursor(log, "x") as cursor:
        assert len(lines(cursor)) == 1
    log.close()


def test_lines_that_were_taken_back_and_others_in_their_place_are_told_apart(
    tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    """As a writer does whose disk was full: what follows must not be read from the middle of a line."""
    log = EventLog(tmp_path)
    log.append("predictions", [prediction(), prediction()])
    (path,) = log.segments("predictions")
    first = path.read_bytes().splitlines(keepends=True)[0]
    with Cursor(log, "x") as cursor:
        assert len(lines(cursor)) == 2
        path.write_bytes(first + b'{"longer":"' + b"b" * 2000 + b'"}\n')
        assert [line[:9] for line in lines(cursor)] == [first[:9], b'{"longer"']
    log.close()


def test_a_place_that_cannot_be_noted_is_told(tmp_path: Path, prediction: Callable[..., Prediction]) -> None:
    log = EventLog(tmp_path)
    log.append("predictions", [prediction()])
    log.close()
    (tmp_path / "cursors").write_text("a file")
    with pytest.raises(StoreError, match="can't be written"), Cursor(log, "x"):
        pass
