"""`Call`: one request, whole: its line, its headers and its body."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mainstay.serving.measuring.trace import Trace, read_trace
from mainstay.serving.wire.intake import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.wire.intake import Head


class Call:
    """One request, from its headers to its reply.

    Parameters
    ----------
    method : str
        Its method.
    path : str
        Its path, without what stands behind the question mark.
    head : dict
        Its headers, names in lower case.
    body : bytes
        What was sent, inflated.
    query : bytes
        What stands behind the question mark.

    """

    __slots__ = (
        "after", "body", "consumer", "head", "id", "method", "origin", "path", "peer", "query", "started", "trace",
        "traced",
    )  # fmt: skip

    def __init__(self, method: str, path: str, head: Head, body: bytes = b"", query: bytes = b"") -> None:
        self.started = time.perf_counter_ns()
        self.method = method
        self.path = path
        self.head = head
        self.body = body
        self.query = query
        self.id = request_id(head) if b"x-request-id" in head else None
        self.traced: Trace | None = read_trace(head) if b"traceparent" in head else None
        """Which trace it belongs to, where the caller says so."""
        self.trace = self.traced.trace if self.traced is not None else None
        self.origin = ""
        """Where the server was reached, as in ``"http://127.0.0.1:8000"``; known where a page wants to name it."""
        self.consumer = ""
        """Who calls, by the key that came with the request; empty where no keys are asked for."""
        self.peer = ""
        """The address it came from; empty where that isn't known."""
        self.after: Callable[[], object] | None = None
        """What is to be done once the answer is out."""
