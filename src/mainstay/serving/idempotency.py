"""`Once`: a request that is sent twice under one Idempotency-Key is answered once, and logged once.

As draft-ietf-httpapi-idempotency-key-header-06 has it: the same key with another request is refused with 422, and one
whose first request is still under way is waited for a while, then refused with 409. What is kept is of this process
alone. For a retry that reaches another one, `ids_by_key` gives the answers the ids they had the first time: they stand
in the log twice then, and its readers count them once.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.client.keys import each_id, each_line_id, is_key
from mainstay.serving.replies import RETRY, Refused, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.call import Call
    from mainstay.serving.handler import Held, Outcome
    from mainstay.serving.wire.intake import Head

    Work = Callable[[], Held | Awaitable[Held]]
    Name = tuple[str, str]

HEADER = b"idempotency-key"
_KEY = re.compile(rb'"?([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"?')  # a structured field's string, or what stands in one
_KEPT_SECONDS = 600.0
_MOST_KEPT = 10_000
_MOST_BYTES = 16 * 1024 * 1024
_AROUND = 300  # bytes an entry takes beside its answer
_PATIENCE = 2.0  # seconds until who waits for the first request is told to come again
_NEAR = 300.0  # seconds a key's own time may be off before it no longer names answers: the log is searched by it
_REPLAYED = (b"idempotency-replayed", b"true")


@dataclass(slots=True, eq=False)
class _Kept:
    """What is known of a key: what was asked, and the answer once it is out."""

    asked: bytes
    since: float
    reply: Reply | None = None
    id: str | None = None
    over: asyncio.Future[None] | None = None

    @property
    def size(self) -> int:
        return _AROUND + (len(self.reply.body) if self.reply else 0)


class Once:
    """Remembers what one model answered, by consumer and key.

    Refusals and failures aren't remembered: a request that got one may be sent again under its key. The oldest answers
    are forgotten first where there are more than 10 000, more than 16 MiB of them, or after ten minutes.

    Parameters
    ----------
    count : callable
        Told the route of each answer that is given again.

    """

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._kept: OrderedDict[Name, _Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def answer(self, call: Call, route: str, work: Work) -> Outcome | Awaitable[Outcome]:
        """Answer a request that has a key: by `work`, or as it was answered before.

        Raises
        ------
        Refused
            400 where the key is none, 422 where it came with another request, 409 where that is still under way.

        """
        name, asked = (call.consumer, key_of(call.head)), _digest(call)
        self._forget_old()
        kept = self._kept.get(name)
        if kept is None:
            return self._begin(name, _Kept(asked, time.monotonic()), work)
        if kept.asked != asked:
            raise Refused(
                422,
                "key",
                "This Idempotency-Key came with another request before.",
                "Use a new key for a new request; keep it only where the same request is sent again.",
            )
        if kept.reply is None:
            return self._wait(call, route, work, kept)
        self._count(route)
        call.id = call.id or kept.id
        return Reply(kept.reply.status, kept.reply.body, (*kept.reply.headers, _REPLAYED))

    def _begin(self, name: Name, kept: _Kept, work: Work) -> Outcome | Awaitable[Outcome]:
        self._kept[name] = kept
        self._bytes += kept.size
        try:
            found = work()
        except BaseException:
            self._forget(name, kept)
            raise
        return self._go_on(name, kept, found) if isinstance(found, Awaitable) else self._hold(name, kept, found)

    async def _go_on(self, name: Name, kept: _Kept, found: Awaitable[Held]) -> Outcome:
        try:
            held = await found
        except BaseException:
            self._forget(name, kept)
            raise
        return self._hold(name, kept, held)

    def _hold(self, name: Name, kept: _Kept, held: Held) -> Held:
        """Remember the answer when it is out: only then it is in the log, and nothing else became of it."""
        then = held.call.after

        def keep() -> None:
            self._keep(name, kept, held)
            if then is not None:
                then()

        held.call.after = keep
        return held

    def _keep(self, name: Name, kept: _Kept, held: Held) -> None:
        if held.reply.status != 200:
            self._forget(name, kept)
            return
        if self._kept.get(name) is kept:
            self._bytes -= kept.size
            kept.reply, kept.id = held.reply, held.call.id
            self._bytes += kept.size
        self._end(kept)
        self._forget_old()

    async def _wait(self, call: Call, route: str, work: Work, kept: _Kept) -> Outcome:
        if kept.over is None:
            kept.over = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.shield(kept.over)
        except TimeoutError:
            raise Refused(
                409,
                "underway",
                "The first request with this Idempotency-Key is still under way.",
                "Send it again in a moment.",
                headers=RETRY,
            ) from None
        found = self.answer(call, route, work)
        return await found if isinstance(found, Awaitable) else found

    def _forget_old(self) -> None:
        before = time.monotonic() - _KEPT_SECONDS
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if oldest.since > before and len(self._kept) <= _MOST_KEPT and self._bytes <= _MOST_BYTES:
                return
            self._forget(name, oldest)

    def _forget(self, name: Name, kept: _Kept) -> None:
        if self._kept.get(name) is kept:
            del self._kept[name]
            self._bytes -= kept.size
        self._end(kept)

    def _end(self, kept: _Kept) -> None:
        if kept.over is not None and not kept.over.done():
            kept.over.set_result(None)


def key_of(head: Head) -> str:
    """Read the Idempotency-Key, in quotes or without.

    Raises
    ------
    Refused
        400 where it is empty, longer than 255 characters, or holds others than printable ASCII.

    Examples
    --------
    >>> key_of({b"idempotency-key": b'"order-17"'})
    'order-17'

    """
    match = _KEY.fullmatch(head[HEADER])
    if match is None:
        raise Refused(
            400,
            "key",
            "The Idempotency-Key can't be used.",
            "Send 1 to 255 printable ASCII characters; a UUIDv7 names the answer, too.",
        )
    return match[1].decode()


def ids_by_key(head: Head, new_id: Callable[[], str]) -> Callable[[], str]:
    """Give what makes the ids of a request's answers: its key, where that is a UUIDv7 of about now.

    Parameters
    ----------
    head : dict
        Headers of the request.
    new_id : callable
        Makes ids otherwise.

    """
    key = _key_of_now(head)
    return new_id if key is None else each_id(key).__next__


def line_ids_by_key(call: Call, new_id: Callable[[], str]) -> Callable[[], str]:
    """Give what makes the ids of a request's lines of feedback: alike wherever the same request arrives again."""
    key = _key_of_now(call.head)
    return new_id if key is None else each_line_id(key, call.body).__next__


def _key_of_now(head: Head) -> str | None:
    if HEADER not in head:
        return None
    key = key_of(head)
    if not is_key(key) or abs(int(key.replace("-", "")[:12], 16) / 1000 - time.time()) > _NEAR:
        return None
    return key


def _digest(call: Call) -> bytes:
    asked = hashlib.blake2b(digest_size=16)
    for part in (call.method.encode(), call.path.encode(), call.query, call.body):
        asked.update(b"%d:" % len(part))
        asked.update(part)
    return asked.digest()
