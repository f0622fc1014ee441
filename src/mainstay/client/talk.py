"""One request with all its tries, without a socket: a conversation that says what to send and how long to wait.

`converse` is a generator: it yields `Send` and is told what came of it (`Got` or `Lost`), or yields `Wait`. The clients
drive it, one with threads and one with an event loop, and so can't differ in what they try again.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from mainstay.client.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator

    from mainstay.client.settings import Patience

    Talk = Generator["Send | Wait", "Got | Lost | None", "Got"]

BUSY = frozenset({429, 502, 503, 504})
"""Statuses that pass: too much at once, or nobody there who could answer."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, the same at each try.

    Parameters
    ----------
    method, path : str
        Where to.
    body : bytes
        JSON; empty where nothing is sent.
    headers : dict of str to str
        Beside those of every request.
    key : str
        Its Idempotency-Key, empty where it has none.

    """

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = {}
    key: str = ""


class Send(msgspec.Struct, frozen=True):
    """To be sent now; given up after so many seconds."""

    request: Request
    seconds: float


class Wait(msgspec.Struct, frozen=True):
    """To be waited now, seconds."""

    seconds: float


class Got(msgspec.Struct, frozen=True):
    """An answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lost(msgspec.Struct, frozen=True):
    """No answer.

    Parameters
    ----------
    told : str
        What happened, as the end of a sentence.
    again : bool
        Whether another try may help: the connection was refused or broke. Not after a time-out: who is slow isn't
        helped by more requests.
    cure : str
        What helps, where it is known.

    """

    told: str
    again: bool
    cure: str = ""


def converse(request: Request, patience: Patience) -> Talk:
    """Send a request until it is answered, or no further try is worth it; returns the answer, whatever its status.

    A request that reads, or that has a key, may be sent again: it isn't answered or logged twice by that.

    Raises
    ------
    UnavailableError
        Where no try was answered, or the last one said that the server is busy.

    """
    end = time.monotonic() + patience.total
    for tried in range(patience.retries + 1):
        came = yield Send(request, max(0.001, end - time.monotonic()))
        if isinstance(came, Got) and not _is_passing(came):
            return came
        wait = _wait(came, tried, patience)
        if tried == patience.retries or wait is None or time.monotonic() + wait >= end:
            raise unavailable(came, request, tried + 1)
        yield Wait(wait)
    raise AssertionError  # the last try returned or raised


def _is_passing(got: Got) -> bool:
    # 409: the first try of this request is still under way.
    return got.status in BUSY or got.status == 409


def _wait(came: Got | Lost | None, tried: int, patience: Patience) -> float | None:
    """Say how long to wait before the next try; None where there should be none."""
    drawn = random.uniform(0, min(patience.longest_wait, patience.first_wait * 2**tried))  # noqa: S311 - no secret
    if isinstance(came, Got):
        asked = retry_after(came.headers)
        if asked is None:
            return drawn
        # All who were sent away together come back apart.
        return asked + drawn / 2 if asked <= patience.longest_wait else None
    return drawn if came is not None and came.again else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``: seconds, or a time; None where there is none that can be read.

    Examples
    --------
    >>> retry_after({"retry-after": "2"})
    2.0
    >>> retry_after({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"})
    0.0
    >>> retry_after({"retry-after": "soon"}) is None
    True

    """
    found = headers.get("retry-after", "").strip()
    if found.isdecimal() and len(found) < 10:
        return float(found)
    try:
        at = parsedate_to_datetime(found)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())


def unavailable(came: Got | Lost | None, request: Request, tries: int) -> UnavailableError:
    """Say why a request stayed without an answer."""
    often = "" if tries == 1 else f" ({tries} tries)"
    if not isinstance(came, Got):
        told = came.told if came is not None else "wasn't reached"
        runs = "See whether it runs, and listens at this address."
        cure = runs if came is None or came.again else came.cure or "Try again later."
        return UnavailableError(f"The server {told}{often}.", cure, key=request.key)
    said = read_problem(came)
    return UnavailableError(
        f"{said.detail or f'The server answers {came.status}.'}{often}",
        said.cure,
        status=came.status,
        cause=said.cause,
        key=request.key,
        request=came.headers.get("x-request-id", ""),
        retry_after=retry_after(came.headers),
    )


class Said(msgspec.Struct, frozen=True):
    """What a problem document (RFC 9457) says; empty where the answer is none."""

    type: str = ""
    detail: str = ""
    cure: str = ""
    errors: tuple[SaidError, ...] = ()

    @property
    def cause(self) -> str:
        """The word for programs."""
        return self.type.rpartition(":")[2]


class SaidError(msgspec.Struct, frozen=True):
    """One reason, by record and field."""

    record: int = 0
    field: str = ""
    found: str = ""
    message: str = ""


def read_problem(got: Got) -> Said:
    """Read a problem document; empty where the body is none, as a proxy's page."""
    try:
        return _read(got.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Said()


_read = msgspec.json.Decoder(Said).decode
