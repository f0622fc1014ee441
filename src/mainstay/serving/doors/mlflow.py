"""MLflow's scoring protocol: what ``/invocations`` takes as JSON, and how it answers and refuses.

As ``mlflow.pyfunc.scoring_server`` of MLflow 2 and 3 has it; requests of MLflow 1 name a ``format`` beside the content
type, and are answered with a bare list as they expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.envelope import (
    as_sent,
    demand_few,
    demand_most,
    fields,
    in_words,
    items,
    kind,
    opened,
    spelled,
)
from mainstay.serving.doors.flat import sentence
from mainstay.serving.doors.records import from_columns, from_instances, from_rows
from mainstay.serving.replies import Refused, Reply, json_reply

if TYPE_CHECKING:
    from mainstay.contract import RequestDecoder

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    422: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_names = msgspec.json.Decoder(list[str | int | float | bool | None]).decode


class Wrapped(msgspec.Struct):
    """What a request may hold beside a record's own fields."""

    dataframe_split: msgspec.Raw = msgspec.Raw(b"")
    dataframe_records: msgspec.Raw = msgspec.Raw(b"")
    instances: msgspec.Raw = msgspec.Raw(b"")
    inputs: msgspec.Raw = msgspec.Raw(b"")
    params: msgspec.Raw = msgspec.Raw(b"")
    messages: msgspec.Raw = msgspec.Raw(b"")
    prompt: msgspec.Raw = msgspec.Raw(b"")


class Split(msgspec.Struct, forbid_unknown_fields=True):
    """A frame as pandas' ``to_dict(orient="split")`` writes it."""

    data: msgspec.Raw
    columns: msgspec.Raw = msgspec.Raw(b"null")
    index: msgspec.Raw = msgspec.Raw(b"")


_wrapped = msgspec.json.Decoder(Wrapped)
_split = msgspec.json.Decoder(Split)


class Read(msgspec.Struct, frozen=True):
    """The records of a request, and what else it said.

    Parameters
    ----------
    records : bytes
        An array of records.
    unused : tuple of str
        Names of the ``params`` that came along: no model here has any.

    """

    records: bytes
    unused: tuple[str, ...] = ()


def from_json(body: bytes, decoder: RequestDecoder) -> Read:
    """Read a body: one of MLflow's four forms, or records as the native call takes them.

    Raises
    ------
    Refused, BodyError, RecordError
        Where it is none of them, or doesn't fit the contract.

    """
    body = spelled(body, decoder)
    if body.lstrip()[:1] == b"[":
        return Read(as_sent(from_instances(body.strip(), decoder, "the body")))
    given = opened(body, _wrapped, "an object with one of " + ", ".join(FORMS))
    named = [form for form in FORMS if bytes(getattr(given, form))]
    if len(named) > 1:
        raise Refused(400, "shape", f"The request holds {' and '.join(named)}.", "Send exactly one of them.")
    unused = _unused(given.params, decoder)
    if not named:
        return Read(as_sent(_native(body, given, decoder)), unused)
    raw = getattr(given, named[0])
    if named[0] == "dataframe_split":
        records = from_split(raw, decoder)
    elif named[0] == "inputs":
        records = from_columns(raw, decoder)
    else:
        records = from_instances(raw, decoder, named[0])
    return Read(as_sent(records), unused)


def from_old(body: bytes, form: str, decoder: RequestDecoder) -> bytes:
    """Read the body of a request of MLflow 1, by the ``format`` it names.

    Raises
    ------
    Refused, BodyError, RecordError
        Where there is no such form, or the body isn't of it.

    """
    body = spelled(body, decoder).strip()
    if form == "pandas-split":
        opened(body, _wrapped, "an object with 'columns' and 'data'")
        return as_sent(from_split(body, decoder))
    if form == "pandas-records":
        return as_sent(from_instances(body, decoder, "the body"))
    raise Refused(415, "type", f"'format={form[:40]}' isn't understood.", "Use pandas-split or pandas-records.")


def from_split(raw: msgspec.Raw | bytes, decoder: RequestDecoder) -> bytes:
    """Read a frame as columns and rows; without ``columns`` its rows are in the contract's order.

    Raises
    ------
    Refused, RecordError
        Where it isn't one, or a row doesn't fit the columns.

    """
    demand_few(raw, decoder)
    try:
        given = _split.decode(raw)
        names = None if kind(given.columns) == b"n" else [str(name) for name in _names(given.columns)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        sentence = f"'dataframe_split' isn't a frame: {error}."
        raise Refused(400, "shape", sentence, "Send an object with 'data' and 'columns', lists both.") from None
    if kind(given.data) != b"[":
        raise Refused(400, "shape", "'data' isn't a list.", "Send a list of values for each record.")
    rows = items(given.data)
    demand_most(len(rows), decoder)
    if not rows:
        return b"[]"
    return from_rows(rows, decoder, names)


def refuse(refused: Refused) -> Reply:
    """Refuse as MLflow does: ``error_code`` and ``message``; a record that is wrong is a bad request, 400 here."""
    code = _CODES.get(refused.status, "BAD_REQUEST" if refused.status < 500 else "INTERNAL_ERROR")
    said = {"error_code": code, "message": sentence(refused)}
    reply = json_reply(said, 400 if refused.status == 422 else refused.status)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *refused.headers))


def _native(body: bytes, given: Wrapped, decoder: RequestDecoder) -> bytes:
    """Read what names no form: a record of the native call, if it has any field of one."""
    if not bytes(given.messages) and not bytes(given.prompt):
        demand_few(body, decoder)
        if set(fields(body)) & set(decoder.contract.names):
            return from_instances(b"[%s]" % body, decoder, "the body")
    sentence = f"The request holds none of {in_words(FORMS)}, and no field of a record."
    raise Refused(400, "shape", sentence, "Send exactly one of them.")


def _unused(params: msgspec.Raw, decoder: RequestDecoder) -> tuple[str, ...]:
    if kind(params) in (b"", b"n"):
        return ()
    if kind(params) != b"{":
        raise Refused(400, "params", "'params' isn't an object.", "Leave it out: no model here has any.")
    demand_few(params, decoder)
    return tuple(fields(params))
