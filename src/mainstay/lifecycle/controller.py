"""The controller: one leader that looks, decides, tells and acts, until it is told to stop."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from mainstay.decisions import DecisionsSettings, Outbox, senders
from mainstay.errors import MainstayError
from mainstay.lifecycle.order import operate
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.state import acquire, controller, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import Action
    from mainstay.project import Project

_MOST_AT_ONCE = 50  # windows caught up on in one turn


def run(project: Project, *, every: float, once: bool = False, tell: Callable[[str], None] = print) -> None:
    """Look every so many seconds until SIGTERM or Ctrl-C.

    Parameters
    ----------
    project : Project
        Which one.
    every : float
        Seconds between two looks.
    once : bool
        Whether one turn is enough.
    tell : callable
        Takes a line when something can't be done; what must be known by people goes out by ``[decisions] alert``.

    """
    stop = _on_signals()
    try:
        _loop(project, every, stop, once=once, tell=tell)
    finally:
        with suppress(MainstayError):
            step_down(project)


def _loop(project: Project, every: float, stop: threading.Event, *, once: bool, tell: Callable[[str], None]) -> None:
    outbox = Outbox(senders(project.section("decisions", DecisionsSettings).alert))
    last = ""
    while True:
        try:
            done, last = turn(open_project(project.root), ttl=3 * every + 5), ""
            for undelivered in outbox.post(done):
                tell(f"{undelivered.sender} could not be told ({undelivered.why}); tried again at the next look.")
        except MainstayError as error:
            # The controller outlives a registry that is locked or gone for a while; it says so once, not each time.
            if str(error) != last:
                tell(str(error))
            last = str(error)
            if once:
                raise
        if once or stop.wait(every):
            return


def turn(project: Project, *, ttl: float) -> tuple[Action, ...]:
    """Catch up with every window that is over, if nobody else leads; returns what was done."""
    with open_books(project) as books:
        if books.releases.last_id(project.name) == 0:
            return ()
        owner = f"{socket.gethostname()}:{os.getpid()}"
        token = acquire(books.state, controller(project.name), owner, dt.timedelta(seconds=ttl), _now())
        if token is None:
            return ()
    done: list[Action] = []
    for _ in range(_MOST_AT_ONCE):
        more = operate(project, now=_now())
        if more is None:
            break
        done += more
    return tuple(done)


def step_down(project: Project) -> None:
    """Give the leadership back, so that the next controller needn't wait for the lease to end."""
    with open_books(project) as books:
        release(books.state, controller(project.name), f"{socket.gethostname()}:{os.getpid()}", _now())


def _on_signals() -> threading.Event:
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
