"""`OipDoor`: a request to infer, over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mainstay.serving.doors.door import Asked
from mainstay.serving.doors.oip.head import LENGTH, read_infer
from mainstay.serving.doors.oip.inputs import inputs_of, version_number
from mainstay.serving.doors.oip.outputs import demand_known, outputs_of, version_of, warnings_of
from mainstay.serving.doors.oip.records import records_of
from mainstay.serving.doors.oip.reply import write_refusal, write_reply
from mainstay.serving.wire.intake import demand_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.doors.oip.infer import Infer, Wanted
    from mainstay.serving.doors.oip.inputs import Inputs
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.replies import Refused, Reply

_VERSION = re.compile(r"/versions/([^/]*)/")


class OipAsked(Asked, frozen=True, kw_only=True):
    """What a request asks, and in which form it wants its answers.

    Parameters
    ----------
    id : str
        What the caller calls the request.
    wanted : tuple of Wanted
        The outputs asked for; none: all.
    binary : bool
        Whether outputs that nobody named come as raw bytes.

    """

    id: str = ""
    wanted: tuple[Wanted, ...] = ()
    binary: bool = False


class OipDoor:
    """The Open Inference Protocol v2 for one model.

    Parameters
    ----------
    model : str
        Its name.

    """

    name = "oip"

    def __init__(self, model: str) -> None:
        self._model = model
        self._inputs: tuple[Lineup | None, dict[int | None, Inputs]] = (None, {})

    def inputs(self, lineup: Lineup, version: int | None) -> Inputs:
        """Say what may be sent; worked out once for each line-up."""
        if self._inputs[0] is not lineup:
            self._inputs = (lineup, {})
        known = self._inputs[1]
        if version not in known:
            known[version] = inputs_of(lineup, version)
        return known[version]

    def ask(self, call: Call, lineup: Lineup) -> OipAsked:
        """Read a request; raises Refused or RecordError."""
        length = call.head.get(LENGTH)
        if length is None:
            demand_json(call.head)
        found = _VERSION.search(call.path)
        version = None if found is None else version_number(found[1])
        inputs = self.inputs(lineup, version)
        return asked_of(read_infer(call.body, length, inputs.most), inputs, version)

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer with one tensor for each thing an answer tells."""
        assert isinstance(asked, OipAsked)  # noqa: S101 - what `ask` gave
        task = self.inputs(lineup, asked.version).task
        outputs = outputs_of(answers, task, asked.wanted, binary=asked.binary)
        return write_reply(self._model, version_of(answers), asked.id, warnings_of(answers), outputs)

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse with ``{"error": ...}``; the request's id stands in the header ``X-Request-Id``."""
        del instance
        return write_refusal(refused)


def asked_of(infer: Infer, inputs: Inputs, version: int | None) -> OipAsked:
    """Turn tensors into records.

    Raises
    ------
    Refused, RecordError
        See `records_of` and `demand_known`.

    """
    demand_known(infer.wanted, inputs.task)
    body = records_of(infer.tensors, inputs)
    return OipAsked(body=body, version=version, id=infer.id, wanted=infer.wanted, binary=infer.binary)
