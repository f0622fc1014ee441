"""`Door`: what every protocol is held to; `Asked`: what a request asks, whatever words it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.replies import Refused, Reply


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks, in the one form everything behind the doors understands.

    A door that must remember more until it answers (an id, wanted outputs) makes a subclass.

    Parameters
    ----------
    body : bytes
        One record as a JSON object, or an array of them: what the contract's decoder reads.
    version : int, optional
        The version that is to answer, where the caller names one.
    role : str, optional
        The part in the release whose version is to answer, where the caller names one: ``"champion"``, ``"canary"``,
        ``"challenger"``, ``"shadow"``.

    """

    body: bytes
    version: int | None = None
    role: str | None = None


class Door(Protocol):
    """One protocol, for one model.

    What adds the protocol's addresses to the router also says which they are: it has ``describe() -> Described``
    (`mainstay.serving.openapi`) and stands in `App.doors`, of which OpenAPI and the page of the calls are made.
    """

    @property
    def name(self) -> str:
        """What metrics call it: ``"predict"``, ``"oip"``, ``"tfs"``, ..."""

    def ask(self, call: Call, lineup: Lineup) -> Asked:
        """Read a request; raises Refused, BodyError or RecordError."""

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer in the door's words; the answers are in the order of the records."""

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse in the door's words; `instance` is the request's id."""


class First(Protocol):
    """What some requests need before their door can read them, and takes time."""

    def wanted(self, call: Call) -> bool:
        """Say whether a request needs it."""

    async def first(self, call: Call) -> None:
        """Change the request into one its door reads; raises Refused."""
