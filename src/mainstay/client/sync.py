"""`Client`: asks a server, from one thread or from many."""

from __future__ import annotations

import time
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


class Client:
    """Asks a mainstay server; safe to share between threads.

    Each request carries an Idempotency-Key, so that what is sent again after a broken connection or a busy server isn't
    scored or logged twice. Bodies are never logged. Redirects aren't followed.

    Parameters
    ----------
    url : str
        Address of the server, ``http://127.0.0.1:8000``.
    model : str
        Which model; empty for the only one that is served.
    api_key : str, optional
        Sent as a bearer token; ``MAINSTAY_API_KEY`` of the environment where it isn't given, ``""`` for none.
    patience : Patience, optional
        How long to wait, and how often to try.
    max_records : int, optional
        Records of one request; the server is asked where it isn't given.
    connections : int
        The most that are open at once.
    ca : path, optional
        Certificates to trust, in PEM format, where the server's isn't signed by a public authority.
    trace : callable
        Gives the ``traceparent`` that goes with each request; by default that of OpenTelemetry's current span, if any.

    Raises
    ------
    SetupError
        Where httpx isn't installed.
    RefusedError
        Where an argument can't be used.

    Examples
    --------
    ::

        with Client("http://127.0.0.1:8000", model="churn") as client:
            answer = client.predict({"tenure": 3, "charge": 29.85, "plan": "basic"})
            client.feedback(Outcome(id=answer.id, label="Yes"))

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
        self._http = need("httpx", "The client", "client").Client(**transport.settings(url, connections, ca))

    @overload
    def predict(
        self,
        records: Record,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
        key: str | None = None,
    ) -> Answer: ...
    @overload
    def predict(
        self,
        records: Iterable[Record] | Table,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
    ) -> list[Answer]: ...
    def predict(
        self,
        records: Any,
        *,
        version: int | None = None,
        role: str | None = None,
        explain: bool = False,
        key: str | None = None,
    ) -> Answer | list[Answer]:
        """Ask about one record, or about many.

        Parameters
        ----------
        records : mapping, iterable of mapping, or DataFrame
            One record, or many: those are sent in as many requests as the server's limit asks for, in order.
        version : int, optional
            The version that is to answer.
        role : str, optional
            The part in the release that is to answer: ``"champion"``, ``"canary"``, ``"challenger"``.
        explain : bool
            Whether to give the largest reasons in words.
        key : str, optional
            Idempotency-Key of one record, best a UUIDv7 (`mainstay.client.new_key`): asked again with it, even by
            another process, the record is answered under the same id.

        Returns
        -------
        Answer or list of Answer
            One for a mapping, else one per record in the order of the records.

        Raises
        ------
        FieldsError
            Where a record is refused. What came before it is in its `answered`, and in the server's log.
        RefusedError, UnavailableError
            As `mainstay.client.errors` says.

        """
        return self._ask(records, Options(version=version, role=role, explain=explain), key)

    @overload
    def explain(
        self, records: Record, *, label: str | None = None, version: int | None = None, role: str | None = None
    ) -> Answer: ...
    @overload
    def explain(
        self,
        records: Iterable[Record] | Table,
        *,
        label: str | None = None,
        version: int | None = None,
        role: str | None = None,
    ) -> list[Answer]: ...
    def explain(
        self, records: Any, *, label: str | None = None, version: int | None = None, role: str | None = None
    ) -> Answer | list[Answer]:
        """Ask why: answers with their `explanation`, which no window counts as predictions.

        Parameters
        ----------
        records : mapping, iterable of mapping, or DataFrame
            As `predict` takes them.
        label : str, optional
            The label whose probability to explain.
        version, role : int and str, optional
            Who is to answer.

        """
        return self._ask(records, Options(call="explain", label=label, version=version, role=role), None)

    def feedback(self, outcomes_: Outcome | Record | Iterable[Outcome | Record] | Table) -> int:
        """Tell what really happened; returns how many lines were taken.

        Parameters
        ----------
        outcomes_ : Outcome, mapping, iterable of them, or DataFrame
            The outcomes: ``Outcome(id=answer.id, label="Yes")``, or columns of such names.

        """
        told = outcomes(outcomes_)
        most = self._run(self._calls.prepare(len(told), Options()))
        return sum(self._run(self._calls.feedback(told[at : at + most])) for at in range(0, len(told), most))

    def models(self) -> list[ModelSummary]:
        """Ask what is served."""
        return self._run(self._calls.models())

    def model(self) -> ModelInfo:
        """Ask what the model is: who answers, what a record looks like, what a request may hold."""
        return self._run(self._calls.describe())

    def ready(self) -> Readiness:
        """Ask once whether the server answers; what it returns is true where all is well."""
        return self._run(self._calls.ready())

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, records: Any, options: Options, key: str | None) -> Answer | list[Answer]:
        if is_record(records):
            return self._run(self._calls.one(records, options, key or new_key()))
        many = listed(records)
        demand_no_key(key)
        most = self._run(self._calls.prepare(len(many), options))
        answers: list[Answer] = []
        for first in range(0, len(many), most):
            try:
                answers += self._run(self._calls.many(many[first : first + most], options, first))
            except CallError as error:
                error.answered = (*answers, *error.answered)
                raise
        return answers

    def _run(self, asking: Asking[T]) -> T:
        came: Got | Lost | None = None
        while True:
            try:
                step = asking.send(came)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            came = self._do(step)

    def _do(self, step: Send | Wait) -> Got | Lost | None:
        if not isinstance(step, Send):
            time.sleep(step.seconds)
            return None
        end, patience = time.monotonic() + step.seconds, self._calls.patience
        parts = []
        try:
            with self._http.stream(**transport.asked(step, patience)) as response:
                for part in response.iter_bytes():
                    parts.append(part)
                    if time.monotonic() > end:
                        return transport.late(patience)
                return transport.got(response, b"".join(parts))
        except Exception as error:
            lost = transport.lost(error, patience)
            if lost is None:
                raise
            return lost
