"""Taking a request in: its headers and its body, with a cap on everything a client can make large."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Receive = Callable[[], Awaitable[Any]]  # uvicorn's events are typed dicts of many kinds

Head = dict[bytes, bytes]
_JSON = b"application/json"
_UTF8 = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_GZIP_OR_ZLIB = 47  # zlib's window size that recognises both headers by themselves
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Hung(Exception):  # noqa: N818 - a signal, not an error: there is nobody left to answer
    """The client went away before its request was complete."""


async def read_body(head: Head, receive: Receive, limit: int) -> bytes:
    """Read and inflate a request's body.

    Raises
    ------
    Refused
        413 where it is too large, 415 where it is coded in a way we don't read, 400 where the coding is damaged.
    Hung
        Where the client went away.

    """
    length = head.get(b"content-length")
    if length is not None and int(length) > limit:  # the parser let digits through, nothing else
        raise too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Hung
    body: bytes = message["body"]
    if message["more_body"]:
        body = await _read_on(body, receive, limit)
    coding = head.get(b"content-encoding")
    return body if coding is None else inflate(body, coding, limit)


async def _read_on(begun: bytes, receive: Receive, limit: int) -> bytes:
    parts = [begun]
    size = len(begun)
    while True:
        if size > limit:
            raise too_large(limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hung
        parts.append(message["body"])
        size += len(message["body"])
        if not message["more_body"]:
            if size > limit:
                raise too_large(limit)
            return b"".join(parts)


def inflate(body: bytes, coding: bytes, limit: int) -> bytes:
    """Undo a content coding without ever holding more than `limit` bytes of its result.

    Raises
    ------
    Refused
        Where the coding is unknown, or the body isn't what it says.

    """
    name = coding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name not in (b"gzip", b"x-gzip", b"deflate"):
        raise Refused(
            415,
            "coding",
            "The body is compressed in a way that isn't understood.",
            "Use gzip, deflate, or none.",
            headers=((b"accept-encoding", b"gzip, deflate"),),
        )
    engine = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = engine.decompress(body, limit + 1)
    except zlib.error:
        raise Refused(
            400, "coding", f"The body isn't valid {name.decode()}.", "Send it whole, or uncompressed."
        ) from None
    if len(plain) > limit:
        raise too_large(limit)
    if not engine.eof or engine.unused_data:
        raise Refused(
            400, "coding", f"The body isn't one whole {name.decode()} stream.", "Send it whole, or uncompressed."
        )
    return plain


def demand_json(head: Head) -> None:
    """Refuse what doesn't call itself JSON in UTF-8; a body without a type is taken at its word.

    Raises
    ------
    Refused
        415, with the header to send.

    """
    kind = head.get(b"content-type")
    if kind is None or kind == _JSON:
        return
    media, *parameters = (part.strip().lower() for part in kind.split(b";", 9))
    if media != _JSON and not (media.startswith(b"application/") and media.endswith(b"+json")):
        raise Refused(
            415, "type", "The body must be JSON.",
            "Send JSON with the header 'Content-Type: application/json'; CSV, JSON lines and Parquet go to "
            "/models/{name}/invocations.",
            headers=((b"accept", _JSON),),
        )  # fmt: skip
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name == b"charset" and value.strip(b'"') not in _UTF8:
            raise Refused(
                415, "type", "The body must be JSON in UTF-8.", "Encode it as UTF-8.", headers=((b"accept", _JSON),)
            )


def demand_own_origin(head: Head, *, loopback: bool) -> None:
    """Refuse what a web page of another origin sends through a visitor's browser; other clients send no origin.

    Raises
    ------
    Refused
        403.

    """
    origin = head.get(b"origin")
    if origin is None:
        return
    try:
        page = urlsplit(origin.decode("latin1"))
        ours = page.netloc == head.get(b"host", b"").decode("latin1")
        # A name that leads here from outside can be anybody's (DNS rebinding); our own name is known.
        known = not loopback or page.hostname in _LOOPBACK
    except ValueError:
        ours = known = False
    if not (ours and known):
        raise Refused(
            403, "origin", "Web pages of other origins can't send requests here.", "Call from your own server."
        )


def request_id(head: Mapping[bytes, bytes]) -> str | None:
    """Give the id the caller named its request by, where it is one that can be repeated safely."""
    found = head.get(b"x-request-id")
    return found.decode() if found is not None and _REQUEST_ID.fullmatch(found) else None


def too_large(limit: int) -> Refused:
    """Refuse a body for its size."""
    return Refused(413, "size", f"The body is larger than {limit} bytes.", "Send fewer records at once.")


def asked_in(query: bytes, name: str) -> str | None:
    """Give what a query string says of a name, the last where it says it twice; None where it says nothing.

    Raises
    ------
    Refused
        400 where it holds more than anybody means.

    """
    try:
        found = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100).get(name)
    except ValueError:
        raise Refused(400, "query", "The query holds too many fields.", "Send those this call knows.") from None
    return found[-1] if found else None
