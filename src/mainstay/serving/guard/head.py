"""What is wrong with a request's head, beyond what the parser refuses.

The parser (llhttp, strict) refuses what lets two readers of one connection disagree about where a request ends: two
lengths, a length beside chunks, folded headers, bare line feeds, a space before the colon. What is left is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

Headers = list[tuple[bytes, bytes]]
ONCE = frozenset({b"host", b"content-type", b"content-encoding", b"authorization", b"x-api-key", b"origin"})
"""Headers of which two could be read in two ways, by a proxy and by us."""


def head_fault(version: str, url: bytes, headers: Headers, *, size: int, most: int) -> Refused | None:
    """Say what is wrong with a head; nothing where it is sound.

    Parameters
    ----------
    version : str
        Of HTTP.
    url : bytes
        What is asked for.
    headers : list of (bytes, bytes)
        Names in lower case.
    size : int
        Bytes it can have at most, by what came.
    most : int
        Bytes it may have.

    """
    if version not in ("1.1", "1.0"):
        return _bad("Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if size > most and len(url) + sum(len(name) + len(value) + 4 for name, value in headers) > most:
        return too_long(most)
    names = [name for name, _ in headers]
    twice = sorted(name for name in ONCE if names.count(name) > 1)
    if twice:
        return _bad(f"The header {twice[0].decode()} was sent more than once.")
    if version == "1.1" and b"host" not in names:  # RFC 9112, section 3.2
        return _bad("The header Host is missing.")
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version == "1.0"):  # RFC 9112, section 6.1
        return _bad("The only transfer coding understood here is chunked, in HTTP/1.1.")
    return None


def too_long(most: int) -> Refused:
    """Refuse a head that has grown too long."""
    return Refused(431, "head", f"The headers are longer than {most} bytes.", "Send fewer.")


def without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    r"""Write a head again without its wish for another protocol, which a server may ignore (RFC 9110, section 7.8).

    Examples
    --------
    >>> headers = [(b"host", b"x"), (b"upgrade", b"h2c"), (b"connection", b"Upgrade, close")]
    >>> without_upgrade(b"GET", b"/", "1.1", headers)
    b'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'

    """
    kept = [(name, value) for name, value in headers if name not in (b"upgrade", b"connection", b"http2-settings")]
    wishes = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    kept += [(b"connection", word) for word in sorted(wishes & {b"close", b"keep-alive"})]
    return _line(method, url, version) + b"".join(b"%s: %s\r\n" % each for each in kept) + b"\r\n"


def _line(method: bytes, url: bytes, version: str) -> bytes:
    return b"%s %s HTTP/%s\r\n" % (method, url, version.encode())


def _bad(detail: str) -> Refused:
    return Refused(400, "http", detail, "Send a well-formed HTTP/1.1 request.")


def drawn(refused: Refused, defaults: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Write a refusal as the last answer on its connection."""
    reply = refused.reply()
    lines = [b"HTTP/1.1 %d %s" % (reply.status, refused.phrase), b"connection: close"]
    lines += [b"%s: %s" % header for header in (*defaults, *reply.headers)]
    lines.append(b"content-length: %d" % len(reply.body))
    return b"\r\n".join([*lines, b"", reply.body])
