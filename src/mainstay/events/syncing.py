"""`GroupSync`: one sync for the answers of many turns, in a thread beside the event loop.

What was written before a sync began is on the disk when it is done, whoever wrote it. So while one is under way the
answers of all turns gather, and the next one is for all of them: a disk that takes 5 ms for a sync lets 200 of them
happen in a second, and thousands of answers go out with each. The event loop never waits.
"""

from __future__ import annotations

import asyncio
import queue
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from mainstay.errors import StoreError
from mainstay.events.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events.opened import OpenSegment
    from mainstay.events.writer import Writer

Then: TypeAlias = "Callable[[StoreError | None], object]"
Done: TypeAlias = "dict[OpenSegment, int | OSError]"
PATIENCE = 5.0
"""Seconds a sync may take before the disk is called stuck."""
_LEAVE = 10.0  # seconds the thread may take to end


class GroupSync:
    """Syncs what some writers wrote; asked on one event loop alone."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Writer, OpenSegment, Then]] = []
        self._under_way: list[tuple[Writer, OpenSegment, Then]] = []
        self._since = 0.0
        self._due = False
        self._jobs: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, set[OpenSegment]] | None] = queue.SimpleQueue()
        self.thread = Watched("syncs the event log", self._work)

    @property
    def trouble(self) -> str:
        """Why nothing is forced to the disk; empty while all is well."""
        if self.thread.died:
            return f"The thread that forces the event log to the disk has died ({self.thread.died})."
        if self._under_way and time.monotonic() - self._since > PATIENCE:
            return f"The disk of the event log hasn't answered for {time.monotonic() - self._since:.0f} s."
        return ""

    def demand(self) -> None:
        """Raise StoreError where nothing that is written now would be forced to the disk in time."""
        if trouble := self.trouble:
            raise StoreError(trouble, "Nothing is taken until what is written is forced to the disk again.")

    def after(self, writer: Writer, then: Then) -> None:
        """Tell when what `writer` wrote by now is on the disk, or why it can't be said to be."""
        segment = writer.segment
        if segment is None:  # nothing of it was written
            then(None)
            return
        segment.waits += 1
        self._waiting.append((writer, segment, then))
        if not self._under_way and not self._due:
            # Not at once: what else is written in this turn belongs to the same sync.
            self._due = True
            asyncio.get_running_loop().call_soon(self._begin)

    def look(self) -> None:
        """Answer those who wait for a thread that has died; asked now and then."""
        if self.thread.died:
            self._fail(StoreError(self.trouble, "Start the worker anew."))

    def close(self) -> None:
        """End the thread; what still waits has nobody left who would be told."""
        if self.thread.is_alive():
            self._jobs.put(None)
            self.thread.join(_LEAVE)

    def _begin(self) -> None:
        self._due = False
        if self.thread.ident is None:
            try:
                self.thread.start()
            except RuntimeError as error:
                self._fail(StoreError(f"Nothing can be forced to the disk: {error}.", "Let it have more threads."))
                return
        if self.thread.died:
            self.look()
            return
        self._under_way, self._waiting = self._waiting, []
        self._since = time.monotonic()
        self._jobs.put((asyncio.get_running_loop(), {segment for _, segment, _ in self._under_way}))

    def _work(self) -> bool:
        job = self._jobs.get()
        if job is None:
            return False
        loop, segments = job
        done: Done = {}
        for segment in segments:
            try:
                done[segment] = segment.sync()
            except OSError as error:
                done[segment] = error
        with suppress(RuntimeError):  # the loop has ended, and those who waited with it
            loop.call_soon_threadsafe(self._end, done)
        return True

    def _end(self, done: Done) -> None:
        told, self._under_way = self._under_way, []
        for segment, found in done.items():
            if not isinstance(found, OSError):
                segment.synced = found
        failed = {segment: found for segment, found in done.items() if isinstance(found, OSError)}
        if failed:  # what was written behind what is lost is in the same file
            told += [one for one in self._waiting if one[1] in failed]
            self._waiting = [one for one in self._waiting if one[1] not in failed]
        for writer, segment, _ in told:
            if segment in failed:
                writer.distrust(segment)
        for writer, segment, then in told:
            error = failed.get(segment)
            segment.release()
            then(None if error is None else writer.unwritten(error))
        if self._waiting and not self._due:
            self._begin()

    def _fail(self, error: StoreError) -> None:
        told, self._under_way, self._waiting = [*self._under_way, *self._waiting], [], []
        for writer, segment, _ in told:
            writer.distrust(segment)
        for _, segment, then in told:
            segment.release()
            then(error)
