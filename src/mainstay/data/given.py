"""A contract that somebody already wrote, held against what the rows themselves say."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import Datetime, Text
from mainstay.data.guess import Guess
from mainstay.data.words import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mainstay.contract import AnyColumn, Contract
    from mainstay.data.facts import Facts
    from mainstay.data.leaks import Leak

_SAID = "as the given contract says"
_OF_FEATURES = ("missing", "malformed", "outside", "unknown", "fill")


@dataclass(frozen=True)
class Given:
    """What somebody already wrote down about some columns.

    Parameters
    ----------
    contract : Contract
        Their kinds, which stand in place of the guesses.
    firm : frozenset of str
        Columns whose role is written there in words: it stays, whatever the rows say.

    """

    contract: Contract
    firm: frozenset[str] = frozenset()

    def settle(self, facts: Facts, seen: Guess) -> tuple[Guess, str]:
        """Join a given column with what init sees of it: the kind is the given one, the role what both say.

        Returns
        -------
        Guess
            The column as it is drafted.
        str
            What is worth a word, because the rows speak against the given feature; else empty.

        """
        column = self.contract.column(facts.name)
        against = column.role == "feature" and _no_feature(column, facts, seen)
        if not against:
            return Guess(column, _SAID), ""
        if facts.name in self.firm:
            return Guess(column, f"{_SAID}; but {seen.why}"), f"{facts.name} stays a feature, though: {seen.why}"
        role = "id" if seen.column.role == "id" and "id" in column.can_be else "ignored"
        word = "an id" if role == "id" else "ignored"
        why = f"of the kind that the given contract says; {word}, as it says no role: {seen.why}"
        return Guess(
            _with_role(column, role), why
        ), f"{facts.name} is {word}, the given contract says no role: {seen.why}"

    def spared(self, leaks: Iterable[Leak]) -> tuple[Leak, ...]:
        """Give the leaks among columns whose role is firm: they stay features."""
        return tuple(leak for leak in leaks if self.firm.intersection(leak.columns))


def roles_written(path: Path) -> frozenset[str]:
    """Name the columns of a ``contract.toml`` whose role is written there in words."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return frozenset(name for name, table in tables.items() if isinstance(table, dict) and "role" in table)


def given_in_vain(contract: Contract, facts: Mapping[str, Facts], target: str) -> tuple[str, ...]:
    """Name the given columns that the table doesn't have."""
    absent = [name for name in contract.names if name not in facts and name != target]
    return (f"the given contract names columns the table doesn't have, left out: {listing(absent)}",) if absent else ()


def _no_feature(column: AnyColumn, facts: Facts, seen: Guess) -> bool:
    """Say whether the rows show that a column can't be learned from: an id, a counter, a constant, or nothing."""
    if seen.column.role == "feature" or isinstance(seen.column, Datetime):
        return False
    free_text = isinstance(seen.column, Text) and seen.column.role == "ignored" and facts.distinct > 1
    return isinstance(column, Text) if free_text else True


def _with_role(column: AnyColumn, role: str) -> AnyColumn:
    """Give a column another role, without the policies that only a feature has."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(column) if field.name in _OF_FEATURES}
    return msgspec.structs.replace(column, role=role, **defaults)
