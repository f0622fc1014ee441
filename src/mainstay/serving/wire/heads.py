"""`Heads`: the heads of plain requests that were read before. What was parsed once says the same the next time.

A client sends one head again and again, but for the length of its body. Parsing it costs as much as scoring a record,
so what the parser made of the very same bytes is remembered, and the parser isn't asked again. Nothing is remembered
that it didn't find sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mainstay.serving.handler import Handler
    from mainstay.serving.wire.intake import Head

END = b"\r\n\r\n"
_MOST = 512
_LONGEST = 2048
_ONCE = frozenset({b"x-request-id", b"traceparent", b"tracestate", b"idempotency-key"})
"""Headers that are others in each request."""


class Plain(NamedTuple):
    """What a plain request's head says.

    Parameters
    ----------
    path : str
        Where to.
    query : bytes
        What stands behind the question mark.
    handler : Handler
        Who answers there.
    head : dict
        The headers; nobody changes them.
    length : int
        Bytes of the body.
    keep_alive : bool
        Whether the connection stays.

    """

    path: str
    query: bytes
    handler: Handler
    head: Head
    length: int
    keep_alive: bool


class Heads:
    r"""What plain heads say, by their bytes.

    Examples
    --------
    >>> heads = Heads()
    >>> plain = Plain("/predict", b"", None, {}, 2, True)
    >>> heads.keep(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", plain, b"{}")
    >>> heads.find(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]") == (plain, b"[]")
    True

    """

    def __init__(self) -> None:
        self._known: dict[bytes, Plain] = {}

    def find(self, data: bytes) -> tuple[Plain, bytes] | None:
        """Give what is known of a head, and the body behind it, where `data` is one whole request."""
        end = data.find(END, 0, _LONGEST)
        plain = self._known.get(data[:end])
        if plain is None or len(data) - end - len(END) != plain.length:
            return None
        return plain, data[end + len(END) :]

    def keep(self, data: bytes, plain: Plain, body: bytes) -> None:
        """Remember what the parser found in `data`, where that was one plain request with `body`, and nothing else."""
        end = data.find(END, 0, _LONGEST)
        head = data[:end]
        # The parser takes a bare line feed for the end of a line, and line feeds before a request for nothing.
        whole = (
            data[end + len(END) :] == body and head.startswith(b"POST ") and head.count(b"\n") == head.count(b"\r\n")
        )
        if end > 0 and whole and _ONCE.isdisjoint(plain.head):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[head] = plain
