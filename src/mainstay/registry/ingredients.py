"""Ingredients: what a version is made of, a row for each thing, so that it can be asked both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from mainstay.registry import tables
from mainstay.registry.environment import lock_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.registry.lineage import Lineage

HASHED = ("commit", "data", "code", "changes", "environment", "mainstay")
"""Kinds whose values are hashes, so that the start of one is enough to ask for it."""


class Ingredient(msgspec.Struct, frozen=True, order=True):
    """A thing a version is made of.

    Parameters
    ----------
    kind : str
        ``"commit"``, ``"data"``, ``"code"``, ``"changes"``, ``"package"``, ``"environment"``, ``"mainstay"``,
        ``"python"``, ``"parameter"``, ``"seed"`` or ``"parent"``.
    name : str
        Which one: ``"features.py"``, ``"numpy"``, ``"learning_rate"``; empty where there is one of its kind.
    value : str
        A hash, a version, a setting.

    """

    kind: str
    name: str
    value: str


def ingredients_of(lineage: Lineage, parent: int | None = None) -> tuple[Ingredient, ...]:
    """Give what a version is made of, as its lineage says it; sorted, each kind and name once.

    Parameters
    ----------
    lineage : Lineage
        Of the version.
    parent : int, optional
        Where the lineage is too old to say it: see `Version`.

    """
    return tuple(sorted(one for one in _said(lineage, parent) if one.value))


def _said(lineage: Lineage, parent: int | None) -> Iterator[Ingredient]:
    yield Ingredient("commit", "", lineage.git_commit)
    yield Ingredient("data", "fingerprint", lineage.data_fingerprint)
    yield Ingredient("data", "md5", lineage.data_md5)
    yield from (Ingredient("code", one.path, one.sha256) for one in lineage.code)
    yield Ingredient("changes", "", lineage.changes.sha256)
    # An old lineage only knows what was installed.
    known = {one.name: one.version for one in lineage.environment} or lineage.packages
    yield from (Ingredient("package", name, version) for name, version in known.items())
    yield Ingredient("environment", "", lock_hash(lineage.environment) if lineage.environment else "")
    yield Ingredient("mainstay", "", lineage.mainstay_sha256)
    yield Ingredient("python", "", lineage.python)
    yield from (Ingredient("parameter", name, setting(value)) for name, value in lineage.parameters.items())
    yield Ingredient("seed", "", str(lineage.seed))
    above = lineage.parent if lineage.parent is not None else parent
    yield Ingredient("parent", "", "" if above is None else str(above))


def setting(value: str | float | bool | None) -> str:
    """Write a parameter as a person would.

    Examples
    --------
    >>> [setting(value) for value in (0.1, True, None, "gbdt", 31)]
    ['0.1', 'true', 'none', 'gbdt', '31']

    """
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_ingredients(connection: sa.Connection, model: str, number: int, found: Sequence[Ingredient]) -> None:
    """Write what a version is made of, in the place of what was said of it before."""
    one = {"model": model, "number": number}
    table = tables.INGREDIENTS
    connection.execute(sa.delete(table).where(table.c.model == model, table.c.number == number))
    if found:
        connection.execute(sa.insert(table), [one | msgspec.structs.asdict(each) for each in found])


def read_ingredients(connection: sa.Connection, model: str, number: int) -> tuple[Ingredient, ...]:
    """Give what a version is made of; empty where nothing was written of it yet."""
    rows = connection.execute(tables.MADE_OF, {"model": model, "number": number})
    return tuple(Ingredient(row.kind, row.name, row.value) for row in rows)
