"""`RpcDoor`: one request to infer, over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.serving.doors.oip.door import OipAsked, OipDoor, asked_of
from mainstay.serving.doors.oip.inputs import version_number
from mainstay.serving.doors.oip.outputs import outputs_of, version_of, warnings_of
from mainstay.serving.doors.oip.reply import raw_of
from mainstay.serving.doors.oip.rpc.messages import messages
from mainstay.serving.doors.oip.rpc.reading import infer_of
from mainstay.serving.replies import Refused, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.doors.door import Asked
    from mainstay.serving.lineup import Lineup

_OUT = Reply(200, b"")


class RpcDoor:
    """A door for one request; what goes back is kept in it, since it is no HTTP.

    Parameters
    ----------
    door : OipDoor
        That of the model.
    request : ModelInferRequest
        What came.

    Attributes
    ----------
    told : ModelInferResponse
        The answer; None until there is one.
    refused : Refused
        Why there is none.

    """

    name = "oip-grpc"

    def __init__(self, door: OipDoor, request: Any) -> None:
        self._door = door
        self._request = request
        self.told: Any = None
        self.refused: Refused | None = None

    def ask(self, call: Call, lineup: Lineup) -> OipAsked:
        """Read the request; raises Refused or RecordError."""
        del call
        named = self._request.model_version
        version = version_number(named) if named else None
        inputs = self._door.inputs(lineup, version)
        return asked_of(infer_of(self._request, inputs.most), inputs, version)

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Keep the answer; its tensors are always raw, which every client reads."""
        assert isinstance(asked, OipAsked)  # noqa: S101 - what `ask` gave
        task = self._door.inputs(lineup, asked.version).task
        told = messages()["ModelInferResponse"](
            model_name=self._request.model_name, model_version=version_of(answers), id=asked.id
        )
        warnings = warnings_of(answers)
        if warnings:
            told.parameters["warnings"].string_param = warnings
        for output in outputs_of(answers, task, asked.wanted, binary=True):
            told.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
            told.raw_output_contents.append(raw_of(output))
        self.told = told
        return _OUT

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Keep the refusal."""
        del instance
        self.refused = refused
        return _OUT
