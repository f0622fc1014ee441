"""What both clients need of httpx: its time-outs, and what its errors mean. The one file that knows them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from mainstay.client.errors import RefusedError
from mainstay.client.talk import Got, Lost
from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx

    from mainstay.client.settings import Patience
    from mainstay.client.talk import Send

_BROKEN = Lost("closed the connection before it answered", again=True)


def settings(url: str, connections: int, ca: str | Path | None) -> dict[str, Any]:
    """Give what either client of httpx is made with.

    Raises
    ------
    RefusedError
        Where the address is none, or the file of certificates can't be read.
    SetupError
        Where httpx isn't installed.

    """
    library = _library()
    try:
        base = library.URL(url)
    except (library.InvalidURL, TypeError):
        raise _no_address(url) from None
    if base.scheme not in ("http", "https") or not base.host:
        raise _no_address(url)
    limits = library.Limits(max_connections=connections, max_keepalive_connections=connections)
    try:
        verify = ssl.create_default_context(cafile=ca) if ca is not None else True
    except OSError as error:
        raise RefusedError(f"The certificates in {ca} can't be read: {error}.", "Name a file in PEM format.") from None
    return {"base_url": base, "limits": limits, "verify": verify, "follow_redirects": False}


def asked(send: Send, patience: Patience) -> dict[str, Any]:
    """Give what a request of httpx is made with."""
    request, seconds = send.request, send.seconds
    read = min(patience.read, seconds)
    timeout = _library().Timeout(connect=min(patience.connect, seconds), read=read, write=read, pool=seconds)
    return {
        "method": request.method,
        "url": request.path,
        "content": request.body or None,
        "headers": request.headers,
        "timeout": timeout,
    }


def got(response: httpx.Response, body: bytes) -> Got:
    """Give an answer as conversations read it."""
    headers: Mapping[str, str] = response.headers
    return Got(response.status_code, {name.lower(): value for name, value in headers.items()}, body)


def lost(error: Exception, patience: Patience) -> Lost | None:
    """Say what it means that no answer came; None where it isn't an error of a connection."""
    library = _library()
    if isinstance(error, library.ConnectError) and "SSL" in str(error):
        return _untrusted(str(error))
    meanings: list[tuple[Any, Lost]] = [
        (library.ConnectTimeout, Lost(f"wasn't reached within {patience.connect:g} s", again=True)),
        (library.ConnectError, Lost(f"can't be reached ({error})", again=True)),
        (library.PoolTimeout, Lost("wasn't asked: every connection of this client was in use", again=False)),
        (library.TimeoutException, late(patience)),
        (library.NetworkError, _BROKEN),
        (library.RemoteProtocolError, _BROKEN),
        (library.HTTPError, Lost(f"can't be asked ({error})", again=False)),
    ]
    return next((meaning for kind, meaning in meanings if isinstance(error, kind)), None)


def _untrusted(told: str) -> Lost:
    """Say why no TLS came about; httpx hands on OpenSSL's words alone, and trying again changes nothing."""
    if "CERTIFICATE_VERIFY_FAILED" in told:
        cure = "Name the certificate it is signed with, a PEM file: Client(url, ca=FILE)."
        return Lost(f"shows a certificate that isn't trusted here ({told})", again=False, cure=cure)
    return Lost(f"doesn't answer by TLS ({told})", again=False, cure="See whether its address begins with http://.")


def late(patience: Patience) -> Lost:
    """Say that an answer took too long."""
    return Lost(f"didn't answer in time ({patience.read:g} s for each part, {patience.total:g} s for all)", again=False)


def _library() -> Any:
    return need("httpx", "The client", "client")


def _no_address(url: object) -> RefusedError:
    return RefusedError(f"'{url}' is no address of a server.", "Give one such as http://127.0.0.1:8000.")
