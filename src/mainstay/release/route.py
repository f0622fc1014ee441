"""Which version answers a request: sticky, by a hash of who asks. The hot path."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from mainstay.release.release import challengers, newcomers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.release.release import Release, Route

_WHOLE = 1 << 64


def assign(routes: Sequence[Route], key: bytes | str, salt: str) -> Route:
    """Choose who answers.

    The same key always gets the same version under the same routes and salt, and a canary that grows keeps every
    key it has: it answers the lowest places, from 0 up. A challenger answers the places its route names. The champion
    takes the rest.

    Parameters
    ----------
    routes : sequence of Route
        Of the current release.
    key : bytes or str
        Who asks: the entity, else the id of the request.
    salt : str
        What makes two experiments choose different keys: `salt_of` the release.

    Returns
    -------
    Route
        A champion, canary or challenger, never a shadow.

    Examples
    --------
    >>> from mainstay.release.release import Route
    >>> routes = (Route(1, "champion", 0.5), Route(2, "canary", 0.5))
    >>> assign(routes, "7590-VHVEG", "churn/2") is assign(routes, b"7590-VHVEG", "churn/2")
    True

    """
    first = routes[0]
    if first.weight == 1.0 and first.role == "champion":
        return first
    place = place_of(key, salt)
    end = 0.0
    rest = first
    for route in routes:
        role = route.role
        if role == "challenger":
            for low, high in route.places:
                if low <= place < high:
                    return route
        elif role == "canary":
            end += route.weight
            if place < end:
                return route
        elif role == "champion":
            rest = route
    return rest


def place_of(key: bytes | str, salt: str) -> float:
    """Place of a key between 0 and 1, evenly spread over keys and independent between salts."""
    raw = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    return int.from_bytes(blake2b(raw, digest_size=8, key=_key(salt)).digest(), "big") / _WHOLE


@lru_cache(maxsize=256)
def _key(salt: str) -> bytes:
    return blake2b(salt.encode(), digest_size=16).digest()


def salt_of(release: Release) -> str:
    """Make the salt of a release: the same at each step of one canary, another for the next canary.

    Without that the same customers would be the guinea pigs of every new version. Of an A/B test it is the same from
    its first arm to its last change, and no other test, not even one of the same versions, draws alike.
    """
    arms = challengers(release.routes)
    if arms:
        return f"{release.model}/ab/{arms[0].begun}"
    return "/".join((release.model, *map(str, newcomers(release.routes))))


def shadows(routes: Sequence[Route]) -> tuple[Route, ...]:
    """Name the routes whose answers are computed and logged, and not given."""
    return tuple(route for route in routes if route.role == "shadow")
