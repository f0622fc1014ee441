"""Sending actions to people: a line on standard output, a webhook; and the twin in memory that tests use.

A sender that fails never stops the controller: what it could not deliver stays in the `Outbox` and goes out with the
next post, in order, each message once per sender.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections import deque
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

from mainstay.events.records import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PATIENCE = 5.0  # seconds a webhook may take
_MOST = 1000  # undelivered messages kept per sender; beyond them the oldest are dropped


class Sender(Protocol):
    """Tells somebody about actions."""

    name: str

    def send(self, action: Action) -> str:
        """Send one; returns why it could not be delivered, or an empty string."""


class Undelivered(msgspec.Struct, frozen=True):
    """A message that still waits.

    Parameters
    ----------
    sender : str
        Which route.
    action : Action
        What it says.
    why : str
        Why it could not be delivered the last time.

    """

    sender: str
    action: Action
    why: str


class Lines:
    """Writes a line per action.

    Parameters
    ----------
    stream : TextIO, optional
        Where to; standard output unless given.
    as_json : bool
        Whether each line is a JSON object, for programs.

    """

    name = "log"

    def __init__(self, stream: TextIO | None = None, *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json

    def send(self, action: Action) -> str:
        """Write the line; a value can't forge another one, since line breaks are escaped."""
        stream = self._stream or sys.stdout
        try:
            stream.write(self._line(action))
            stream.flush()
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def _line(self, action: Action) -> str:
        if self._as_json:
            return msgspec.json.encode({"message": action.message, **_fields(action)}).decode() + "\n"
        message = action.message.replace("\n", "\\n").replace("\r", "\\r")
        return f"{action.at:%Y-%m-%dT%H:%M:%SZ} {action.kind.upper()} {message}\n"


class Webhook:
    """Posts JSON to an address; ``text`` holds the sentence, so that chat tools show it as it is.

    Parameters
    ----------
    url : str
        http or https; redirects are not followed, so that nobody can send it elsewhere.
    patience : float
        Seconds to wait for an answer.

    """

    def __init__(self, url: str, patience: float = _PATIENCE) -> None:
        self.name = f"webhook {_host(url)}"  # the path may be a secret
        self._url = url
        self._patience = patience
        self._opener = urllib.request.OpenerDirector()
        for handler in (urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
            self._opener.add_handler(handler)

    def send(self, action: Action) -> str:
        """Post it and wait for the answer."""
        body = msgspec.json.encode({"text": action.message, **_fields(action)})
        try:
            request = urllib.request.Request(  # noqa: S310 - [decisions] takes http and https alone, and no other handler is installed
                self._url, data=body, headers={"Content-Type": "application/json"}, method="POST"
            )
            with self._opener.open(request, timeout=self._patience) as answer:
                return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"
        except (OSError, ValueError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", None) or error
            return f"{type(error).__name__}: {reason}"


class Memory:
    """Keeps what was sent; `failing` makes it refuse, as a webhook that is down does."""

    name = "memory"

    def __init__(self) -> None:
        self.sent: list[Action] = []
        self.failing = ""

    def send(self, action: Action) -> str:
        """Keep it."""
        if not self.failing:
            self.sent.append(action)
        return self.failing


class Outbox:
    """Delivers in order and keeps what could not be delivered.

    Parameters
    ----------
    senders : sequence of Sender
        All of them get every message.

    """

    def __init__(self, senders: Sequence[Sender]) -> None:
        self._waiting: list[tuple[Sender, deque[Action]]] = [(sender, deque(maxlen=_MOST)) for sender in senders]

    def post(self, actions: Iterable[Action] = ()) -> tuple[Undelivered, ...]:
        """Send what waits and what is new; returns what still waits."""
        new = tuple(actions)
        left: list[Undelivered] = []
        for sender, queue in self._waiting:
            queue.extend(new)
            why = ""
            while queue and not why:
                why = sender.send(queue[0])
                if not why:
                    queue.popleft()
            left += [Undelivered(sender.name, action, why) for action in queue]
        return tuple(left)


def senders(routes: Iterable[str], *, as_json: bool = False) -> tuple[Sender, ...]:
    """Make the senders that ``[decisions] alert`` names; `as_json` for lines that a program reads."""
    return tuple(Lines(as_json=as_json) if route == "log" else Webhook(route) for route in routes)


def _fields(action: Action) -> dict[str, object]:
    return {
        "id": action.id,
        "model": action.model,
        "kind": action.kind,
        "subject": action.subject,
        "at": action.at,
        "finding": action.finding,
    }


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]
