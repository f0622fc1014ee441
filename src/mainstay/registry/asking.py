"""Asking the registry which versions are made of something; see `mainstay.registry.ingredients`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mainstay.registry.tables import INGREDIENTS, MODEL, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLE = INGREDIENTS.c
UNTOLD = (
    sa.select(VERSIONS.c.number)
    .where(VERSIONS.c.model == MODEL, VERSIONS.c.removed == "")
    .where(
        ~sa.exists().where(INGREDIENTS.c.model == VERSIONS.c.model, INGREDIENTS.c.number == VERSIONS.c.number),
    )
    .order_by(VERSIONS.c.number)
)
"""Versions of which nothing was written yet: they are older than this record."""


@dataclass(frozen=True)
class Sought:
    """What to look for among the things versions are made of.

    Parameters
    ----------
    kinds : tuple of str
        Any of these.
    name : str or None
        Which one; any of its kind where None.
    value : str or None
        Its value; any where None.
    start : bool
        Whether the value may go on: the start of a hash.
    setting : bool
        Whether values are compared as settings: ``0.10`` is ``0.1``.

    """

    kinds: tuple[str, ...]
    name: str | None = None
    value: str | None = None
    start: bool = False
    setting: bool = False


def find_versions(connection: sa.Connection, model: str, sought: Iterable[Sought]) -> frozenset[int]:
    """Give the numbers of the versions that are made of any of these."""
    return frozenset(number for each in sought for number in _find(connection, model, each))


def _find(connection: sa.Connection, model: str, sought: Sought) -> Iterable[int]:
    query = sa.select(_TABLE.number, _TABLE.value).where(_TABLE.model == model, _TABLE.kind.in_(sought.kinds))
    if sought.name is not None:
        query = query.where(_TABLE.name == sought.name)
    if sought.value is None:
        return [row.number for row in connection.execute(query)]
    if sought.setting:
        return [row.number for row in connection.execute(query) if same_setting(row.value, sought.value)]
    value = sa.func.substr(_TABLE.value, 1, len(sought.value)) if sought.start else _TABLE.value
    return [row.number for row in connection.execute(query.where(value == sought.value))]


def same_setting(one: str, other: str) -> bool:
    """Whether two settings, as they are written, are the same.

    Examples
    --------
    >>> same_setting("0.1", "1e-1"), same_setting("true", "True"), same_setting("gbdt", "dart")
    (True, True, False)

    """
    if one.lower() == other.lower():
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-12)
    except ValueError:
        return False
