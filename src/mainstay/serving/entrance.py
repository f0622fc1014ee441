"""`Entrance`: the way from a door to the work behind it, and back with an answer or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import BodyError
from mainstay.errors import RecordError
from mainstay.serving.dataplane import ScoringError
from mainstay.serving.handler import Held
from mainstay.serving.idempotency import HEADER
from mainstay.serving.refusals import problem_of
from mainstay.serving.replies import Refused, Reply, method_refused
from mainstay.serving.wire.intake import demand_own_origin, too_large

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mainstay.serving.call import Call
    from mainstay.serving.doors import Door
    from mainstay.serving.guard import Need
    from mainstay.serving.handler import Outcome
    from mainstay.serving.idempotency import Once
    from mainstay.serving.ledger import Ledger

    Work = Callable[[Call, Door], Held | Awaitable[Held]]

_KNOWN = (Refused, RecordError, BodyError, ScoringError)


class Entrance:
    """Answers the requests of one address by one door.

    Parameters
    ----------
    door : Door
        Its words.
    work : callable
        What is done with a request that may come in.
    ledger : Ledger
        Who writes refusals down.
    most : int
        Bytes a body may have.
    loopback : bool
        Whether only this machine can reach the server.
    once : Once, optional
        Who remembers what was answered to requests with a key.
    need : str
        What a caller's key must open.

    """

    def __init__(
        self,
        door: Door,
        work: Work,
        ledger: Ledger,
        *,
        most: int,
        loopback: bool,
        once: Once | None = None,
        need: Need = "predict",
    ) -> None:
        self.need = need
        self.model = ledger.model
        self._door = door
        self._work = work
        self._ledger = ledger
        self._most = most
        self._loopback = loopback
        self._once = once

    def __call__(self, call: Call) -> Outcome | Awaitable[Outcome]:
        """Answer a whole request; refusals are answers, too."""
        found: Outcome | Awaitable[Outcome]
        try:
            if call.method != "POST":
                raise method_refused(call.method, "POST")
            if b"origin" in call.head:
                demand_own_origin(call.head, loopback=self._loopback)
            if len(call.body) > self._most:
                raise too_large(self._most)
            if self._once is None or HEADER not in call.head:
                found = self._work(call, self._door)
            else:
                found = self._once.answer(call, self._door.name, lambda: self._work(call, self._door))
        except _KNOWN as error:
            return self.refuse(call, problem_of(error))
        return found if isinstance(found, Held | Reply) else self._wait(call, found)

    def refuse(self, call: Call, refused: Refused) -> Held:
        """Refuse a request in the door's words."""
        return self._ledger.refused(call, self._door.name, refused, self._door.refuse)

    async def _wait(self, call: Call, found: Awaitable[Outcome]) -> Outcome:
        try:
            return await found
        except _KNOWN as error:
            return self.refuse(call, problem_of(error))
