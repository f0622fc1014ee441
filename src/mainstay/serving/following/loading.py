"""What threads that load versions must not do at the same time: look at a type of msgspec's for the first time.

msgspec finds out about a type when it is first used, and a second thread that uses the type meanwhile may end the
process. So all types that are there are looked at before there are threads, and versions, whose adapters bring types
of their own, are loaded one by one.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 5.0  # seconds after which a version that hangs while it is loaded holds up no other
_lock = threading.Lock()


@contextmanager
def one_by_one() -> Iterator[None]:
    """Load a version while no other thread does."""
    mine = _lock.acquire(timeout=_PATIENCE)
    try:
        yield
    finally:
        if mine:
            _lock.release()


def look_at_types() -> None:
    """Let msgspec find out about every type there is, before there are threads."""
    left = [msgspec.Struct]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        with suppress(Exception):  # what can't be read from JSON isn't read from JSON by a thread either
            msgspec.json.Decoder(kind)
