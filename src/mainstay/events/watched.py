"""`Watched`: a thread of the log's own that says why it ended, where nobody asked it to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Watched(threading.Thread):
    """Does the same work again and again, until it is told that this was the last time.

    It keeps no process from ending: whoever hangs on a dead disk must not hold the whole server.

    Parameters
    ----------
    name : str
        What it does.
    work : callable
        One round; gives whether there is another one.

    """

    def __init__(self, name: str, work: Callable[[], bool]) -> None:
        super().__init__(name=f"mainstay: {name}", daemon=True)
        self._work = work
        self._asked = False
        self._why = ""

    def run(self) -> None:
        """Work."""
        try:
            while self._work():
                pass
            self._asked = True
        except BaseException as error:  # noqa: BLE001 - whatever ends it, whoever relies on it must be told
            self._why = f"{type(error).__name__}: {error}".rstrip(": ")

    @property
    def died(self) -> str:
        """Why it ended without having been asked; empty while it works, and after it was."""
        if self._asked or self.is_alive() or self.ident is None:
            return ""
        return self._why or "it ended"
