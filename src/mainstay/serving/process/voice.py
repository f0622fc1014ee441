"""The server's own voice: one line to whoever runs it, and not the same one again and again."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

_LONGEST = 1000  # characters of a line to the operator
_SELDOM = 60.0  # seconds until the same kind of thing is told again
_MOST_KINDS = 100


class Seldom:
    """Tells whoever runs the server of each kind of thing at most once a minute."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def due(self, kind: str) -> bool:
        """Say whether that kind wasn't told within the minute; it counts as told from now on."""
        now = time.monotonic()
        if now - self._said.get(kind, -_SELDOM) < _SELDOM:
            return False
        if len(self._said) >= _MOST_KINDS:
            self._said.clear()
        self._said[kind] = now
        return True

    def say(self, kind: str, sentence: str) -> bool:
        """Tell, unless that kind was told within the minute; says whether it was told."""
        due = self.due(kind)
        if due:
            say(sentence)
        return due


def say(sentence: str) -> None:
    """Tell whoever runs the server, in one line of bounded length; where nobody listens any more, serving goes on."""
    with suppress(OSError, ValueError):
        print(f"mainstay: {' '.join(sentence.split())[:_LONGEST]}", file=sys.stderr, flush=True)  # noqa: T201 - the server's own voice
