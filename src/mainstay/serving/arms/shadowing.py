"""`Shadows`: versions that are compared unseen, in a small part of a worker's time and after the answers are out.

Whoever is answered while a shadow computes waits for it, so what a shadow takes is bounded as a share of all time, and
where there is more to do than that, it is done in one go when the share is full again: then fewer than one answer in
twenty meets it, which is why the champion's 95th percentile doesn't move, however slow the shadow is. What doesn't fit
waits in a bounded queue, and what doesn't fit there is shed and counted. Which records are left out depends on when
they came, not on what they hold, so the comparison stays fair.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.events import IdMaker
from mainstay.serving.dataplane import shadow_cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from mainstay.serving.call import Call
    from mainstay.serving.cases import Cases
    from mainstay.serving.ledger import Ledger
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.measuring.metrics import Metrics

MOST = 1000
"""Records that wait; what comes beyond is shed."""
SAVED = 0.002
"""Seconds of its share a shadow may have saved up: the longest time it keeps the event loop, but for one request; and
how much it waits for once it has used it up."""
_PAUSE = 0.005  # seconds between two looks at the queue


@dataclass(frozen=True, slots=True)
class _Job:
    call: Call
    lineup: Lineup
    taken: Cases


class Shadows:
    """The shadows of one model, in one worker; asked on the event loop alone.

    Parameters
    ----------
    ledger : Ledger
        Who writes their answers down.
    metrics : Metrics
        Where it is counted what was shed.
    aside : Executor
        Where slow shadows compute.
    share : float
        Of a worker's time.
    clock : callable
        Gives seconds that only grow.

    """

    def __init__(
        self,
        ledger: Ledger,
        metrics: Metrics,
        aside: Executor,
        share: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._aside = aside
        self._share = share
        self._clock = clock
        self._saved = SAVED
        self._since = clock()
        self._waiting: deque[_Job] = deque()
        self._records = 0
        self._busy: asyncio.AbstractEventLoop | None = None
        """The loop on which something is under way, or due."""
        self._new_id = IdMaker()

    def offer(self, call: Call, lineup: Lineup, taken: Cases) -> None:
        """Let the shadows answer what was answered just now: at once, later, or never."""
        loop = asyncio.get_running_loop()
        records = len(taken.cases)
        if self._busy is loop:
            if self._records + records > MOST:
                for arm in lineup.shadows:
                    self._metrics.shed.labels(self._ledger.model, arm.version, "shadow", "shadow").inc(records)
                return
            self._put(_Job(call, lineup, taken))
            return
        if self._busy is not None:  # of a loop that has ended
            self._waiting.clear()
            self._records = 0
        self._put(_Job(call, lineup, taken))
        self._busy = loop
        self._run(loop)

    def _put(self, job: _Job) -> None:
        self._waiting.append(job)
        self._records += len(job.taken.cases)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Compute as long as the share lasts; then wait until there is some again."""
        self._earn()
        while self._waiting and self._saved > 0:
            job = self._waiting.popleft()
            self._records -= len(job.taken.cases)
            if any(arm.pace.slow for arm in job.lineup.shadows):
                self._aside_of(loop, job)
                return
            begun = self._clock()
            self._end(job, shadow_cases(job.lineup, job.taken.cases, self._new_id), begun)
        if self._waiting:
            # Not as soon as there is a little: every sixth answer would wait for one record's shadow then.
            loop.call_later(max(_PAUSE, (SAVED - self._saved) / self._share), self._run, loop)
        else:
            self._busy = None

    def _aside_of(self, loop: asyncio.AbstractEventLoop, job: _Job) -> None:
        begun = self._clock()

        def done(future: asyncio.Future[Cases]) -> None:
            try:
                self._end(job, future.result(), begun)
            finally:
                self._run(loop)

        work = loop.run_in_executor(self._aside, shadow_cases, job.lineup, job.taken.cases, self._new_id)
        work.add_done_callback(done)

    def _earn(self) -> None:
        now = self._clock()
        self._saved = min(SAVED, self._saved + self._share * (now - self._since))
        self._since = now

    def _end(self, job: _Job, shadowed: Cases, begun: float) -> None:
        self._ledger.count_failures(shadowed, "shadow")
        done = shadowed.cases
        each = round((self._clock() - begun) * 1e9 / max(1, len(done)))
        self._ledger.shadowed(job.call, done, each, [case.id for case in job.taken.cases])
        self._saved -= self._clock() - begun
