"""The calls of ``inference.GRPCInferenceService``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from mainstay.extras import own_version
from mainstay.serving.doors.oip.addresses import ABSENT, LOAD
from mainstay.serving.doors.oip.door import OipDoor
from mainstay.serving.doors.oip.metadata import PLATFORM
from mainstay.serving.doors.oip.reply import sentence
from mainstay.serving.doors.oip.repository import EXTENSIONS, Repository
from mainstay.serving.doors.oip.rpc.door import RpcDoor
from mainstay.serving.doors.oip.rpc.messages import messages
from mainstay.serving.doors.oip.rpc.reading import parse
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from mainstay.serving.app import App
    from mainstay.serving.call import Call
    from mainstay.serving.guard import Need

    Method = Callable[[bytes, Call], Awaitable[Any]]

_SHARED_MEMORY = ("Status", "Register", "Unregister")
_ABSENT = {
    "ModelConfig": ("Models aren't configured here.", "ModelMetadata says what a model takes and gives."),
    "ModelStatistics": ABSENT["stats"],
    "TraceSetting": ABSENT["trace"],
    "LogSettings": ABSENT["logging"],
    "RepositoryModelLoad": LOAD,
    "RepositoryModelUnload": LOAD,
    **{f"SystemSharedMemory{what}": ABSENT["systemsharedmemory"] for what in _SHARED_MEMORY},
    **{f"CudaSharedMemory{what}": ABSENT["cudasharedmemory"] for what in _SHARED_MEMORY},
}
UNIMPLEMENTED = 501
"""Stands in a refusal for gRPC's status of that name; HTTP never sees it."""


class Service:
    """Answers the calls.

    Parameters
    ----------
    app : App
        The server.

    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._doors = {name: OipDoor(name) for name in app.hots}
        self._repository = Repository({name: hot.served for name, hot in app.hots.items()})
        self._version = own_version()
        self.methods: Mapping[str, tuple[Need, Method]] = {
            "ServerLive": ("open", self._live),
            "ServerReady": ("open", self._ready),
            "ServerMetadata": ("read", self._metadata),
            "ModelReady": ("open", self._model_ready),
            "ModelMetadata": ("open", self._model_metadata),
            "ModelInfer": ("open", self.infer),
            "RepositoryIndex": ("read", self._index),
            **{name: ("known", _refuser(name)) for name in _ABSENT},
        }
        """The calls that ask once and are answered once, and what a caller must have; some look themselves."""

    async def answer(self, name: str, raw: bytes, call: Call) -> Any:
        """Answer a call that asks once, from the bytes of its request; raises Refused."""
        need, method = self.methods[name]
        if need != "open":
            self._app.guard.admit(call, need)
        return await method(raw, call)

    async def infer(self, raw: bytes, call: Call) -> Any:
        """Answer a request to infer; raises Refused."""
        self._demand_key(call)
        request = parse("ModelInferRequest", raw)
        name = request.model_name
        self._repository.model(name)
        door = RpcDoor(self._doors[name], request)
        await self._app.hots[name].inside(call, door)
        if door.refused is not None:
            raise door.refused
        return door.told

    async def stream(
        self, requests: AsyncIterator[bytes], first: Call, make_call: Callable[[], Call]
    ) -> AsyncIterator[Any]:
        """Answer requests one after the other; one that is refused doesn't end the stream.

        Raises
        ------
        Refused
            At once, where `first`, the call that opened it, has no key.

        """
        self._demand_key(first)
        reply = messages()["ModelStreamInferResponse"]
        async for raw in requests:
            try:
                yield reply(infer_response=await self.infer(raw, make_call()))
            except Refused as refused:
                yield reply(error_message=sentence(refused))

    def _demand_key(self, call: Call) -> None:
        """Read nothing of whoever has no key; the model's own guard counts and judges the others."""
        if self._app.guard.knows(call, "predict"):
            return
        try:
            self._app.guard.admit(call, "predict")
        except Refused as refused:
            self._app.metrics.requests.labels("", "", "", "oip-grpc", refused.status, refused.cause).inc()
            raise

    async def _live(self, raw: bytes, call: Call) -> Any:
        del raw, call
        return messages()["ServerLiveResponse"](live=True)

    async def _ready(self, raw: bytes, call: Call) -> Any:
        del raw, call
        return messages()["ServerReadyResponse"](ready=self._repository.ready() and not self._app.draining)

    async def _metadata(self, raw: bytes, call: Call) -> Any:
        del raw, call
        return messages()["ServerMetadataResponse"](name=PLATFORM, version=self._version, extensions=EXTENSIONS)

    async def _model_ready(self, raw: bytes, call: Call) -> Any:
        asked = parse("ModelReadyRequest", raw)
        self._app.guard.admit(call, "read", asked.name)
        ready = self._repository.model_ready(asked.name, asked.version)
        return messages()["ModelReadyResponse"](ready=ready and not self._app.draining)

    async def _model_metadata(self, raw: bytes, call: Call) -> Any:
        asked = parse("ModelMetadataRequest", raw)
        self._app.guard.admit(call, "read", asked.name)
        told = self._repository.metadata(asked.name, asked.version)
        tensor = messages()["ModelMetadataResponse.TensorMetadata"]
        return messages()["ModelMetadataResponse"](
            name=told.name,
            versions=told.versions,
            platform=told.platform,
            inputs=[tensor(name=each.name, datatype=each.datatype, shape=each.shape) for each in told.inputs],
            outputs=[tensor(name=each.name, datatype=each.datatype, shape=each.shape) for each in told.outputs],
        )

    async def _index(self, raw: bytes, call: Call) -> Any:
        del call
        entry = messages()["RepositoryIndexResponse.ModelIndex"]
        found = self._repository.index(ready=parse("RepositoryIndexRequest", raw).ready)
        models = [entry(name=each.name, version=each.version, state=each.state, reason=each.reason) for each in found]
        return messages()["RepositoryIndexResponse"](models=models)


def _refuser(name: str) -> Method:
    async def refuse(raw: bytes, call: Call) -> NoReturn:
        del raw, call
        raise Refused(UNIMPLEMENTED, "absent", *_ABSENT[name])

    return refuse
