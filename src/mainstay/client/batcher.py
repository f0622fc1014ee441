"""`Batcher`: tasks ask about one record each; what waits while a request is under way goes together in the next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import msgspec

from mainstay.client.errors import FieldsError
from mainstay.errors import InputError

if TYPE_CHECKING:
    from types import TracebackType

    from mainstay.client.aio import AsyncClient
    from mainstay.client.answers import Answer
    from mainstay.client.records import Record

    Waiting = tuple[Record, asyncio.Future[Answer]]


class Batcher:
    """Lets tasks that each ask about one record share requests.

    There is no timer: a request leaves at once where none is under way, and takes along whatever waits. So it costs a
    lone caller nothing, and the busier it gets the larger the requests are.

    Parameters
    ----------
    client : AsyncClient
        Who is asked.
    most : int
        Records of one request.

    Examples
    --------
    ::

        async with AsyncClient(url) as client, Batcher(client) as batcher:
            answers = await asyncio.gather(*(batcher.predict(record) for record in records))

    """

    def __init__(self, client: AsyncClient, most: int = 100) -> None:
        if most < 1:
            raise InputError(f"A request can't hold {most} records.", "Let it hold 1 at least.")
        self._client = client
        self._most = most
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def predict(self, record: Record) -> Answer:
        """Ask about one record; a record that is refused fails alone, whoever shared its request."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, answered))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        return await answered

    async def aclose(self) -> None:
        """Wait for what is under way."""
        if self._task is not None:
            await self._task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _go_on(self) -> None:
        while self._waiting:
            part, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            part = [each for each in part if not each[1].done()]  # who was cancelled no longer waits
            try:
                await self._answer(part)
            except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
                _fail(part, error)

    async def _answer(self, part: list[Waiting]) -> None:
        while part:
            try:
                answers = await self._client.predict([record for record, _ in part])
            except FieldsError as refused:
                bad = {problem.record for problem in refused.errors}
                if not bad <= set(range(len(part))):
                    raise
                for place in sorted(bad):
                    _fail([part[place]], _alone(refused, place))
                part = [each for place, each in enumerate(part) if place not in bad]
                continue
            for (_, answered), answer in zip(part, answers, strict=True):
                if not answered.done():
                    answered.set_result(answer)
            return


def _alone(refused: FieldsError, place: int) -> FieldsError:
    """Give what a record would have been told, had it been asked about alone."""
    errors = [msgspec.structs.replace(each, record=0) for each in refused.errors if each.record == place]
    told = f"Record 0, field '{errors[0].field}': {errors[0].message}"
    return FieldsError(
        told, refused.cure, status=refused.status, cause=refused.cause, request=refused.request, errors=errors
    )


def _fail(part: list[Waiting], error: Exception) -> None:
    for _, answered in part:
        if not answered.done():
            answered.set_exception(error)
