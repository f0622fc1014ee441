"""What a client asks, without a socket: each call is a conversation, driven by both clients alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from mainstay.client.answers import Answer, Limits, ModelInfo, ModelSummary, Readiness
from mainstay.client.errors import CallError, DeniedError, FieldsError, NoSuchError, RefusedError
from mainstay.client.keys import new_key
from mainstay.client.outcomes import encode_outcomes
from mainstay.client.records import encode_record, encode_records
from mainstay.client.settings import Patience
from mainstay.client.talk import Got, Request, Send, converse, read_problem, unavailable
from mainstay.client.tracing import current_trace
from mainstay.errors import Problem

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from mainstay.client.records import Record
    from mainstay.client.talk import Lost, Wait

    Asking = Generator["Send | Wait", "Got | Lost | None", "T"]

KEY = "MAINSTAY_API_KEY"
_JSON = "application/json"
_KEY_CURE = f"Give it as api_key=, or in {KEY}; the operator makes one: mainstay admin api-keys new NAME"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How records are to be answered.

    Parameters
    ----------
    call : {"predict", "explain"}
        Which call.
    version : int, optional
        The version that is to answer.
    role : str, optional
        The part in the release that is to answer.
    explain : bool
        Whether predict is to give the largest reasons.
    label : str, optional
        The label to explain.

    """

    call: str = "predict"
    version: int | None = None
    role: str | None = None
    explain: bool = False
    label: str | None = None

    @property
    def query(self) -> str:
        """As a query string, with its question mark; empty where nothing is asked for."""
        asked = {"version": self.version, "role": self.role, "label": self.label}
        words = {name: value for name, value in asked.items() if value is not None}
        if self.explain:
            words["explain"] = "true"
        return f"?{urlencode(words)}" if words else ""

    def most(self, limits: Limits) -> int:
        """Say how many records one request may hold."""
        return limits.max_explained if self.explain or self.call == "explain" else limits.max_records


class Calls:
    """The calls of one server, as conversations.

    Parameters
    ----------
    model : str
        Which model; empty for the only one.
    api_key : str, optional
        Sent as a bearer token; from the environment, ``MAINSTAY_API_KEY``, where it isn't given.
    patience : Patience
        How long to wait and how often to try.
    max_records : int, optional
        Records of a request; the server is asked where it isn't given.
    trace : callable
        Gives the ``traceparent`` of a call.

    """

    def __init__(
        self,
        model: str = "",
        api_key: str | None = None,
        patience: Patience | None = None,
        max_records: int | None = None,
        trace: Callable[[], str | None] = current_trace,
    ) -> None:
        self.patience = patience or Patience()
        self.model = model
        key = os.environ.get(KEY, "") if api_key is None else api_key
        if not (key.isascii() and key.isprintable()):
            raise RefusedError("The API key holds a character no key has.", "Copy it again, without line breaks.")
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._most = max_records
        self._limits: Limits | None = None
        self._trace = trace

    def prepare(self, records: int, options: Options) -> Asking[int]:
        """Learn which model is asked, and how many records a request may hold; returns that."""
        yield from self._name()
        if records <= 1:
            return 1
        if self._most is not None:
            return self._most
        return max(1, options.most((yield from self._learn())))

    def one(self, record: Record, options: Options, key: str) -> Asking[Answer]:
        """Ask about one record."""
        yield from self._name()
        request = self._asking(encode_record(record), options, key)
        got = yield from self._answered(request)
        return _decoded(got, _answer, request)

    def many(self, records: Sequence[Record], options: Options, first: int) -> Asking[list[Answer]]:
        """Ask about many records in one request; in more where the server says it is too much.

        Parameters
        ----------
        records : sequence of mapping
            The records.
        options : Options
            How.
        first : int
            Place of the first among all that the caller gave.

        """
        request = self._asking(encode_records(records, first), options, new_key())
        got = yield from converse(self._sent(request), self.patience)
        if got.status == 200:
            answers = _decoded(got, _answers, request)
            if len(answers) != len(records):
                raise _strange(request, got)
            return answers
        if len(records) == 1 or not _is_too_much(got):
            raise _refused(got, request, first)
        self._limits = None  # the server has others than were thought
        middle = len(records) // 2
        left = yield from self.many(records[:middle], options, first)
        try:
            right = yield from self.many(records[middle:], options, first + middle)
        except CallError as error:
            error.answered = (*left, *error.answered)
            raise
        return left + right

    def feedback(self, told: Sequence[object]) -> Asking[int]:
        """Tell what really happened; returns how many lines were taken."""
        yield from self._name()
        request = Request(method="POST", path=self._path("feedback"), body=encode_outcomes(told), key=new_key())
        got = yield from self._answered(request)
        return _decoded(got, _accepted, request).accepted

    def models(self) -> Asking[list[ModelSummary]]:
        """Ask what is served."""
        request = Request(method="GET", path="/models")
        return _decoded((yield from self._answered(request)), _models, request)

    def describe(self) -> Asking[ModelInfo]:
        """Ask what the model is."""
        yield from self._name()
        request = Request(method="GET", path=self._path(""))
        return _decoded((yield from self._answered(request)), _model, request)

    def ready(self) -> Asking[Readiness]:
        """Ask once whether the server answers; 503 is an answer here."""
        request = self._sent(Request(method="GET", path="/readyz"))
        came = yield Send(request, self.patience.total)
        if not isinstance(came, Got):
            raise unavailable(came, request, 1)
        if came.status not in (200, 503):
            raise _refused(came, request)
        return _decoded(came, _ready, request)

    def _name(self) -> Asking[None]:
        if self.model:
            return
        try:
            names = [model.name for model in (yield from self.models())]
        except DeniedError as error:
            if error.status != 403:
                raise
            told = "This API key may not ask what is served, so the model's name must be given."
            cure = "Say which one is meant: Client(url, model=...)."
            raise DeniedError(told, cure, status=403, cause=error.cause, request=error.request) from None
        if len(names) != 1:
            told = f"This server has {len(names)} models: {', '.join(names)}."
            raise RefusedError(told, "Say which one is meant: Client(url, model=...).")
        self.model = names[0]

    def _learn(self) -> Asking[Limits]:
        if self._limits is None:
            try:
                self._limits = (yield from self.describe()).limits
            except DeniedError:  # a key that opens predict alone: what is too much is learned by being refused
                self._limits = Limits()
        return self._limits

    def _path(self, call: str) -> str:
        at = f"/models/{quote(self.model, safe='')}"
        return f"{at}/{call}" if call else at

    def _asking(self, body: bytes, options: Options, key: str) -> Request:
        return Request(method="POST", path=self._path(options.call) + options.query, body=body, key=key)

    def _answered(self, request: Request) -> Asking[Got]:
        got = yield from converse(self._sent(request), self.patience)
        if got.status != 200:
            raise _refused(got, request)
        return got

    def _sent(self, request: Request) -> Request:
        headers = dict(self.headers)
        if request.body:
            headers["Content-Type"] = _JSON
        if request.key:
            headers["Idempotency-Key"] = request.key
        if trace := self._trace():
            headers["traceparent"] = trace
        return msgspec.structs.replace(request, headers=headers)


def _is_too_much(got: Got) -> bool:
    if got.status == 413:
        return True
    said = read_problem(got)
    # A problem of the request as a whole has no field to name.
    return got.status == 422 and (said.cause == "records" or any(not each.field for each in said.errors))


def _refused(got: Got, request: Request, first: int = 0) -> CallError:
    said = read_problem(got)
    errors = [Problem(first + each.record, each.field, each.found, each.message) for each in said.errors]
    kind: type[CallError] = RefusedError
    if got.status >= 500:
        return unavailable(got, request, 1)
    if got.status in (401, 403):
        kind = DeniedError
    elif got.status == 404:
        kind = NoSuchError
    elif errors:
        kind = FieldsError
    told = said.detail or f"The server answers {got.status}."
    if errors and errors[0].field:
        told = f"Record {errors[0].record}, field '{errors[0].field}': {errors[0].message}"
        told += f" ({len(errors) - 1} more problems.)" if len(errors) > 1 else ""
    return kind(
        told,
        _KEY_CURE if (got.status, said.cause) == (401, "auth") else said.cure,
        status=got.status,
        cause=said.cause,
        key=request.key,
        request=got.headers.get("x-request-id", ""),
        errors=errors,
    )


def _decoded(got: Got, decode: Callable[[bytes], T], request: Request) -> T:
    try:
        return decode(got.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _strange(request, got) from None


def _strange(request: Request, got: Got) -> CallError:
    told = f"What answers {request.path.partition('?')[0]} isn't mainstay, or speaks another version of it."
    return CallError(told, "See whether the address is right.", status=got.status, key=request.key)


class _Accepted(msgspec.Struct, frozen=True):
    accepted: int


_answer = msgspec.json.Decoder(Answer).decode
_answers = msgspec.json.Decoder(list[Answer]).decode
_models = msgspec.json.Decoder(list[ModelSummary]).decode
_model = msgspec.json.Decoder(ModelInfo).decode
_ready = msgspec.json.Decoder(Readiness).decode
_accepted = msgspec.json.Decoder(_Accepted).decode
