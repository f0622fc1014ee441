from __future__ import annotations

import asyncio
import ctypes
import errno
import threading
from typing import TYPE_CHECKING, ClassVar, Self

import pytest

from mainstay.events import EventsSettings
from mainstay.events import syncing as room
from mainstay.events.opened import OpenSegment
from mainstay.events.syncing import GroupSync
from mainstay.events.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.errors import StoreError

DISK = EventsSettings(durability="disk")


class Slow(OpenSegment):
    """On a disk whose syncs take as long as the test wants, and may fail."""

    syncs: ClassVar[int] = 0
    fails: ClassVar[bool] = False
    may: ClassVar[threading.Event]

    @classmethod
    def begin(cls, path: Path, *, durable: bool) -> Self:
        assert durable
        return super().begin(path, durable=durable)

    def sync(self) -> int:
        size = self.size
        Slow.syncs += 1
        assert Slow.may.wait(20)
        if Slow.fails:
            raise OSError(errno.EIO, "broken")
        return size


@pytest.fixture
def slow() -> type[Slow]:
    Slow.syncs, Slow.fails, Slow.may = 0, False, threading.Event()
    return Slow


class Asked:
    """What became of each turn."""

    def __init__(self, folder: Path, segments: type[OpenSegment]) -> None:
        self.writer = Writer(folder, "w", DISK, syncs=False, segments=segments)
        self.sync = GroupSync()
        self.told: dict[int, StoreError | None] = {}

    def turn(self, number: int) -> None:
        self.writer.write(b"%d\n" % number)
        self.sync.after(self.writer, lambda error: self.told.__setitem__(number, error))

    def end(self) -> None:
        self.sync.close()
        self.writer.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - on what a thread does
            await asyncio.sleep(0.001)


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))


def files(folder: Path) -> tuple[int, int]:
    return len(list(folder.glob("*.jsonl"))), len(list(folder.glob("*.seal")))


def test_all_turns_that_were_written_before_a_sync_share_it(tmp_path: Path, slow: type[Slow]) -> None:
    async def ask() -> Asked:
        asked = Asked(tmp_path, slow)
        asked.turn(0)
        asked.turn(1)  # of another model's ledger, in the same turn
        await until(lambda: Slow.syncs == 1)
        for number in range(2, 40):
            asked.turn(number)
            await asyncio.sleep(0)
        assert asked.told == {}
        assert written(tmp_path).count(b"\n") == 40
        Slow.may.set()
        await until(lambda: len(asked.told) == 40)
        return asked

    asked = asyncio.run(ask())
    assert set(asked.told.values()) == {None}
    assert Slow.syncs == 2
    asked.end()


def test_what_a_failed_sync_was_for_is_not_in_the_log_and_its_file_is_left(tmp_path: Path, slow: type[Slow]) -> None:
    async def ask() -> Asked:
        asked = Asked(tmp_path, slow)
        Slow.may.set()
        asked.turn(0)
        await until(lambda: 0 in asked.told)
        Slow.may.clear()
        Slow.fails = True
        asked.turn(1)
        await until(lambda: Slow.syncs == 2)
        asked.turn(2)  # behind what is lost, in the same file
        Slow.may.set()
        await until(lambda: len(asked.told) == 3)
        Slow.fails = False
        asked.turn(3)
        await until(lambda: len(asked.told) == 4)
        return asked

    asked = asyncio.run(ask())
    said = {number: error.message if error else "" for number, error in asked.told.items()}
    assert said[0] == said[3] == ""
    assert said[1] == said[2] == f"The event log can't be written: Input/output error ({tmp_path})."
    asked.end()
    assert written(tmp_path) == b"0\n3\n"
    assert files(tmp_path) == (2, 2)


def test_a_full_segment_is_sealed_after_its_sync(tmp_path: Path, slow: type[Slow]) -> None:
    async def ask() -> Asked:
        asked = Asked(tmp_path, slow)
        asked.writer._settings = EventsSettings(durability="disk", segment_bytes=4096)
        asked.turn(0)
        await until(lambda: Slow.syncs == 1)
        asked.writer.write(b"x" * 5000 + b"\n")
        asked.turn(1)  # into the next file
        assert files(tmp_path) == (2, 0)
        Slow.may.set()
        await until(lambda: len(asked.told) == 2)
        await until(lambda: files(tmp_path) == (2, 1))
        return asked

    asyncio.run(ask()).end()


def test_a_disk_that_does_not_answer_is_told(tmp_path: Path, slow: type[Slow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE", 0.05)

    async def ask() -> Asked:
        asked = Asked(tmp_path, slow)
        asked.turn(0)
        await until(lambda: "hasn't answered" in asked.sync.trouble)
        Slow.may.set()
        await until(lambda: asked.told == {0: None})
        return asked

    asked = asyncio.run(ask())
    assert asked.sync.trouble == ""
    asked.end()


def test_whoever_waits_for_a_thread_that_has_died_is_told(tmp_path: Path, slow: type[Slow]) -> None:
    async def ask() -> Asked:
        asked = Asked(tmp_path, slow)
        asked.turn(0)
        await until(lambda: Slow.syncs == 1)
        asked.turn(1)
        thread = ctypes.c_ulong(asked.sync.thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(MemoryError))
        Slow.may.set()
        await until(lambda: bool(asked.sync.thread.died))
        asked.sync.look()
        asked.turn(2)
        await until(lambda: len(asked.told) == 3)
        return asked

    asked = asyncio.run(ask())
    died = "The thread that forces the event log to the disk has died (MemoryError)."
    assert [error and error.message for _, error in sorted(asked.told.items())] == [died] * 3
    assert asked.sync.trouble == died
    asked.end()
    assert written(tmp_path) == b""


def test_nothing_waits_where_nothing_was_written(tmp_path: Path) -> None:
    told: list[StoreError | None] = []
    GroupSync().after(Writer(tmp_path, "w", DISK, syncs=False), told.append)
    assert told == [None]
