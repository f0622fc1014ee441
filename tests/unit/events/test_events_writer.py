from __future__ import annotations

import datetime as dt
import os
import resource
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings
from mainstay.events.segments import is_sealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _content(log: EventLog) -> bytes:
    return b"".join(path.read_bytes() for path in log.segments("predictions"))


def test_each_writer_has_files_of_its_own(log: EventLog) -> None:
    first, second = log.writer("predictions", "a"), log.writer("predictions", "a")
    first.append(b"1\n")
    second.append(b"2\n")
    first.append(b"3\n")
    assert sorted(path.read_bytes() for path in log.segments("predictions")) == [b"1\n3\n", b"2\n"]


def test_a_segment_is_sealed_when_its_writer_lets_go(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"1\n")
    (path,) = log.segments("predictions")
    assert not is_sealed(path)
    writer.close()
    assert is_sealed(path)


def test_segments_end_at_their_size(tmp_path: Path) -> None:
    log = EventLog(tmp_path, EventsSettings(segment_bytes=4096))
    writer = log.writer("predictions")
    for _ in range(9):
        writer.append(b"x" * 1023 + b"\n")
    assert [path.stat().st_size for path in log.segments("predictions")] == [4096, 4096, 1024]


def test_nobody_else_may_write_the_files(log: EventLog) -> None:
    log.writer("predictions").append(b"1\n")
    (path,) = log.segments("predictions")
    assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o027 == 0


def test_a_deleted_file_is_noticed(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"1\n")
    log.segments("predictions")[0].unlink()
    writer._look = 0.0  # as if a second had passed
    writer.append(b"2\n")
    assert _content(log) == b"2\n"


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 100 bytes: what a full disk does to a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
def test_a_batch_that_does_not_fit_leaves_nothing_behind(log: EventLog) -> None:
    writer = log.writer("predictions")
    writer.append(b"a" * 59 + b"\n")
    with pytest.raises(StoreError, match="can't be written: File too large"):
        writer.append(b"b" * 59 + b"\n")
    writer.append(b"c" * 39 + b"\n")
    assert _content(log) == b"a" * 59 + b"\n" + b"c" * 39 + b"\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("a file stands in the way")
    with pytest.raises(StoreError, match="Not a directory"):
        EventLog(tmp_path / "events").writer("predictions").append(b"1\n")


def test_durability_disk_syncs(tmp_path: Path) -> None:
    log = EventLog(tmp_path, EventsSettings(durability="disk"))
    log.writer("predictions").append(b"1\n")
    assert _content(log) == b"1\n"


def test_old_and_new_files_are_left_out_by_time(log: EventLog) -> None:
    log.writer("predictions", "old").append(b"1\n")
    (old,) = log.segments("predictions")
    day = dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC)
    os.utime(old, (0, 0))
    assert log.segments("predictions", since=now - day) == ()
    assert log.segments("predictions", until=now - day) == ()
    assert log.segments("predictions", until=now) == (old,)
