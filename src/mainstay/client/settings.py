"""`Patience`: how long a caller waits, and how often it tries again."""

from __future__ import annotations

import msgspec


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call may take, and how often it is tried.

    Parameters
    ----------
    connect : float
        Seconds to reach the server.
    read : float
        Seconds without a byte of the answer.
    total : float
        Seconds for a request with all its tries and the waiting between them.
    retries : int
        Tries after the first.
    first_wait : float
        The first wait is drawn from 0 to this many seconds; each further one from twice as many.
    longest_wait : float
        The most that is waited between two tries. A server that says ``Retry-After`` later than that isn't waited for.

    """

    connect: float = 2.0
    read: float = 10.0
    total: float = 30.0
    retries: int = 4
    first_wait: float = 0.1
    longest_wait: float = 5.0
