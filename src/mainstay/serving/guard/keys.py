"""`ApiKey`: what is kept of a key. The key itself is shown once, when it is made, and is nowhere afterwards."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from typing import Annotated, Literal, get_args

import msgspec

from mainstay.errors import InputError

Scope = Literal["predict", "feedback", "read", "admin"]
Need = Literal["open", "known", "predict", "feedback", "read", "admin"]
"""What an address asks for: nothing at all, any valid key, or one with that scope."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
_SECRET_BYTES = 20  # 160 bits
_ID_BYTES = 4
_TOKEN = re.compile(rb"ms_([0-9a-f]{8})_([0-9a-f]{40})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOBODY = hashlib.sha256(secrets.token_bytes(_SECRET_BYTES)).hexdigest()


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key, without its secret.

    Parameters
    ----------
    id : str
        Eight hex digits: the part of the key that may be shown.
    number : int
        Its place in its file, from 0; never given to another.
    name : str
        Who calls with it: the consumer in the event log and the metrics.
    hash : str
        sha256 of the secret, 64 hex digits. A slow hash (scrypt, argon2) protects what people can think of; nobody
        guesses 160 random bits, however fast each guess is, and a slow one would cost every caller, and the server.
    scopes : tuple of {"predict", "feedback", "read", "admin"}
        What it opens.
    made : datetime
        When, UTC.
    rate : float, optional
        Requests a second it may send; none: as many as it likes.
    expires, revoked : datetime, optional
        Since when it opens nothing, UTC.

    """

    id: str
    number: Annotated[int, msgspec.Meta(ge=0)]
    name: str
    hash: str
    scopes: tuple[Scope, ...]
    made: dt.datetime
    rate: Annotated[float, msgspec.Meta(gt=0)] | None = None
    expires: dt.datetime | None = None
    revoked: dt.datetime | None = None

    def dead(self, now: dt.datetime) -> str:
        """Say why it opens nothing: ``"revoked"``, ``"expired"``; empty while it does."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else ""


def make_key(
    name: str,
    scopes: tuple[Scope, ...],
    *,
    number: int,
    now: dt.datetime,
    rate: float | None = None,
    expires: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; gives what is kept of it, and the key itself: ``ms_<id>_<secret>``.

    Raises
    ------
    InputError
        Where the name can't stand in a log and in a metric as it is, or there is no scope.

    Examples
    --------
    >>> kept, token = make_key("billing", ("predict",), number=0, now=dt.datetime(2026, 11, 28, tzinfo=dt.UTC))
    >>> matches(kept, token.encode()), matches(kept, token[:-1].encode() + b"_"), len(token)
    (True, False, 52)

    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name[:80]}' can't be the name of a consumer.",
            "Use up to 64 letters, digits, dots, dashes and underlines, beginning with a letter or a digit.",
        )
    if not scopes:
        raise InputError("A key without a scope opens nothing.", f"Add --scope: {', '.join(SCOPES)}.")
    secret = secrets.token_hex(_SECRET_BYTES)
    kept = ApiKey(
        id=secrets.token_hex(_ID_BYTES),
        number=number,
        name=name,
        hash=_hash(secret.encode()),
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        made=now,
        rate=rate,
        expires=expires,
    )
    return kept, f"ms_{kept.id}_{secret}"


def id_of(token: bytes) -> str:
    """Give the id a key names; empty where it isn't one of ours."""
    match = _TOKEN.fullmatch(token)
    return match[1].decode() if match else ""


def matches(key: ApiKey | None, token: bytes) -> bool:
    """Say whether a token is this key; where there is no such key the same work is done, for the same time."""
    match = _TOKEN.fullmatch(token)
    secret = match[2] if match else b""
    right = hmac.compare_digest(_hash(secret), key.hash if key else _NOBODY)
    return right and key is not None and match is not None


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
