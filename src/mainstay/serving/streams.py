"""`Streams`: what one model's server writes into the log, and whether it could."""

from __future__ import annotations

import datetime as dt
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.errors import StoreError
from mainstay.events import Found, encode_events
from mainstay.serving.process.voice import Seldom

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import EventLog
    from mainstay.events.log import Stream
    from mainstay.measures.finding import Finding

_MOST_FOUND = 100


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
        self.settings = log.settings
        self._refuses = log.settings.when_full == "refuse"
        self._model = model
        self._new_id = new_id
        streams: tuple[Stream, ...] = ("predictions", "feedback", "refusals", "findings")
        self.writers = {stream: log.writer(stream) for stream in streams}
        self._seldom = Seldom()
        self._found: deque[Finding] = deque(maxlen=_MOST_FOUND)
        self.trouble = ""
        """Why the last event could not be written; empty while all is well."""

    @property
    def shut(self) -> bool:
        """Whether nothing is to be answered, because it can't be written down."""
        return bool(self.trouble) and self._refuses

    def write(self, stream: Stream, lines: bytes) -> bool:
        """Append lines; says whether they are in the log.

        Raises
        ------
        StoreError
            Where they are not, and the project's policy is to refuse.

        """
        try:
            self.writers[stream].append(lines)
        except StoreError as error:
            self.trouble = error.message
            self._seldom.say("log", str(error))  # not at each request: it may be told into a file on the full disk
            if self._refuses and stream != "refusals":
                raise
            return False
        self.trouble = ""
        return True

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
            self._found.popleft()

    def close(self) -> None:
        """Seal what was written."""
        for writer in self.writers.values():
            writer.close()
