"""`Exchange`: one request on its way through the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mainstay.serving.intake import request_id, trace_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mainstay.serving.intake import Head, Receive


class Exchange:
    """One request, from its headers to its reply.

    Parameters
    ----------
    head : dict
        Its headers.
    receive : callable
        ASGI's.
    method : str
        Its method.
    query : bytes
        What stands behind the question mark.

    """

    __slots__ = ("after", "head", "id", "method", "query", "receive", "started", "trace")

    def __init__(self, head: Head, receive: Receive, method: str, query: bytes = b"") -> None:
        self.started = time.perf_counter_ns()
        self.head = head
        self.receive = receive
        self.method = method
        self.query = query
        self.id = request_id(head)
        self.trace = trace_id(head)
        self.after: Callable[[], Awaitable[None]] | None = None
