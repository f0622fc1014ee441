"""`AsyncClient`: asks a server from an event loop, with several requests under way at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from mainstay.client import transport
from mainstay.client.calls import Calls, Options
from mainstay.client.errors import CallError
from mainstay.client.keys import new_key
from mainstay.client.outcomes import outcomes
from mainstay.client.records import demand_no_key, is_record, listed
from mainstay.client.talk import Send
from mainstay.client.tracing import current_trace
from mainstay.extras import need

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

    from mainstay.client.answers import Answer, ModelInfo, ModelSummary, Outcome, Readiness
    from mainstay.client.calls import Asking
    from mainstay.client.records import Record, Table
    from mainstay.client.settings import Patience
    from mainstay.client.talk import Got, Lost, Wait

_AT_ONCE = 4  # requests of one call that are under way together: enough to keep several workers busy


class AsyncClient:
    """Asks a mainstay server; for tasks of one event loop.

    It is `mainstay.Client` with the same calls, each to be awaited; of many records several requests are under way at
    once, and answers come in the order of the records all the same.

    Parameters
    ----------
    url, model, api_key, patience, max_records, connections, ca, trace
        As `mainstay.Client` takes them.

    Examples
    --------
    ::

        async with AsyncClient("http://127.0.0.1:8000", model="churn") as client:
            answers = await client.predict(frame)

    """

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        api_key: str | None = None,
        patience: Patience | None = None,
        max_records: int | None = None,
        connections: int = 16,
        ca: str | Path | None = None,
        trace: Callable[[], str | None] = current_trace,
    ) -> None:
        self._calls = Calls(model, api_key, patience, max_records, trace)
        self._http = need("httpx", "The client", "client").AsyncClient(**transport.settings(url, connections, ca))

    @overload
    async def predict(
        self,
        records: Record,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
        key: str | None = None,
    ) -> Answer: ...
    @overload
    async def predict(
        self,
        records: Iterable[Record] | Table,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
    ) -> list[Answer]: ...
    async def predict(
        self,
        records: Any,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
        key: str | None = None,
    ) -> Answer | list[Answer]:
        """Ask about one record, or about many, as `mainstay.Client.predict` does."""
        return await self._ask(records, Options(version=version, role=role, explain=explain), key)

    @overload
    async def explain(
        self, records: Record, *, label: str | None = None, version: int | None = None, role: str | None = None
    ) -> Answer: ...
    @overload
    async def explain(
        self,
        records: Iterable[Record] | Table,
        *,
        label: str | None = None,
        version: int | None = None,
        role: str | None = None,
    ) -> list[Answer]: ...
    async def explain(
        self, records: Any, *, label: str | None = None, version: int | None = None, role: str | None = None
    ) -> Answer | list[Answer]:
        """Ask why, as `mainstay.Client.explain` does."""
        return await self._ask(records, Options(call="explain", label=label, version=version, role=role), None)

    async def feedback(self, outcomes_: Outcome | Record | Iterable[Outcome | Record] | Table) -> int:
        """Tell what really happened; returns how many lines were taken."""
        told = outcomes(outcomes_)
        most = await self._run(self._calls.prepare(len(told), Options()))
        parts = [told[at : at + most] for at in range(0, len(told), most)]
        return sum([await self._run(self._calls.feedback(part)) for part in parts])

    async def models(self) -> list[ModelSummary]:
        """Ask what is served."""
        return await self._run(self._calls.models())

    async def model(self) -> ModelInfo:
        """Ask what the model is: who answers, what a record looks like, what a request may hold."""
        return await self._run(self._calls.describe())

    async def ready(self) -> Readiness:
        """Ask once whether the server answers; what it returns is true where all is well."""
        return await self._run(self._calls.ready())

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ask(self, records: Any, options: Options, key: str | None) -> Answer | list[Answer]:
        if is_record(records):
            return await self._run(self._calls.one(records, options, key or new_key()))
        many = listed(records)
        demand_no_key(key)
        most = await self._run(self._calls.prepare(len(many), options))
        some = asyncio.Semaphore(_AT_ONCE)

        async def part(first: int) -> list[Answer]:
            async with some:
                return await self._run(self._calls.many(many[first : first + most], options, first))

        tasks = [asyncio.create_task(part(first)) for first in range(0, len(many), most)]
        return await _in_order(tasks)

    async def _run(self, asking: Asking[T]) -> T:
        came: Got | Lost | None = None
        while True:
            try:
                step = asking.send(came)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            came = await self._do(step)

    async def _do(self, step: Send | Wait) -> Got | Lost | None:
        if not isinstance(step, Send):
            await asyncio.sleep(step.seconds)
            return None
        patience = self._calls.patience
        try:
            async with asyncio.timeout(step.seconds):
                response = await self._http.request(**transport.asked(step, patience))
            return transport.got(response, response.content)
        except TimeoutError:
            return transport.late(patience)
        except Exception as error:
            lost = transport.lost(error, patience)
            if lost is None:
                raise
            return lost


async def _in_order(tasks: list[asyncio.Task[list[Answer]]]) -> list[Answer]:
    """Gather answers; the first failure ends the rest, and carries what was answered before it."""
    answers: list[Answer] = []
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION) if tasks else None
        for task in tasks:
            # Not done: another one failed.
            failed = next(each for each in tasks if each.done() and each.exception()) if not task.done() else task
            answers += await failed
    except CallError as error:
        error.answered = (*answers, *error.answered)
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return answers
