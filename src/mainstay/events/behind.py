"""`Behind`: lines that are written behind the answers: a bounded buffer, and a thread that empties it.

What waits is lost with the process, and no more than the buffer holds. A disk that is full or slow loses nothing by
itself: the lines wait, until the buffer is full as well; then whoever comes next is told.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events.log import Stream
    from mainstay.events.writer import Writer

_GATHER = 0.02  # seconds in which lines gather: a thread that wakes up for each takes turns with the event loop
_LOOK = 1.0  # seconds between looks at the clock, and between tries at a disk that takes nothing
_LEAVE = 10.0  # seconds the thread may take for what still waits when it is asked to end


class Behind:
    """The lines of several streams that wait to be written.

    Parameters
    ----------
    most : int
        Bytes that may wait.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._ending = False
        self._sinks: list[Sink] = []
        self._trouble = ""
        self.lose: Callable[[Stream, int], object] = lambda _stream, _events: None
        """Told how many events of which stream were lost at the end."""
        self.thread = Watched("writes the event log", self._work)

    @property
    def trouble(self) -> str:
        """Why lines wait longer than they should, or can't be written any more; empty while all is well."""
        if self.thread.died:
            return f"The thread that writes the event log has died ({self.thread.died})."
        return self._trouble

    def sink(self, stream: Stream, writer: Writer) -> Sink:
        """Make what takes a stream's lines; from then on the writer belongs to the thread."""
        made = Sink(self, stream, writer)
        self._sinks.append(made)
        return made

    def put(self, sink: Sink, lines: bytes) -> None:
        """Let lines wait; raises StoreError where there is no room, or nobody writes them any more."""
        self.demand(len(lines))
        if self.thread.ident is None:
            self._start()
        with self._lock:
            sink.waiting.append(lines)
            self._bytes += len(lines)
        self._wanted.set()

    def demand(self, room: int) -> None:
        """Raise StoreError where so many bytes can't be taken now."""
        if self.thread.died:
            raise StoreError(self.trouble, "Start the worker anew.")
        if self._bytes + room > self._most:
            because = self._trouble or "The disk is slower than the answers."
            raise StoreError(f"The event log's buffer is full. {because}", "Free some space, or raise buffer_bytes.")

    def close(self) -> None:
        """Write what waits, seal everything, and tell what could not be written."""
        self._ending = True
        self._wanted.set()
        if self.thread.is_alive():
            self.thread.join(_LEAVE)
        if not self.thread.is_alive():  # else it hangs on the disk, and nobody else may touch its files
            for sink in self._sinks:
                if self.thread.died:
                    sink.writer.begin_anew()
            self._write()
            self._write()  # what came while the thread held the rest
            for sink in self._sinks:
                sink.writer.close()
        for sink in self._sinks:
            if left := sink.left():
                self.lose(sink.stream, left)

    def _start(self) -> None:
        try:
            self.thread.start()
        except RuntimeError as error:
            raise StoreError(
                f"The event log can't be written: {error}.", "Let this server have more threads."
            ) from None

    def _work(self) -> bool:
        self._wanted.wait(_LOOK)
        self._wanted.clear()
        if not self._ending and self._bytes < self._most // 2:
            time.sleep(_GATHER)
        if not self._write() and not self._ending:
            time.sleep(_LOOK)
        for sink in self._sinks:
            sink.writer.look()
        return not self._ending

    def _write(self) -> bool:
        """Write what waits by now, with one write per stream; what can't be written goes on waiting."""
        trouble = ""
        for sink in self._sinks:
            try:
                self._write_one(sink)
            except StoreError as error:
                trouble = error.message
        self._trouble = trouble
        return not trouble

    def _write_one(self, sink: Sink) -> None:
        if not sink.taken:
            with self._lock:
                sink.taken, sink.waiting = sink.waiting, []
        if not sink.taken:
            return
        lines = b"".join(sink.taken)
        sink.writer.write(lines)
        sink.taken = []
        with self._lock:
            self._bytes -= len(lines)


class Sink:
    """Takes the lines of one stream, as a `Writer` does; they are written later.

    Attributes
    ----------
    waiting, taken : list of bytes
        What waits, and what the thread has in hand; the lock belongs to whoever moves it.

    """

    def __init__(self, behind: Behind, stream: Stream, writer: Writer) -> None:
        self.stream = stream
        self.writer = writer
        self.waiting: list[bytes] = []
        self.taken: list[bytes] = []
        self._behind = behind

    def append(self, lines: bytes) -> None:
        """Let lines wait; raises StoreError where there is no room, or nobody writes them any more."""
        self._behind.put(self, lines)

    def probe(self) -> None:
        """Raise StoreError where nothing is taken now."""
        self._behind.demand(1)

    def left(self) -> int:
        """Count the lines that were never written."""
        return sum(lines.count(b"\n") for lines in (*self.taken, *self.waiting))
