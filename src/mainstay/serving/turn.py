"""`Turn`: what is answered in one turn of the event loop is written down together, and then goes out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from mainstay.serving.handler import Held
from mainstay.serving.refusals import say_fault
from mainstay.serving.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mainstay.serving.handler import Outcome
    from mainstay.serving.ledger import Ledger
    from mainstay.serving.measuring.spans import Spans


class Sender(Protocol):
    """Whoever waits for a reply."""

    def send(self, reply: Reply) -> None:
        """Send it; a caller who has left gets nothing."""


class Turn:
    """Answers that wait for the end of the present turn of the event loop.

    Where they must be on the disk as well, they go out with the sync that covers them, and the next turns go on.

    Whoever answers thirty-two requests that arrived at once writes to the log once, not thirty-two times; and whoever
    answers a single one waits for nobody, because a turn ends as soon as nothing else has arrived.
    """

    def __init__(self) -> None:
        self._waiting: list[Held] = []
        self.spans: Spans | None = None
        """Who tells a collector of what went out."""
        self._began = 0.0

    def add(self, sender: Sender, held: Held) -> None:
        """Let an answer go out at the end of the turn, once it is in the log."""
        if not self._waiting:
            self._began = time.monotonic()
            asyncio.get_running_loop().call_soon(self.end)
        held.sender = sender
        self._waiting.append(held)

    def lasts_longer_than(self, seconds: float) -> bool:
        """Say whether the present turn has answers that have waited so long for its end.

        Whatever else arrived for this turn has waited at least as long: it is behind what can be answered in time.
        """
        return bool(self._waiting) and time.monotonic() - self._began > seconds

    async def wait(self, outcome: Outcome | Awaitable[Outcome]) -> Reply:
        """Wait for a handler, and until what it gave may go out; gives what goes out."""
        found = outcome if isinstance(outcome, Held | Reply) else await outcome
        if isinstance(found, Reply):
            return found
        waiter = _Waiter()
        self.add(waiter, found)
        return await waiter.reply

    def end(self) -> None:
        """Write down what waits, and send it: now, or as soon as it is as safe as it should be."""
        waiting, self._waiting = self._waiting, []
        self._send(settle(waiting, self._send))

    def _send(self, settled: Sequence[Held]) -> None:
        for held in settled:
            held.sender.send(held.reply)
        for held in settled:
            if (after := held.call.after) is not None:
                # It knows the call: left there, each would keep the other until the collector comes round.
                held.call.after = None
                _do(after)
        if self.spans is not None:
            for held in settled:
                self.spans.add(held)


class _Waiter:
    def __init__(self) -> None:
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def send(self, reply: Reply) -> None:
        if not self.reply.done():
            self.reply.set_result(reply)


def settle(some: Iterable[Held], later: Callable[[Sequence[Held]], object]) -> list[Held]:
    """Write down answers, each by its model's ledger; gives those that go out now, and the others `later`."""
    now: list[Held] = []
    ledgers: dict[Ledger, list[Held]] = {}
    for held in some:
        ledgers.setdefault(held.ledger, []).append(held)
    for ledger, part in ledgers.items():
        try:
            now += ledger.settle(part, later)
        except Exception as error:  # noqa: BLE001 - the last net: whoever waits for an answer gets one
            for held in part:
                held.reply = ledger.fail(held, error)
            now += part
    return now


def _do(after: Callable[[], object]) -> None:
    try:
        after()
    except Exception as error:  # noqa: BLE001 - the answer is out; the next one's work goes on
        say_fault(error)
