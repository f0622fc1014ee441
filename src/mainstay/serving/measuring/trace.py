"""`Trace`: which trace a request belongs to, as W3C Trace Context says it.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
from random import getrandbits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of version 00 nothing may follow; of a later one something may, behind a dash. ff is no version.
_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_KNOWN = 0b11  # flags whose meaning is defined; others are not passed on
_NO_TRACE, _NO_SPAN = b"0" * 32, b"0" * 16


class Trace:
    """One step of a trace: ours.

    Parameters
    ----------
    trace : str
        Id of the whole trace, 32 digits of base 16.
    parent : str
        Id of the caller's step, 16 digits; empty where the trace begins here.
    flags : str
        The caller's flags, two digits: whether the trace is recorded, and whether its id is random.

    Attributes
    ----------
    span : str
        Id of this step.

    """

    __slots__ = ("flags", "parent", "span", "trace")

    def __init__(self, trace: str, parent: str, flags: str) -> None:
        self.trace = trace
        self.parent = parent
        self.flags = flags
        self.span = f"{getrandbits(64) or 1:016x}"

    @classmethod
    def new(cls) -> Trace:
        """Begin one."""
        return cls(f"{getrandbits(128) or 1:032x}", "", "01")

    @property
    def sampled(self) -> bool:
        """Whether the trace is recorded."""
        return self.flags[1] in "13"

    @property
    def header(self) -> bytes:
        """What the answer's ``traceparent`` says."""
        return f"00-{self.trace}-{self.span}-{self.flags}".encode()


def read_trace(head: Mapping[bytes, bytes]) -> Trace | None:
    """Read a request's ``traceparent``; what isn't one is ignored, as the standard has it.

    Examples
    --------
    >>> found = read_trace({b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    >>> found.trace, found.parent, found.flags
    ('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', '01')

    """
    match = _PARENT.fullmatch(head.get(b"traceparent", b""))
    if match is None or match[1] == _NO_TRACE or match[2] == _NO_SPAN:
        return None
    if match[4] is not None and match[0].startswith(b"00"):
        return None
    return Trace(match[1].decode(), match[2].decode(), f"{int(match[3], 16) & _KNOWN:02x}")
