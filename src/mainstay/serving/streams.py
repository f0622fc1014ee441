"""`Streams`: what one model's server writes into the log, as safely as the project says, and whether it could."""

from __future__ import annotations

import datetime as dt
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from mainstay.errors import StoreError
from mainstay.events import Found, encode_events
from mainstay.events.behind import Behind
from mainstay.events.log import STREAMS
from mainstay.events.syncing import GroupSync
from mainstay.events.table.sealed import count_aside
from mainstay.serving.process.voice import Seldom, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import EventLog
    from mainstay.events.log import Stream
    from mainstay.events.syncing import Then
    from mainstay.measures.finding import Finding

_MOST_FOUND = 100
_WRITTEN: tuple[Stream, ...] = ("predictions", "feedback", "refusals", "findings")


class Appends(Protocol):
    """Takes lines of one stream: writes them, or lets them wait to be written."""

    def append(self, lines: bytes) -> None:
        """Take lines; raises StoreError where they can't be taken."""

    def probe(self) -> None:
        """Raise StoreError where nothing could be taken now."""


class Streams:
    """The streams of the log that a server writes: predictions, feedback, refusals, findings.

    Parameters
    ----------
    log : EventLog
        The project's.
    model : str
        Whose server.
    new_id : callable
        Makes the ids of findings.

    """

    def __init__(self, log: EventLog, model: str, new_id: Callable[[], str]) -> None:
        self.settings = settings = log.settings
        self.refuses = settings.when_full == "refuse"
        """Whether nothing is answered that can't be written down."""
        self.lose: Callable[[Stream, int], object] = lambda _stream, _events: None
        """Told how many events of a stream were lost."""
        self._root = log.root
        self._model = model
        self._new_id = new_id
        self._made = {stream: log.writer(stream, syncs=False) for stream in _WRITTEN}
        self._sync = GroupSync() if settings.durability == "disk" else None
        self._behind = Behind(settings.buffer_bytes) if settings.durability == "async" else None
        self.writers: dict[Stream, Appends] = {**self._made}
        if self._behind is not None:
            self.writers = {stream: self._behind.sink(stream, writer) for stream, writer in self._made.items()}
        self._seldom = Seldom()
        self._found: deque[Finding] = deque(maxlen=_MOST_FOUND)
        self._troubles: dict[Stream, str] = {}

    @property
    def trouble(self) -> str:
        """Why events could not be written, or are behind; empty while all is well."""
        beside = self._sync or self._behind
        return next(iter(self._troubles.values()), "") or (beside.trouble if beside else "")

    @property
    def shut(self) -> bool:
        """Whether nothing is to be answered, because it can't be written down, or never will be."""
        beside = self._sync or self._behind
        if beside is not None and beside.thread.died:
            return True
        return self.refuses and bool(self._troubles or (self._sync and self._sync.trouble))

    def damaged(self) -> dict[Stream, int]:
        """Count the lines of each stream that were found damaged, as they lie aside on this machine."""
        return {stream: count_aside(self._root / stream) for stream in STREAMS}

    def write(self, stream: Stream, lines: bytes) -> bool:
        """Append lines; says whether they are in the log, or will be.

        Raises
        ------
        StoreError
            Where they are not, and the project's policy is to refuse.

        """
        if not lines:
            return True
        try:
            if self._sync is not None and self.waits(stream):
                self._sync.demand()
            self.writers[stream].append(lines)
        except StoreError as error:
            self._fail(stream, error)
            if self.refuses and stream != "refusals":
                raise
            return False
        if self._sync is None:
            self._mended(stream)
        return True

    def waits(self, stream: Stream) -> bool:
        """Whether what was written isn't safe before `when_synced` says so."""
        return self._sync is not None and stream != "refusals"

    def when_synced(self, stream: Stream, then: Then) -> None:
        """Tell when what was written to a stream by now is on the disk, or why it isn't in the log after all."""
        assert self._sync is not None  # noqa: S101 - `waits` said so

        def told(error: StoreError | None) -> None:
            if error is None:
                self._mended(stream)
            else:
                self._fail(stream, error)
            then(error)

        self._sync.after(self._made[stream], told)

    def look(self) -> None:
        """Seal what is old, and find out whether what was wrong still is; about once a second."""
        if self._sync is not None:
            self._sync.look()
        if self._behind is None:
            for writer in self._made.values():
                writer.look()
        self._probe()
        if self.trouble and not self._troubles:
            self._seldom.say("log", f"{self._model}: {self.trouble}")

    def find(self, finding: Finding) -> None:
        """Take a finding of this server, from any thread; `write_found` writes it."""
        self._found.append(finding)

    def write_found(self) -> None:
        """Write the findings into the log, where the controller makes alerts of them."""
        while self._found:
            with suppress(StoreError):  # the operator was told, and /readyz says it
                event = Found(
                    event=self._new_id(), at=dt.datetime.now(dt.UTC), model=self._model, finding=self._found[0]
                )
                self.writers["findings"].append(encode_events([event]))
                if self.waits("findings"):
                    self.when_synced("findings", lambda _: None)
            self._found.popleft()

    def close(self) -> None:
        """Write what waits, and seal everything."""
        if self._behind is not None:
            self._behind.lose = self._lost
            self._behind.close()
            return
        if self._sync is not None:
            self._sync.close()
        for writer in self._made.values():
            writer.close()

    def _mended(self, stream: Stream) -> None:
        """Take it that a stream can be written again; what was wrong with it may be over for the others, too."""
        if self._troubles.pop(stream, None) is not None:
            self._probe()

    def _probe(self) -> None:
        """Find out which streams can be written again."""
        for stream in tuple(self._troubles):
            with suppress(StoreError):  # whoever is unready is asked nothing, and would never hear that all is well
                self.writers[stream].probe()
                self._troubles.pop(stream, None)

    def _fail(self, stream: Stream, error: StoreError) -> None:
        self._troubles[stream] = error.message  # its own: that another stream can be written mends nothing
        self._seldom.say("log", str(error))  # not at each request: it may be told into a file on the full disk

    def _lost(self, stream: Stream, events: int) -> None:
        say(f"{self._model}: {events} events ({stream}) could not be written before the end, and are lost.")
        self.lose(stream, events)
