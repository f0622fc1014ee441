from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import EventsSettings
from mainstay.events import behind as room
from mainstay.events.behind import Behind, Sink
from mainstay.events.segments import seal
from mainstay.events.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events.log import Stream


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_LOOK", 0.05)


def sink(folder: Path, behind: Behind, stream: Stream = "predictions", seconds: int = 3600) -> Sink:
    return behind.sink(stream, Writer(folder / stream, "w", EventsSettings(segment_seconds=seconds)))


def written(folder: Path, stream: str = "predictions") -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / stream).glob("*.jsonl")))


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_lines_are_written_in_their_order_behind_the_answers(tmp_path: Path) -> None:
    behind = Behind(1 << 16)
    one, other = sink(tmp_path, behind), sink(tmp_path, behind, "feedback")
    for number in range(1000):
        one.append(b"%d\n" % number)
        if number % 10 == 0:
            other.append(b"f%d\n" % number)
    until(lambda: written(tmp_path).count(b"\n") == 1000)
    behind.close()
    assert written(tmp_path).split() == [b"%d" % number for number in range(1000)]
    assert written(tmp_path, "feedback").split() == [b"f%d" % number for number in range(0, 1000, 10)]


def test_a_clean_end_writes_everything_and_seals_it(tmp_path: Path) -> None:
    behind = Behind(1 << 20)
    lost: list[tuple[Stream, int]] = []
    behind.lose = lambda stream, events: lost.append((stream, events))
    one = sink(tmp_path, behind)
    for number in range(5000):
        one.append(b"%d\n" % number)
    behind.close()
    assert written(tmp_path).count(b"\n") == 5000
    assert lost == []
    assert [seal(path).lines for path in (tmp_path / "predictions").glob("*.jsonl")] == [5000]


def test_a_full_buffer_takes_no_more_until_the_disk_does(tmp_path: Path) -> None:
    (tmp_path / "predictions").write_bytes(b"in the way")
    behind = Behind(1000)
    one = sink(tmp_path, behind)
    for _ in range(10):
        one.append(b"x" * 99 + b"\n")
    with pytest.raises(StoreError, match="buffer is full"):
        one.append(b"x" * 99 + b"\n")
    until(lambda: "Not a directory" in behind.trouble or "File exists" in behind.trouble)
    with pytest.raises(StoreError, match=r"buffer is full\. The event log can't be written"):
        one.probe()
    (tmp_path / "predictions").unlink()
    until(lambda: behind.trouble == "" and written(tmp_path).count(b"\n") == 10)
    one.probe()
    one.append(b"y\n")
    behind.close()
    assert written(tmp_path).count(b"\n") == 11


def test_what_cannot_be_written_before_the_end_is_counted(tmp_path: Path) -> None:
    (tmp_path / "predictions").write_bytes(b"in the way")
    behind = Behind(1 << 16)
    lost: list[tuple[Stream, int]] = []
    behind.lose = lambda stream, events: lost.append((stream, events))
    one, other = sink(tmp_path, behind), sink(tmp_path, behind, "feedback")
    one.append(b"1\n2\n")
    one.append(b"3\n")
    other.append(b"f\n")
    behind.close()
    assert lost == [("predictions", 3)]
    assert written(tmp_path, "feedback") == b"f\n"


def test_a_thread_that_dies_is_told_and_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    behind = Behind(1 << 16)
    one = sink(tmp_path, behind)
    one.append(b"1\n")
    until(lambda: written(tmp_path) == b"1\n")
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(behind.thread.ident or 0), ctypes.py_object(ZeroDivisionError)
    )
    until(lambda: bool(behind.thread.died))
    with pytest.raises(StoreError, match=r"writes the event log has died \(ZeroDivisionError\)"):
        one.append(b"2\n")
    one.waiting.append(b"3\n")  # as if it had come just before
    behind.close()
    assert written(tmp_path) == b"1\n3\n"


def test_an_old_segment_is_sealed_though_nothing_more_is_written(tmp_path: Path) -> None:
    behind = Behind(1 << 16)
    sink(tmp_path, behind, seconds=1).append(b"1\n")
    until(lambda: bool(list((tmp_path / "predictions").glob("*.seal"))))
    behind.close()
