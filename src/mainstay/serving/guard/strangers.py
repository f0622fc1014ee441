"""`Strangers`: who came without a valid key, how often, and what the operator is told of it."""

from __future__ import annotations

import time

from mainstay.serving.served import Seldom

PATIENCE = 20
"""Wrong keys an address may show within a minute; then it is told to wait."""
_WINDOW = 60.0  # seconds
_MOST = 10_000


class Strangers:
    """Counts by address what came without a valid key.

    A valid key always passes, whatever else came from its address: behind a proxy all callers share one, and whoever
    guesses there must not lock out the others. Guessing is hopeless anyway; the limit keeps it cheap and quiet.
    """

    def __init__(self) -> None:
        self._came: dict[str, tuple[float, int]] = {}
        self._seldom = Seldom()
        self._untold = 0

    def note(self, address: str) -> float:
        """Count one more from an address; gives how many seconds it must wait, 0 while its patience lasts."""
        now = time.monotonic()
        since, count = self._came.get(address, (now, 0))
        if now - since >= _WINDOW:
            since, count = now, 0
        if len(self._came) >= _MOST and address not in self._came:
            self._came.clear()
        self._came[address] = since, count + 1
        self._tell(address)
        return _WINDOW - (now - since) if count >= PATIENCE else 0.0

    def _tell(self, address: str) -> None:
        # One kind for all addresses, so that a thousand of them are one line a minute.
        self._untold += 1
        said = "request" if self._untold == 1 else "requests"
        place = f" from {address}" if address else ""
        told = f"{self._untold} {said} without a valid API key, the last{place}; counted in /metrics as code 401."
        if self._seldom.say("key", told):
            self._untold = 0
