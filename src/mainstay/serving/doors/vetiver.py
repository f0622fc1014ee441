"""vetiver's API: ``/predict``, ``/prototype`` and ``/metadata`` as its Python and R clients know them.

A vetiver client also understands the native ``/predict``: it makes a frame of whatever records come back. Only here
does the answer have the shape of vetiver's own server, ``{"predict": [...]}``.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from mainstay.contract import Boolean, Integer, Number, Tensor
from mainstay.serving.doors.door import Asked
from mainstay.serving.doors.envelope import as_sent, spelled
from mainstay.serving.doors.flat import sentence
from mainstay.serving.replies import Refused, Reply, json_reply
from mainstay.serving.wire.intake import demand_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import AnyColumn
    from mainstay.registry import Bundle
    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_TYPES: dict[type, tuple[str, object]] = {
    Boolean: ("boolean", True),
    Integer: ("integer", 1),
    Number: ("number", 1.5),
    Tensor: ("array", [0.0]),
}


class Vetiver:
    """The call that answers records."""

    name = "vetiver"

    def ask(self, call: Call, lineup: Lineup) -> Asked:
        """Read an array of records, as ``DataFrame.to_json(orient="records")`` writes it."""
        demand_json(call.head)
        return Asked(body=as_sent(spelled(call.body, lineup.champion.decoder)))

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer with the predictions alone, in order."""
        del asked, lineup
        return json_reply({"predict": [answer.prediction for answer in answers]})

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse in plain text: of a record that is wrong (422) the client shows its user just that."""
        del instance
        return Reply(refused.status, sentence(refused).encode(), (*_TEXT, *refused.headers))


def prototype(bundle: Bundle) -> dict[str, object]:
    """Describe a record as vetiver's ``/prototype`` does: a JSON schema with an example for each field."""
    record = bundle.golden[0].record if bundle.golden else {}
    columns = bundle.contract.features
    return {
        "title": "prototype",
        "type": "object",
        "properties": {column.name: _property(column, record.get(column.name)) for column in columns},
        "required": [column.name for column in columns if column.required],
    }


def metadata(bundle: Bundle) -> dict[str, object]:
    """Describe a version as vetiver's ``/metadata`` does."""
    return {
        "user": {"model": bundle.version.model, "decision": bundle.problem.decision, "owner": bundle.problem.owner},
        "version": str(bundle.version.number),
        "url": None,
        "required_pkgs": ["mainstay"],
        "python_version": [*map(int, platform.python_version_tuple()[:2])],
    }


def _property(column: AnyColumn, example: object) -> dict[str, object]:
    kind, usual = next((each for base, each in _TYPES.items() if isinstance(column, base)), ("string", ""))
    described = {"description": column.description} if column.description else {}
    shown = column.parse(example) if isinstance(column, Boolean) and example is not None else example
    return {**described, "type": kind, "example": usual if shown is None else shown}
