from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import LockedError, StoreError
from mainstay.events import EventLog, EventsSettings
from mainstay.events.segments import Seal, digest, is_sealed, read_seal, remove_segment, seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_KILLED = """
import os, sys
from pathlib import Path
from mainstay.events import EventLog
EventLog(Path(sys.argv[1])).writer("predictions").append(b"1\\n2\\nha")
os.kill(os.getpid(), 9)
"""


def test_a_segment_that_is_let_go_is_sealed_with_what_it_is(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"1\n2\n")
    (path,) = log.segments("predictions")
    with pytest.raises(LockedError, match="is still written"):
        seal(path)
    assert read_seal(path) is None
    writer.close()
    assert read_seal(path) == seal(path) == digest(path) == Seal(hashlib.sha256(b"1\n2\n").hexdigest(), 4, 2)
    path.write_bytes(b"1\n3\n")
    assert digest(path) != seal(path)


def test_what_a_killed_writer_left_is_sealed_by_whoever_finds_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    (path,) = EventLog(tmp_path).segments("predictions")
    assert read_seal(path) is None
    assert seal(path) == Seal(hashlib.sha256(b"1\n2\nha").hexdigest(), 6, 2)
    assert read_seal(path) is not None


def test_a_file_that_is_just_begun_gets_no_seal(tmp_path: Path) -> None:
    (tmp_path / "begun.jsonl").write_bytes(b"")
    assert seal(tmp_path / "begun.jsonl").bytes == 0
    assert read_seal(tmp_path / "begun.jsonl") is None


def test_full_segments_are_sealed_while_the_next_is_written(tmp_path: Path) -> None:
    log = EventLog(tmp_path, EventsSettings(segment_bytes=4096))
    writer = log.writer("predictions")
    for _ in range(9):
        writer.append(b"x" * 1023 + b"\n")
    full = log.segments("predictions")[:2]
    _until(lambda: all(is_sealed(path) for path in full))
    assert [seal(path).lines for path in full] == [4, 4]
    assert threading.active_count() < 50
    writer.close()
    assert [path.name for path in (tmp_path / "predictions").iterdir() if path.suffix not in {".jsonl", ".seal"}] == []


def test_an_old_segment_is_sealed_though_nothing_more_is_written(tmp_path: Path) -> None:
    log = EventLog(tmp_path, EventsSettings(segment_seconds=1))
    writer = log.writer("predictions")
    writer.append(b"1\n")
    (path,) = log.segments("predictions")
    writer.look()
    assert not is_sealed(path)
    time.sleep(1.1)
    writer.look()
    _until(lambda: read_seal(path) is not None)
    writer.append(b"2\n")
    assert len(log.segments("predictions")) == 2
    writer.close()


def test_a_segment_goes_with_its_seal(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"1\n")
    writer.close()
    remove_segment(log.segments("predictions")[0])
    assert list((log.root / "predictions").iterdir()) == []


def test_a_writer_that_wrote_nothing_leaves_nothing(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"")
    writer.close()
    assert log.segments("predictions") == ()


def test_a_file_that_was_cut_under_its_writer_is_left(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"1\n2\n")
    (path,) = log.segments("predictions")
    os.truncate(path, 0)  # as logrotate's copytruncate does
    writer._look = 0.0  # as if a second had passed
    writer.append(b"3\n")
    assert [one.read_bytes() for one in log.segments("predictions")][-1] == b"3\n"
    writer.close()


def _until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_log_that_cant_be_listed_is_told_from_an_empty_one(log: EventLog) -> None:
    assert log.segments("predictions") == ()
    log.root.parent.mkdir(exist_ok=True)
    log.root.write_text("no folder")
    with pytest.raises(StoreError, match="events/predictions can't be read or written: Not a directory"):
        log.segments("predictions")
