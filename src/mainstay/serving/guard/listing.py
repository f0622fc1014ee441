"""The list of API keys: what is told of each, which is never its hash."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.render import Command, Document, Table, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.guard.keys import ApiKey


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a key; `state` is ``"good"``, ``"expired"`` or ``"revoked"``."""

    id: str
    name: str
    scopes: tuple[str, ...]
    state: str
    made: dt.datetime
    rate: float | None
    expires: dt.datetime | None
    revoked: dt.datetime | None


def list_keys(keys: Sequence[ApiKey], now: dt.datetime) -> list[Listed]:
    """Say of each key what may be told."""
    return [
        Listed(
            id=key.id,
            name=key.name,
            scopes=key.scopes,
            state=key.dead(now) or "good",
            made=key.made,
            rate=key.rate,
            expires=key.expires,
            revoked=key.revoked,
        )
        for key in keys
    ]


def listing_document(project: str, listed: Sequence[Listed]) -> Document:
    """Lay out the keys of a project."""
    if not listed:
        none = Text("No API key is set up: the server answers whoever reaches it, and listens on loopback only.")
        todo = Command("mainstay admin api-keys new NAME --scope predict", "Ask for keys from now on.")
        return Document(f"{project}: API keys", (none, todo))
    cells = tuple(
        (
            each.id,
            each.name,
            ", ".join(each.scopes),
            each.state,
            f"{each.made:%Y-%m-%d}",
            f"{each.expires:%Y-%m-%d %H:%M} UTC" if each.expires else "never",
            f"{each.rate:g}/s" if each.rate else "no limit",
        )
        for each in listed
    )
    table = Table(("id", "name", "opens", "state", "made", "expires", "rate"), cells)
    return Document(f"{project}: API keys", (table,), "The keys themselves are kept nowhere; only hashes are.")
