"""mainstay's own words: a record or an array of them in, an answer or an array of them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.door import Asked
from mainstay.serving.replies import Refused, Reply
from mainstay.serving.wire.intake import asked_in, demand_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup

_encode = msgspec.json.Encoder().encode
_BLANK = b" \t\n\r"


class Native:
    """The door of ``/models/{name}/predict`` and its neighbours.

    Parameters
    ----------
    name : str
        What metrics call it.

    """

    def __init__(self, name: str = "predict") -> None:
        self.name = name

    def ask(self, call: Call, lineup: Lineup) -> Asked:
        """Take the body as it is."""
        del lineup
        demand_json(call.head)
        if not call.query:
            return Asked(body=call.body)
        return Asked(body=call.body, version=_version(call.query), role=asked_in(call.query, "role"))

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer an array with an array."""
        del lineup
        many = asked.body.lstrip(_BLANK)[:1] == b"["
        return Reply(200, _encode(answers if many else answers[0]))

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Draw a problem document."""
        return refused.reply(instance)


def _version(query: bytes) -> int | None:
    asked = asked_in(query, "version")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdecimal()):
        raise Refused(400, "query", f"version is '{asked[:40]}', which is no number.", "Use the number of a version.")
    return int(asked[:20])
