"""Vertex AI's custom containers: ``{"instances": [...]}`` is answered with ``{"predictions": [...]}``.

As cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements says; where it asks is in the environment
(`mainstay.serving.doors.hosts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.door import Asked
from mainstay.serving.doors.envelope import as_sent, opened, spelled
from mainstay.serving.doors.flat import flat
from mainstay.serving.doors.records import from_instances
from mainstay.serving.doors.tfs import refuse
from mainstay.serving.replies import Refused, Reply, json_reply
from mainstay.serving.wire.intake import demand_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup


class Instances(msgspec.Struct):
    """What a request holds; its ``parameters`` are for models that have some, and none here has."""

    instances: msgspec.Raw


class Vertex:
    """The call that answers instances."""

    name = "vertex"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Instances)

    def ask(self, call: Call, lineup: Lineup) -> Asked:
        """Read instances: objects by field, or lists of values in the contract's order."""
        demand_json(call.head)
        body = opened(spelled(call.body, lineup.champion.decoder), self._decoder, "an object with 'instances'")
        return Asked(body=as_sent(from_instances(body.instances, lineup.champion.decoder)))

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer each instance with an object."""
        del asked, lineup
        return json_reply({"predictions": [flat(answer) for answer in answers]})

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse with ``{"error": …}``, which Vertex AI hands on as it is."""
        del instance
        return refuse(refused)
