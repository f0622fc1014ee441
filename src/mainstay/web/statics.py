"""The files beside the pages, under names that hold their hash: cached for ever, never stale."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mainstay.render.page import Assets
from mainstay.render.templates import static

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Static:
    """One file: its bytes and its type."""

    body: bytes
    kind: str


def load() -> tuple[Assets, dict[str, Static]]:
    """Read the files and name each by its hash."""
    files: dict[str, Static] = {}
    names = {}
    for stem, suffix in (("page", "css"), ("page", "js"), ("icon", "svg")):
        body = static(f"{stem}.{suffix}").encode()
        name = f"{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        files[name] = Static(body, _TYPES[suffix])
        names[suffix] = f"/static/{name}"
    return Assets(css=names["css"], js=names["js"], icon=names["svg"]), files
