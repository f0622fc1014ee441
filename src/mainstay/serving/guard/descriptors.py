"""How many connections a process can hold: each takes a file, and a system gives only so many of them."""

from __future__ import annotations

import resource
from contextlib import suppress

_OURS = 200  # files the server itself has open: the log, the books, the model, its threads' pipes
_LEAST = 16  # or it would serve nobody


def room_for(wanted: int) -> int:
    """Ask the system for room for so many connections; gives how many fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OURS
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < needed:
        asked = needed if hard == unlimited else min(needed, hard)
        with suppress(ValueError, OSError):  # what is given is enough to go on
            resource.setrlimit(resource.RLIMIT_NOFILE, (asked, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == unlimited else min(wanted, max(_LEAST, soft - _OURS))
