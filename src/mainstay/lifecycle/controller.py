"""The controller: one leader that looks, decides, tells and acts, until it is told to stop."""

from __future__ import annotations

import datetime as dt
import errno
import os
import secrets
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mainstay.decisions import DecisionsSettings, Outbox, senders
from mainstay.errors import LockedError, MainstayError, store_error
from mainstay.lifecycle.auditing import is_due, operate_audit
from mainstay.lifecycle.heeding import heed_servers
from mainstay.lifecycle.order import operate
from mainstay.lifecycle.shipping import Shipper
from mainstay.lifecycle.tracking import Mirror
from mainstay.lifecycle.windowing import keep_profiles
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.state import acquire, controller, lease_of, release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mainstay.events import Action
    from mainstay.project import Project

_MOST_AT_ONCE = 50  # windows caught up on in one turn
_AUDIT_APART = dt.timedelta(hours=1)


def run(
    project: Project,
    *,
    every: float,
    once: bool = False,
    as_json: bool = False,
    tell: Callable[[str], None] = print,
) -> None:
    """Look every so many seconds until SIGTERM or Ctrl-C.

    Parameters
    ----------
    project : Project
        Which one.
    every : float
        Seconds between two looks.
    once : bool
        Whether one turn is enough.
    as_json : bool
        Whether the lines of the ``log`` route are JSON.
    tell : callable
        Takes a line when something can't be done; what must be known by people goes out by ``[decisions] alert``.

    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"  # containers may share the first two
    with _signals() as stop:
        try:
            outbox = Outbox(senders(project.section("decisions", DecisionsSettings).alert, as_json=as_json))
            _loop(project, outbox, every, owner, stop, once=once, tell=tell)
        finally:
            with suppress(MainstayError):
                step_down(project, owner)


def _loop(
    project: Project,
    outbox: Outbox,
    every: float,
    owner: str,
    stop: threading.Event,
    *,
    once: bool,
    tell: Callable[[str], None],
) -> None:
    last, audited, mlflow = "", dt.datetime.min.replace(tzinfo=dt.UTC), Mirror(tell)
    shipper = Shipper(tell, dt.timedelta()) if once else Shipper(tell)
    while True:
        try:
            _post(outbox, (), tell)  # what waits, even where this look fails
            looked = False
            for done in turn(open_project(project.root), owner=owner, ttl=3 * every + 5):
                looked = True
                _post(outbox, done, tell)  # window by window: what fails later takes no alert with it
                if stop.is_set():
                    return
            _post(outbox, heed_servers(project, now=_now()), tell)
            mlflow.look(project)  # after every act and alert: none waits for it
            keep_profiles(project)
            last = ""
            if audited + _AUDIT_APART <= _now() and is_due(now_in_force := open_project(project.root), _now()):
                audited = _now()  # one that can't be made isn't tried again at every look
                lead(now_in_force, owner, 3 * every + 5)
                _post(outbox, operate_audit(now_in_force, now=audited), tell)
            if once and not looked:
                tell(f"{project.name}: no window is over yet. mainstay monitor looks at the one that is still open.")
        except (MainstayError, OSError) as error:
            # The controller outlives a registry that is locked or gone for a while; it says so once, not each time.
            if once:
                shipper.look(project, _now())
                raise
            said = _sentence(error)
            if said != last:
                tell(said)
            last = said
        shipper.look(project, _now())  # leading or not: segments are this machine's own
        if once or stop.wait(every):
            return


def _sentence(error: MainstayError | OSError) -> str:
    if isinstance(error, MainstayError):
        return str(error)
    if error.errno == errno.EPIPE:  # nobody is left who listens
        raise error
    return str(store_error(error))


def _post(outbox: Outbox, done: Iterable[Action], tell: Callable[[str], None]) -> None:
    for undelivered in outbox.post(done):
        tell(f"{undelivered.sender} could not be told ({undelivered.why}); tried again at the next look.")


def turn(project: Project, *, owner: str, ttl: float) -> Iterator[tuple[Action, ...]]:
    """Catch up with every window that is over; gives what was done, window by window.

    Parameters
    ----------
    project : Project
        Which one.
    owner : str
        Who asks to lead.
    ttl : float
        Seconds it leads without being heard of; renewed with each window.

    Raises
    ------
    NotFoundError
        Nothing is released, so there is nothing to look at.
    LockedError
        Another controller leads.

    """
    for _ in range(_MOST_AT_ONCE):
        lead(project, owner, ttl)
        done = operate(project, now=_now())
        if done is None:
            return
        yield done


def lead(project: Project, owner: str, ttl: float) -> None:
    """Take the leadership, or keep it for longer; raises as `turn` does."""
    with open_books(project) as books:
        books.release_in_force()
        name = controller(project.name)
        if acquire(books.state, name, owner, dt.timedelta(seconds=ttl), _now()) is None:
            held = lease_of(books.state, name)
            by = f" ({held.owner})" if held else ""
            raise LockedError(f"Another controller{by} watches {project.name}.", "This one leaves it alone meanwhile.")


def step_down(project: Project, owner: str) -> None:
    """Give the leadership back, so that the next controller needn't wait for the lease to end."""
    with open_books(project) as books:
        release(books.state, controller(project.name), owner, _now())


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Set an event at SIGTERM or Ctrl-C, as long as this lasts."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
