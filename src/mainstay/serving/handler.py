"""`Handler`: what answers an address; `Held`: an answer that goes out once its lines are in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mainstay.events import Event
    from mainstay.events.log import Stream
    from mainstay.serving.call import Call
    from mainstay.serving.cases import Cases
    from mainstay.serving.guard import Need
    from mainstay.serving.ledger import Ledger
    from mainstay.serving.replies import Refused, Reply
    from mainstay.serving.turn import Sender


class Held:
    """What a request gets, with what must be in the log before it goes out.

    Parameters
    ----------
    ledger : Ledger
        Who writes it down.
    call : Call
        The request.
    route : str
        What metrics call the door.
    reply : Reply
        What goes out; another one where the log can't be written.
    stream : str
        Of the log.
    events : sequence
        What belongs in it.
    taken : Cases, optional
        What was answered, to be counted.
    refuse : callable, optional
        Draws a refusal in the door's words.

    """

    __slots__ = ("call", "events", "ledger", "refuse", "reply", "route", "sender", "stream", "taken")

    sender: Sender
    """Who waits for it."""

    def __init__(
        self,
        ledger: Ledger,
        call: Call,
        route: str,
        reply: Reply,
        *,
        stream: Stream,
        events: Sequence[Event],
        taken: Cases | None = None,
        refuse: Callable[[Refused, str], Reply] | None = None,
    ) -> None:
        self.ledger = ledger
        self.call = call
        self.route = route
        self.reply = reply
        self.stream = stream
        self.events = events
        self.taken = taken
        self.refuse = refuse


Outcome: TypeAlias = "Reply | Held"


class Handler(Protocol):
    """Answers the requests of one address: at once where it can, else it gives something to wait for."""

    @property
    def need(self) -> Need:
        """What a caller must have: asked for before anything of the request is read."""

    @property
    def model(self) -> str:
        """Whose address it is; empty: no model's in particular."""

    def __call__(self, call: Call) -> Outcome | Awaitable[Outcome]:
        """Answer a whole request; refusals are answers, too."""

    def refuse(self, call: Call, refused: Refused) -> Outcome:
        """Refuse a request that could not be read whole."""
