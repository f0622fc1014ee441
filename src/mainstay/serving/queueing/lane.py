"""`Lane`: the queue of one version. Takes whatever waits, has it scored in one call, and hands it back."""

from __future__ import annotations

import asyncio
import math
import time
from functools import partial
from typing import TYPE_CHECKING

from mainstay.serving.queueing.cost import Cost, Patience
from mainstay.serving.queueing.part import Failed, Part, Told, ask_parts
from mainstay.serving.queueing.waiting import Waiting
from mainstay.serving.queueing.worker import Worker
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Row
    from mainstay.registry import Bundle
    from mainstay.serving.arms.recorder import Slot
    from mainstay.serving.pace import Pace
    from mainstay.serving.queueing.gauges import Gauges
    from mainstay.serving.queueing.part import Answers

MOST_WAITING = 1000
"""Requests that may wait for one version, whatever they would take."""
MOST_THREADS = 4
"""Threads that may wait for one version at once; as soon as all of them hang, nobody waits any more."""
_LATE, _LATE_AT_LEAST = 10.0, 0.5  # a call that takes so many times what was expected, and so many seconds, may hang
_NEWEST = 0.2  # weight of the newest lag
_TICK = 0.05  # seconds between two looks at the clock, at most
_LOOKS = 4  # at the clock, until a deadline


class _Run:
    """One call of the model that is under way.

    It is late when it takes so long that it may hang, and lost when nobody waits for it any more.
    """

    __slots__ = ("began", "expected", "late", "parts", "records", "worker")

    def __init__(self, worker: Worker, parts: list[Part], began: float, expected: float) -> None:
        self.worker = worker
        self.parts = parts
        self.records = sum(len(part.rows) for part in parts)
        self.began = began
        self.expected = expected
        self.late = False

    @property
    def lost(self) -> bool:
        return self.late and all(part.over for part in self.parts)


class Lane:
    """The queue of one version, and the threads that ask its model.

    There is no timer that waits for a batch to fill: a call takes whatever waits when the one before it is done, which
    is one record where nobody else is there. The event loop begins calls, so that what has just arrived is in them;
    where a full batch waits, the thread goes on by itself, and so is busy however much the loop has to do.

    Parameters
    ----------
    bundle : Bundle
        The version.
    pace : Pace
        How long it takes.
    asking : Slot
        Where the version is noted that is asked, so that it outlives a crash.
    deadline : float
        Seconds a request has.
    patience : float
        Seconds a request may wait for its turn where requests come in bursts.
    gauges : Gauges
        Where it is counted, and the operator is told.

    """

    def __init__(
        self,
        bundle: Bundle,
        pace: Pace,
        *,
        asking: Slot,
        deadline: float,
        patience: float,
        gauges: Gauges,
    ) -> None:
        self.bundle = bundle
        self.version = bundle.version.number
        self._pace = pace
        self._asking = asking
        self._deadline = deadline
        self._patience = Patience(patience)
        self._cost = Cost(pace)
        self._gauges = gauges
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(gauges)
        self._runs: set[_Run] = set()
        self._idle: list[Worker] = []
        self._due = self._looking = self._closed = False
        self._lag = 0.0
        """Seconds until the loop hears of an answer, smoothed: so long the model must have something else to do."""

    @property
    def stuck(self) -> bool:
        """Whether every thread it may have waits for an answer that nobody waits for any more."""
        return len(self._runs) >= MOST_THREADS and all(run.lost for run in self._runs)

    def wait_expected(self) -> float:
        """Say how many seconds a newcomer will wait for its turn."""
        now = time.monotonic()
        under_way = min((max(0.0, run.began + run.expected - now) for run in self._runs if not run.late), default=0.0)
        return under_way + self._cost.work(self._waiting.records)

    def demand_room(self, records: int) -> None:
        """Refuse, at once, who would have to wait too long.

        Raises
        ------
        Refused
            503, with the seconds after which there may be room.

        """
        self._patience.offer(self._cost.work(records), time.monotonic())
        if not self.full:
            return
        again = max(1, math.ceil(self.wait_expected()))
        raise Refused(
            503,
            "overload",
            f"Version {self.version} is asked for more than it can answer.",
            "Try again later; if it stays so, serve with more workers.",
            headers=((b"retry-after", b"%d" % again),),
        )

    @property
    def full(self) -> bool:
        """Whether a newcomer would have to wait too long."""
        if not (self._runs or self._waiting):
            return False
        allowed = min(self._patience.allowed(self._cost.seconds(1) + self._lag), self._deadline)
        return len(self._waiting) >= MOST_WAITING or self.wait_expected() > allowed

    def ask(self, rows: Sequence[Row]) -> asyncio.Future[Told]:
        """Have records scored, together with what else waits; cancel the future where the caller has gone."""
        now = time.monotonic()
        answer: asyncio.Future[Told] = self._loop.create_future()
        if self.stuck:
            answer.set_result(Told(Failed("hung", self._stuck_told()), 0.0))
            return answer
        part = Part(rows, now, now + self._deadline, answer)
        self._waiting.put(part)
        self._take_soon()
        if not self._looking:
            self._look_later()
        return answer

    def close(self) -> None:
        """Answer what waits, then let the threads end."""
        self._closed = True
        self._take()

    def abandon(self) -> None:
        """Let the threads end that have nothing to do."""
        while self._idle:
            self._idle.pop().end()

    def _take_soon(self) -> None:
        """Take what waits in the next turn of the loop, when all that this one brings is here."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._take)

    def _take(self) -> None:
        self._due = False
        if any(not run.late for run in self._runs) or len(self._runs) >= MOST_THREADS:
            return
        parts = self._waiting.take(self._pace.most)
        if parts:
            self._begin(parts)
        elif self._closed:
            self.abandon()

    def _begin(self, parts: list[Part]) -> None:
        worker = self._idle.pop() if self._idle else Worker(f"mainstay-version-{self.version}")
        run = self._run(worker, parts)
        self._runs.add(run)
        self._asking[0] = self.version
        worker.give(partial(self._work, run))

    def _run(self, worker: Worker, parts: list[Part]) -> _Run:
        run = _Run(worker, parts, time.monotonic(), 0.0)
        run.expected = self._cost.seconds(run.records)
        self._gauges.began(run.records)
        return run

    def _work(self, run: _Run) -> None:
        """Ask the model, as long as full batches wait; in a thread beside the loop."""
        following: _Run | None = run
        while following is not None:
            run = following
            answers = ask_parts(self.bundle, run.parts)
            ended = time.monotonic()
            parts = [] if run.late else self._waiting.take(self._pace.most, self._pace.most)
            following = self._run(run.worker, parts) if parts else None
            try:
                self._loop.call_soon_threadsafe(self._end, run, answers, ended, following)
            except RuntimeError:  # the loop has ended, and with it whoever waited
                run.worker.end()
                return

    def _end(self, run: _Run, answers: Answers, ended: float, following: _Run | None) -> None:
        """Hand a batch back to whoever still waits for it."""
        seconds = ended - run.began
        self._lag += _NEWEST * (time.monotonic() - ended - self._lag)
        self._runs.discard(run)
        if following is not None:
            self._runs.add(following)
        else:
            self._idle.append(run.worker)
        if not self._runs and self._asking[0] == self.version:
            self._asking[0] = 0
        if answers:
            self._cost.learn(run.records, seconds)
        for part, said in answers:
            if not part.over:
                share = self._pace.seconds(len(part.rows)) / self._pace.seconds(run.records)
                part.answer.set_result(Told(said, seconds * share))
        if self._waiting or self._closed:
            self._take_soon()

    def _look_later(self) -> None:
        self._looking = True
        self._loop.call_later(min(_TICK, self._deadline / _LOOKS), self._look)

    def _look(self) -> None:
        """Look at the clock: who has waited too long, and which call takes too long."""
        now = time.monotonic()
        self._looking = False
        for run in self._runs:
            usual = max(_LATE_AT_LEAST, _LATE * run.expected)
            if not run.late and now - run.began > min(usual, self._deadline):
                run.late = True
                self._take_soon()  # another thread goes on
            if self._expire(run.parts, now):
                self._gauges.hung(now - run.began, len(self._runs))
        self._expire(self._waiting, now)
        if self.stuck:
            self._give_up()
        if self._waiting or any(not part.over for run in self._runs for part in run.parts):
            self._look_later()

    def _expire(self, parts: Iterable[Part], now: float) -> bool:
        """Answer those whose time is over."""
        missed = [part for part in parts if part.deadline <= now and not part.over]
        for part in missed:
            told = f"it gave no answer within {self._deadline:g} seconds."
            part.answer.set_result(Told(Failed("deadline", told), now - part.since))
        if missed:
            self._gauges.missed(len(missed))
        return bool(missed)

    def _give_up(self) -> None:
        """Let nobody wait behind threads that all hang."""
        for part in self._waiting:
            if not part.over:
                part.answer.set_result(Told(Failed("hung", self._stuck_told()), time.monotonic() - part.since))

    def _stuck_told(self) -> str:
        return f"{len(self._runs)} threads still wait for earlier answers of it."
