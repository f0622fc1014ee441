"""``/invocations``: what MLflow's scoring server and a SageMaker container are asked, by the type of the body.

JSON is MLflow's (`mainstay.serving.doors.mlflow`); CSV may come without a header, and JSON Lines and an answer in CSV
are asked for as SageMaker's common formats have it (docs.aws.amazon.com, "Common data formats for inference").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.csv_body import from_csv
from mainstay.serving.doors.door import Asked
from mainstay.serving.doors.envelope import as_sent, spelled
from mainstay.serving.doors.flat import flat, lines
from mainstay.serving.doors.json_lines import from_json_lines
from mainstay.serving.doors.mlflow import Read, from_json, from_old, refuse
from mainstay.serving.replies import Headers, Refused, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import RequestDecoder
    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.wire.intake import Head

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl", "application/x-ndjson")
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet")
TAKEN = (JSON, CSV, JSON_LINES[0], PARQUET[0])
_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
_PLAIN = re.compile(rb"[\x20-\x7e]{1,1024}")
"""What SageMaker lets custom attributes be; nothing in it can end a header."""
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
_encode = msgspec.json.Encoder().encode


class Media(msgspec.Struct, frozen=True):
    """A content type, taken apart.

    Parameters
    ----------
    type : str
        In lower case, ``"application/json"`` where the request names none.
    parameters : dict
        Their names in lower case.

    """

    type: str
    parameters: dict[str, str]


def media_of(head: Head) -> Media:
    """Read the content type of a request.

    Examples
    --------
    >>> media_of({b"content-type": b"text/csv; header=absent"})
    Media(type='text/csv', parameters={'header': 'absent'})

    """
    kind, *rest = head.get(b"content-type", b"").decode("latin1").split(";", 9)
    pairs = (part.partition("=")[::2] for part in rest)
    return Media(
        kind.strip().lower() or JSON,
        {name.strip().lower(): value.strip().strip('"').lower() for name, value in pairs},
    )


class InvocationsAsked(Asked, frozen=True, kw_only=True):
    """What a request asks, and how it wants to be answered.

    Parameters
    ----------
    wants : str
        Content type of the answer.
    bare : bool
        Whether it is of MLflow 1, which expects a list.
    unused : tuple of str
        Names of ``params`` that no model here has.
    headers : tuple
        What goes back beside the answer.

    """

    wants: str = JSON
    bare: bool = False
    unused: tuple[str, ...] = ()
    headers: Headers = ()


class Invocations:
    """The call that answers records."""

    name = "invocations"

    def ask(self, call: Call, lineup: Lineup) -> InvocationsAsked:
        """Read a body by its type; raises Refused, BodyError or RecordError."""
        decoder = lineup.champion.decoder
        media = media_of(call.head)
        _demand_utf8(media)
        old = media.parameters.get("format", "") if media.type == JSON else ""
        read = Read(from_old(call.body, old, decoder)) if old else _read(call.body, media, decoder)
        return InvocationsAsked(
            body=read.records,
            wants=wanted(call.head),
            bare=bool(old),
            unused=read.unused,
            headers=attributes(call.head),
        )

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer with ``predictions``, or with a line for each record where that was asked for."""
        del lineup
        assert isinstance(asked, InvocationsAsked)  # noqa: S101 - `ask` made it
        if asked.wants == CSV:
            return Reply(200, lines(answers), ((b"content-type", b"text/csv; charset=utf-8"), *asked.headers))
        rows = [flat(answer) for answer in answers]
        if asked.wants in JSON_LINES:
            body = b"".join(_encode(row) + b"\n" for row in rows)
            return Reply(200, body, ((b"content-type", asked.wants.encode()), *asked.headers))
        said: object = rows if asked.bare else {"predictions": rows}
        if asked.unused:
            said = {"predictions": rows, "warnings": [f"params: '{name}' isn't used." for name in asked.unused]}
        reply = json_reply(said)
        return msgspec.structs.replace(reply, headers=(*reply.headers, *asked.headers))

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse as MLflow does."""
        del instance
        return refuse(refused)


def wanted(head: Head) -> str:
    """Say which type the answer is to be of: the first that is asked for and known, else JSON."""
    for part in head.get(b"accept", b"").decode("latin1").split(",", 20):
        kind = part.partition(";")[0].strip().lower()
        if kind in (JSON, CSV, *JSON_LINES):
            return kind
        if kind in ("*/*", "application/*"):
            return JSON
    return JSON


def attributes(head: Head) -> Headers:
    """Give SageMaker's custom attributes back, where they are what SageMaker lets them be."""
    found = head.get(_ATTRIBUTES)
    return () if found is None or not _PLAIN.fullmatch(found) else ((_ATTRIBUTES, found),)


def _read(body: bytes, media: Media, decoder: RequestDecoder) -> Read:
    if media.type == JSON or (media.type.startswith("application/") and media.type.endswith("+json")):
        return from_json(body, decoder)
    if media.type == CSV:
        header = {"present": True, "absent": False}.get(media.parameters.get("header", ""))
        return Read(from_csv(body, decoder, header=header))
    if media.type in JSON_LINES:
        return Read(as_sent(from_json_lines(spelled(body, decoder), decoder)))
    raise Refused(
        415,
        "type",
        f"A body of type '{media.type[:80]}' isn't understood here.",
        f"Send {', '.join(TAKEN)}.",
        headers=((b"accept", ", ".join(TAKEN).encode()),),
    )


def _demand_utf8(media: Media) -> None:
    if media.parameters.get("charset", "") not in _UTF8:
        raise Refused(415, "type", "The body must be in UTF-8.", "Encode it as UTF-8.")
