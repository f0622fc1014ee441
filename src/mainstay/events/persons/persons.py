"""`Persons`: what every place of the keys gives, and the keys that a process holds in memory."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

KEY_BYTES = 32
FRESH = 1.0
"""Seconds in which every process notices that keys were destroyed."""
_MOST_KEPT = 50_000  # keys in memory: some 15 MB


class Persons(ABC):
    """The keys of a project's persons; safe to use from any thread. Nothing is opened, or made, before the first use.

    Attributes
    ----------
    shared : bool
        Whether other machines seal with them, too: then no one log says whose are still needed.

    """

    shared: bool = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._times = -1
        self._look = 0.0

    def keys(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the key of each person, making those that aren't there yet; they are stored when this returns.

        Raises
        ------
        StoreError
            Where they can't be read or stored.

        """
        with self._lock:
            self._heed()
            kept, wanted = self._kept, set(people)
            found = {}
            for person in wanted:
                if (key := kept.get(person)) is not None:
                    kept.move_to_end(person)
                    found[person] = key
            if lacking := sorted(wanted.difference(found)):
                new = self._make(lacking)
                kept.update(new)
                found |= new
                while len(kept) > _MOST_KEPT:
                    kept.popitem(last=False)
            return found

    @abstractmethod
    def known(self, people: Iterable[str]) -> dict[str, bytes]:
        """Give the keys that there are; none is made, and nothing is kept in memory.

        Raises
        ------
        StoreError
            Where they can't be read.

        """

    @abstractmethod
    def everybody(self) -> list[str]:
        """List whose keys there are."""

    @abstractmethod
    def put(self, keys: Mapping[str, bytes]) -> None:
        """Take keys in from elsewhere; of a person who has one here, that one stays."""

    @abstractmethod
    def destroy(self, people: Collection[str]) -> int:
        """Destroy keys, so that no byte of them is left where they are kept; gives how many there were.

        Other processes forget them within a second (`FRESH`).

        Raises
        ------
        StoreError
            Where they can't be destroyed, or something of them is left.

        """

    def destructions(self) -> int:
        """Count how often keys were destroyed, by any process; what was read before that may hold what is gone.

        Raises
        ------
        StoreError
            Where that can't be read.

        """
        with self._lock:
            self._heed()
            return self._times

    @abstractmethod
    def back_up(self, target: Path) -> None:
        """Copy the keys, as of now, into a file for this user alone, which `EmbeddedPersons` reads."""

    @abstractmethod
    def close(self) -> None:
        """Let go of where they are kept."""

    @abstractmethod
    def _destructions(self) -> int:
        """Count how often keys were destroyed, by any process."""

    @abstractmethod
    def _make(self, lacking: list[str]) -> dict[str, bytes]:
        """Give keys, making those that aren't there; whoever was faster made the one that counts."""

    def _heed(self) -> None:
        """Forget what is in memory where keys were destroyed since, by any process."""
        now = time.monotonic()
        if now < self._look:
            return
        times = self._destructions()
        if times != self._times:
            self._kept.clear()
        self._times, self._look = times, now + FRESH / 2
