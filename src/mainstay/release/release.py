"""`Release`: a row of the history: who answers from then on."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["champion", "canary", "shadow"]
Kind = Literal["release", "canary", "shadow", "rollback"]


class Route(msgspec.Struct, frozen=True):
    """A version and its part in answering.

    Parameters
    ----------
    version : int
        Which one.
    role : {"champion", "canary", "shadow"}
        The champion answers what nobody else does; a canary answers its share; a shadow is computed and logged, and
        nobody sees its answers.
    weight : float
        Share of the requests, 0 to 1. The weights of champion and canaries add up to 1; a shadow's stands for itself.

    """

    version: int
    role: Role
    weight: float


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the history: who answers from then on.

    Parameters
    ----------
    id : int
        1, 2, 3 ... per model, without a gap.
    model : str
        Name of the model.
    kind : {"release", "canary", "shadow", "rollback"}
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

    """

    id: int
    model: str
    kind: Kind
    routes: tuple[Route, ...]
    at: dt.datetime
    by: str
    reason: str
    trial: bool = False

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
    return tuple(route.version for route in routes if route.role == "canary")


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
