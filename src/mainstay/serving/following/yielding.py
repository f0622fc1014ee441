"""`yielding`: what takes long in a thread leaves the event loop its turns."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFTEN = 0.0001  # seconds a thread may keep the interpreter while another one waits for it; Python's own are 0.005
_lock = threading.Lock()
_before: list[float] = []


@contextmanager
def yielding() -> Iterator[None]:
    """Let threads take turns often while something is loaded.

    A request takes the interpreter's lock several times, and each time a loading thread may keep it for a whole turn:
    with Python's own turns of 5 ms, every answer during a swap would be late by ten times what it takes. What is loaded
    takes a little longer for it. Several threads may load at once; the last to end restores what was.

    Examples
    --------
    >>> import sys
    >>> usual = sys.getswitchinterval()
    >>> with yielding(), yielding():
    ...     sys.getswitchinterval() < usual
    True
    >>> sys.getswitchinterval() == usual
    True

    """
    with _lock:
        _before.append(sys.getswitchinterval())
        sys.setswitchinterval(_OFTEN)
    try:
        yield
    finally:
        with _lock:
            usual = _before.pop()
            if not _before:
                sys.setswitchinterval(usual)
