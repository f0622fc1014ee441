"""`Ring`: the keys of all files a server reads, as they are at one moment."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.serving.guard.keys import id_of, matches
from mainstay.serving.guard.rates import place_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.serving.guard.keys import ApiKey

_MOST = 4096


@dataclass(frozen=True, slots=True)
class Pass:
    """What a key that was looked at opens.

    Parameters
    ----------
    consumer : str
        Who calls.
    scopes : frozenset of str
        What for; every key opens what asks for any (``"known"``).
    models : frozenset of str
        Which models; empty: all of them.
    rate : float
        Requests a second; 0: no limit.
    place : int
        Where they are counted.
    until : float
        Unix time at which it opens nothing any more.

    """

    consumer: str
    scopes: frozenset[str]
    models: frozenset[str]
    rate: float
    place: int
    until: float


@dataclass(slots=True)
class Ring:
    """The keys, and those of them that were shown already.

    Parameters
    ----------
    keys : dict of str to tuple
        By id: the key, its place in `Rates`, the models it opens.
    asked : bool
        Whether a key is asked for at all.

    """

    keys: dict[str, tuple[ApiKey, int, frozenset[str]]] = field(default_factory=dict)
    asked: bool = False
    passes: dict[bytes, Pass] = field(default_factory=dict)
    """By the digest of the header that was sent; goes with the ring when a file changes."""

    def look_up(self, token: bytes, digest: bytes, now: dt.datetime) -> Pass | str:
        """Give what a token opens, or why it opens nothing: ``"unknown"``, ``"expired"``, ``"revoked"``.

        Only whoever has the secret learns the last two.
        """
        found = self.keys.get(id_of(token))
        key, place, models = found or (None, 0, frozenset[str]())
        if not matches(key, token) or key is None:
            return "unknown"
        if why := key.dead(now):
            return why
        opened = Pass(
            consumer=key.name,
            scopes=frozenset((*key.scopes, "known")),
            models=models,
            rate=key.rate or 0.0,
            place=place,
            until=key.expires.timestamp() if key.expires else math.inf,
        )
        if len(self.passes) >= _MOST:  # one key can be written in many ways: "Bearer", "bearer", ...
            self.passes.clear()
        self.passes[digest] = opened
        return opened


def make_ring(files: Sequence[tuple[tuple[ApiKey, ...], frozenset[str]]], *, asked: bool) -> Ring:
    """Put the keys of several files on one ring; each file comes with the models its keys open."""
    keys = {
        key.id: (key, place_of(place, key.number), models)
        for place, (those, models) in enumerate(files)
        for key in those
    }
    return Ring(keys, asked)
