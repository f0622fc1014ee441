"""`Release`: a row of the history: who answers from then on."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["champion", "canary", "challenger", "shadow"]
Kind = Literal["release", "canary", "ab", "shadow", "rollback"]
Places = tuple[tuple[float, float], ...]
"""Stretches of the line from 0 to 1 on which keys lie, lowest first; the end of each excluded."""

BESIDE: frozenset[Role] = frozenset({"canary", "challenger"})
"""The roles that answer a share beside the champion."""


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version and its part in answering.

    Parameters
    ----------
    version : int
        Which one.
    role : {"champion", "canary", "challenger", "shadow"}
        The champion answers what nobody else does; a canary (a step of caution) and a challenger (an arm of an A/B
        test) answer their share; a shadow is computed and logged, and nobody sees its answers.
    weight : float
        Share of the requests, 0 to 1. The weights of all who answer add up to 1; a shadow's stands for itself.
    places : tuple of (float, float)
        Which keys a challenger answers: those whose place is on these stretches. A canary has the lowest, and so
        needs none.
    begun : int
        Number of the release by which the test began that a challenger is part of.

    """

    version: int
    role: Role
    weight: float
    places: Places = ()
    begun: int = 0


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's yes to the version that was released, as it stood then.

    Parameters
    ----------
    role : str
        In which role; empty where none was named.
    by : str
        Who.
    at : datetime
        When, UTC.
    reason : str
        Why.

    """

    role: str
    by: str
    at: dt.datetime
    reason: str


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the history: who answers from then on.

    Parameters
    ----------
    id : int
        1, 2, 3 ... per model, without a gap.
    model : str
        Name of the model.
    kind : {"release", "canary", "ab", "shadow", "rollback"}
        What was done.
    routes : tuple of Route
        Everyone with a part, the champion first.
    at : datetime
        Since when, UTC.
    by : str
        Who did it.
    reason : str
        Why.
    trial : bool
        Whether it was done without the demands on a release; served on loopback only, and marked everywhere.
    approvals : tuple of Approval
        Who had said yes to the version that was released: kept here alone, and never carried on to the next release.
    steps : tuple of float
        Shares its canary is still to get, the last of them 1; empty where it stays as it is.

    """

    id: int
    model: str
    kind: Kind
    routes: tuple[Route, ...]
    at: dt.datetime
    by: str
    reason: str
    trial: bool = False
    approvals: tuple[Approval, ...] = ()
    steps: tuple[float, ...] = ()

    @property
    def champion(self) -> int:
        """The version that is champion."""
        return champion(self.routes)


def champion(routes: Sequence[Route]) -> int:
    """Name the version that is champion.

    Examples
    --------
    >>> champion((Route(1, "champion", 0.9), Route(2, "canary", 0.1)))
    1

    """
    return next(route.version for route in routes if route.role == "champion")


def newcomers(routes: Sequence[Route]) -> tuple[int, ...]:
    """Name the versions that answer beside the champion.

    Examples
    --------
    >>> newcomers((Route(1, "champion", 0.9), Route(2, "canary", 0.1), Route(3, "shadow", 1.0)))
    (2,)

    """
    return tuple(route.version for route in routes if route.role in BESIDE)


def challengers(routes: Sequence[Route]) -> tuple[Route, ...]:
    """Name the arms of an A/B test, the champion left out."""
    return tuple(route for route in routes if route.role == "challenger")


def canary_of(routes: Sequence[Route]) -> Route | None:
    """Name the canary; None where there is none."""
    return next((route for route in routes if route.role == "canary"), None)


def check_routes(routes: Sequence[Route]) -> None:
    """Refuse routes by which a request could go nowhere, or to two places.

    Raises
    ------
    ReleaseError
        Saying what is wrong.

    """
    answering = [route for route in routes if route.role != "shadow"]
    versions = [route.version for route in routes]
    if sum(route.role == "champion" for route in routes) != 1:
        raise ReleaseError("A release needs exactly one champion.")
    if len(set(versions)) != len(versions):
        raise ReleaseError("A version can have one part in a release only.")
    if not all(0 < route.weight <= 1 for route in routes):
        raise ReleaseError("Each weight must be above 0 and at most 1.")
    if not math.isclose(sum(route.weight for route in answering), 1.0, abs_tol=1e-9):
        raise ReleaseError("The weights of those who answer must add up to 1.")
    _check_places(routes)


def _check_places(routes: Sequence[Route]) -> None:
    arms = challengers(routes)
    if arms and canary_of(routes) is not None:
        raise ReleaseError("A canary and an A/B test can't run at once.")
    for arm in arms:
        if not math.isclose(width(arm.places), arm.weight, abs_tol=1e-9):
            raise ReleaseError("The places of an arm must be as wide as its weight.")
    taken = sorted(place for arm in arms for place in arm.places)
    ends = [0.0, *(end for _, end in taken)]
    if any(not before <= start < end <= 1 for before, (start, end) in zip(ends, taken, strict=False)):
        raise ReleaseError("The places of arms must lie between 0 and 1, apart from each other.")


def width(places: Places) -> float:
    """Say which share of all keys lies on some places.

    Examples
    --------
    >>> width(((0.0, 0.25), (0.5, 0.75)))
    0.5

    """
    return math.fsum(end - start for start, end in places)
