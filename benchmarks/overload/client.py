"""An open-loop client: requests go out when they are due, whatever became of those before.

A closed loop waits for each answer before it asks again, so it slows down with the server and never overloads it. Here
arrivals are a Poisson process, and each latency counts from the moment a request was due (no coordinated omission: G.
Tene, "How NOT to Measure Latency", 2015).
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

_LIMIT = 10.0  # seconds until a request is given up


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request.

    Parameters
    ----------
    due : float
        When it was due, seconds since the beginning.
    late : float
        Seconds from then until it was sent: where this client itself is short of time, it measures itself.
    seconds : float
        From when it was due to its answer.
    status : int
        Of the answer; 0 where there was none.
    again : bool
        Whether it said when to come back (``Retry-After``).

    """

    due: float
    late: float
    seconds: float
    status: int
    again: bool


@dataclass
class Client:
    """Keeps connections alive, and opens another where all are in use.

    Parameters
    ----------
    port : int
        Of the server, on loopback.
    request : bytes
        The whole request.

    """

    port: int
    request: bytes
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def closed(self, connections: int, seconds: float) -> list[Answer]:
        """Ask over some connections, each as soon as it has its answer."""
        begun, answers = time.perf_counter(), list[Answer]()

        async def one() -> None:
            while (due := time.perf_counter()) - begun < seconds:
                answers.append(await self._ask(due, begun))

        await asyncio.gather(*(one() for _ in range(connections)))
        return answers

    async def open(self, rate: float, seconds: float, seed: int = 7) -> list[Answer]:
        """Ask so many times a second on average, whatever comes back."""
        dice = random.Random(seed)  # noqa: S311 - a sample, not a secret
        begun, tasks, due = time.perf_counter(), list[asyncio.Task[Answer]](), 0.0
        while (due := due + dice.expovariate(rate)) < seconds:
            late = begun + due - time.perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            tasks.append(asyncio.create_task(self._ask(begun + due, begun)))
        return list(await asyncio.gather(*tasks))

    async def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()

    async def _ask(self, due: float, begun: float) -> Answer:
        late = time.perf_counter() - due
        try:
            async with asyncio.timeout(_LIMIT):
                status, again = await self._send()
        except (OSError, EOFError, TimeoutError):
            status, again = 0, False
        return Answer(due - begun, late, time.perf_counter() - due, status, again)

    async def _send(self) -> tuple[int, bool]:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
        if b"connection: close" in head:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head.split(b" ", 2)[1]), b"retry-after: " in head
