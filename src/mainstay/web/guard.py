"""Who may ask: Host on every request, Origin and a form token on every change. Loopback is no protection by itself.

A page elsewhere can make a browser send requests here (cross-site request forgery), or point a name of its own at
127.0.0.1 (DNS rebinding); both are refused before anything is read.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def new_token() -> str:
    """Make the secret every form of this process carries."""
    return secrets.token_urlsafe(24)


def host_known(header: str, allowed: frozenset[str]) -> bool:
    """Whether a Host header names us; `allowed` adds to the loopback names, ``"*"`` in it switches the check off.

    Examples
    --------
    >>> host_known("127.0.0.1:8001", frozenset()), host_known("evil.example:8001", frozenset())
    (True, False)

    """
    if "*" in allowed:
        return True
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    return name is not None and (name in _LOOPBACK_NAMES or name in allowed)


def change_refused(headers: Mapping[str, str], token: str, expected: str) -> str:
    """Say why a change is refused; empty where it isn't.

    A browser names where a form came from in ``Origin`` and ``Sec-Fetch-Site``; what names itself must be ours. What
    names nothing is no browser, and still needs the token.
    """
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
        return "The form came from another place."
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "The form came from another place."
    if not hmac.compare_digest(token.encode(), expected.encode()):
        return "The form is older than this dashboard process."
    return ""
