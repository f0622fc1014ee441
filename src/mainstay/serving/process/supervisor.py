"""Several workers: one listening socket, N processes, and a parent that replaces whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.serving.guard.rates import SHARED as RATES
from mainstay.serving.guard.rates import Rates
from mainstay.serving.measuring.cells import SHARED, Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.served import say

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_LOOK = 0.1
_GIVE_UP = 2.0  # seconds: a worker that dies sooner than this, again and again, will not get better
_TRIES = 5
_LONGEST_PAUSE = 5.0


class Supervisor:
    """Keeps a number of workers running on one socket.

    Parameters
    ----------
    words : sequence of str
        Arguments of ``python -m mainstay.serving`` for a worker, without the socket's number.
    listener : socket
        Bound already; every worker accepts from it, and it outlives each of them.
    workers : int
        How many.
    grace : float
        Seconds a worker may take to end.

    """

    def __init__(self, words: Sequence[str], listener: socket.socket, workers: int, grace: float) -> None:
        self._words = words
        self._listener = listener
        self._grace = grace
        self._ending = False
        self._early = 0
        self._due: dict[int, float] = {}
        # The workers read the other end; it closes when this process is gone, however it went.
        self._alive, self._lifeline = os.pipe()
        # They write their process id into this one when they begin to answer.
        self._heard, self._told = os.pipe()
        os.set_blocking(self._heard, False)
        self._answering: set[int] = set()
        self._counts = Cells.shared(workers + 1)
        self._restarts = Metrics(cells=self._counts).restarts.labels()
        self._rates = Rates.shared()
        self._workers = {number: self._start(number, announce=number == 0) for number in range(workers)}
        self._born = dict.fromkeys(self._workers, time.monotonic())

    def run(self) -> int:
        """Watch over the workers until asked to end; returns the exit code."""
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._ending:
                time.sleep(_LOOK)
                code = self._replace_dead()
                if code:
                    return code
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def _end(self, *_: object) -> None:
        self._ending = True

    def _replace_dead(self) -> int:
        """Put another worker in the place of each that ended; gives the exit code where no one can be kept alive."""
        for number, worker in self._workers.items():
            if self._ending or worker.poll() is None:
                continue
            now = time.monotonic()
            if number not in self._due:
                code = self._mourn(number, worker, now)
                if code:
                    return code
            if now >= self._due[number]:
                del self._due[number]
                self._workers[number] = self._start(number, announce=False)
                self._restarts.inc()
                self._born[number] = now
        return 0

    def _mourn(self, number: int, worker: subprocess.Popen[bytes], now: float) -> int:
        """Say that a worker ended, and when another one takes its place; gives the exit code where none is to.

        As long as a worker answers, the others are tried again and again: what keeps them from starting may pass.
        """
        self._counts.vacate(number)
        early = now - self._born[number] < _GIVE_UP
        self._early = self._early + 1 if early else 0
        # Each of them may have been ended by one version, which the next ones don't load any more.
        hopeless = worker.returncode == 2 or self._early >= _TRIES + len(self._workers)
        if hopeless and not self._somebody_answers():
            return worker.returncode or 1  # it has said why
        pause = min(_LONGEST_PAUSE, 0.25 * 2.0**self._early) if hopeless else 0.0
        self._due[number] = now + pause
        say(f"Worker {worker.pid} ended ({worker.returncode}); another one takes its place.")
        return 0

    def _somebody_answers(self) -> bool:
        with suppress(BlockingIOError):
            self._answering |= {int(word) for word in os.read(self._heard, 1 << 16).split()}
        return any(worker.poll() is None and worker.pid in self._answering for worker in self._workers.values())

    def _start(self, number: int, *, announce: bool) -> subprocess.Popen[bytes]:
        socket_number = self._listener.fileno()
        words = [sys.executable, "-m", "mainstay.serving", *self._words, "--socket", str(socket_number)]
        words += ["--lifeline", str(self._alive), "--told", str(self._told), *(["--announce"] if announce else [])]
        return subprocess.Popen(  # noqa: S603 - our own command line, no shell
            words,
            pass_fds=(socket_number, self._alive, self._told, self._counts.file, self._rates.file),
            env={**os.environ, SHARED: self._counts.word_for(number), RATES: str(self._rates.file)},
            start_new_session=True,  # Ctrl-C reaches the parent alone, which ends the workers in order
        )

    def _stop(self) -> None:
        self._listener.close()  # or what comes after the workers have left would wait here, and then be dropped
        for worker in self._workers.values():
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        end = time.monotonic() + self._grace
        for worker in self._workers.values():
            try:
                worker.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        for end in (self._lifeline, self._alive, self._heard, self._told):
            os.close(end)
        self._counts.close()
        self._rates.close()
