"""`Contract`: the columns of a record, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import AnyColumn
from mainstay.contract.conflicts import conflicts
from mainstay.contract.rules import Rule
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, cache_hash=True):
    """What a record must look like.

    Parameters
    ----------
    columns : tuple of column
        In the order of the file; the features among them, in this order, are what a model sees.
    rules : tuple of Rule
        What must hold between them.

    Examples
    --------
    >>> from mainstay.contract import Category, Integer
    >>> contract = Contract((Integer(name="tenure", min=0), Category(name="plan", values=("basic", "full"))))
    >>> contract.feature_names
    ('tenure', 'plan')

    """

    columns: tuple[AnyColumn, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def features(self) -> tuple[AnyColumn, ...]:
        """The columns a model sees."""
        return tuple(column for column in self.columns if column.role == "feature")

    @property
    def entity(self) -> AnyColumn | None:
        """The column that says who a record is about; the first where there are several."""
        return next((column for column in self.columns if column.role == "id"), None)

    def called(self, role: str) -> tuple[str, ...]:
        """Names of the columns with a role."""
        return tuple(column.name for column in self.columns if column.role == role)

    @property
    def ids(self) -> tuple[AnyColumn, ...]:
        """The columns that identify a record; the first of them is the entity."""
        return tuple(column for column in self.columns if column.role == "id")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns a model sees."""
        return tuple(column.name for column in self.features)

    @property
    def slots(self) -> tuple[tuple[AnyColumn, str], ...]:
        """The column and the name of each number a model sees, in order."""
        return tuple((column, name) for column in self.features for name in column.slot_names)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """Names of the numbers a model sees: ``age``, ``image[0,1]``."""
        return tuple(name for _, name in self.slots)

    @property
    def width(self) -> int:
        """How many numbers a model sees."""
        return sum(column.width for column in self.features)

    def column(self, name: str) -> AnyColumn:
        """Give the column called `name`.

        Raises
        ------
        ContractError
            Where there is none.

        """
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"The contract has no column called '{name}'.", f"Its columns: {', '.join(self.names)}.")


def contradictions(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Give every contradiction of a contract's columns as column, setting and what is wrong about it.

    Those of its rules are `mainstay.contract.conflicts.conflicts`.
    """
    seen = set()
    for column in contract.columns:
        if column.name in seen:
            yield column.name, "name", "is there twice."
        seen.add(column.name)
        for key, message in column.contradictions():
            yield column.name, key, message
    for role in ("target", "weight"):
        for name in contract.called(role)[1:]:
            yield name, "role", f"is '{role}', as that of '{contract.called(role)[0]}' is: there can be one."


def require_sound(contract: Contract) -> None:
    """Refuse a contract that contradicts itself.

    Raises
    ------
    ContractError
        Naming column or rule, setting and what is wrong about it.

    """
    for name, key, message in contradictions(contract):
        raise ContractError(f"Column '{name}': {key} {message}", "Mend one of them.")
    for found in conflicts(contract.columns, contract.rules):
        name = contract.rules[found.place].name
        raise ContractError(f"Rule '{name}': {found.key} {found.message}", found.cure)


def to_json(contract: Contract) -> bytes:
    """Write a contract as JSON, for a bundle."""
    return msgspec.json.encode(contract)


def from_json(content: bytes) -> Contract:
    """Read a contract from a bundle's JSON.

    Raises
    ------
    ContractError
        Where it isn't one, or contradicts itself.

    """
    try:
        contract = msgspec.json.decode(content, type=Contract)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ContractError(f"This isn't a contract: {error}.", "Register the version again.") from None
    require_sound(contract)
    return contract
