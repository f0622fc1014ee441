"""What of a record is personal, and what becomes of it in the event log: sealed under its person's key, or dropped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import Category

if TYPE_CHECKING:
    from mainstay.contract.contract import Contract


class Personal(msgspec.Struct, frozen=True):
    """The personal features of a contract.

    Parameters
    ----------
    sealed : frozenset of str
        Those that are encrypted under their person's key.
    dropped : frozenset of str
        Those that are never written.

    Examples
    --------
    >>> from mainstay.contract import Contract, Number, Text
    >>> some = personal_in(Contract((Text(name="email", personal="drop"), Number(name="income", personal=True))))
    >>> sorted(some.names), bool(some), bool(Personal())
    (['email', 'income'], True, False)

    """

    sealed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.sealed | self.dropped

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self.sealed or self.dropped)

    def __or__(self, other: Personal) -> Personal:
        """Give what is personal to either; what one of them drops is dropped."""
        dropped = self.dropped | other.dropped
        return Personal((self.sealed | other.sealed) - dropped, dropped)


def personal_in(contract: Contract) -> Personal:
    """Say which features of a contract are personal.

    Ids aren't among them: of an id the log holds a pseudonym alone.
    """
    features = contract.features
    return Personal(
        frozenset(column.name for column in features if column.personal is True),
        frozenset(column.name for column in features if column.personal == "drop"),
    )


def with_derived(contract: Contract, inputs: Contract) -> Contract:
    """Mark as personal what feature code may have derived from what is.

    Nobody can say what a column of code comes from, so all are marked but those that are called as a feature which is
    nobody's own. They stay out of the log's open part as the features do, and of a bundle as far as it tells of values.
    """
    some = personal_in(contract)
    if not some:
        return inputs
    nobodys = frozenset(contract.feature_names) - some.names
    columns = (
        column if column.name in nobodys else msgspec.structs.replace(column, personal=True)
        for column in inputs.columns
    )
    return msgspec.structs.replace(inputs, columns=tuple(columns))


def coarse(value: float, span: float) -> float:
    """Round a number of somebody's to a hundredth of a span, or coarser, so that it says nothing exact about anybody.

    Parameters
    ----------
    value : float
        The number.
    span : float
        What it is seen against: from the least to the largest of all, or how large it is itself; 0 for a constant,
        which is everybody's and stays.

    Examples
    --------
    >>> coarse(747687.312606, 100_000), coarse(47, 82), coarse(0.123456, 1), coarse(17.3, 0)
    (748000.0, 47.0, 0.12, 17.3)

    """
    if not span or not math.isfinite(span):
        return value
    digits = 2 - math.ceil(math.log10(abs(span)))
    return float(round(value, digits))


def personal_notes(contract: Contract) -> tuple[str, ...]:
    """Say in sentences what is personal, and what becomes of it."""
    some = personal_in(contract)
    notes = []
    if some.sealed and contract.entity is None:
        notes.append(
            f"Never written to the event log: {_listed(some.sealed)}. They are personal, and no column has the role "
            f"'id', so that nobody's key could seal them."
        )
    elif some.sealed and contract.entity is not None:
        notes.append(
            f"Encrypted in the event log: {_listed(some.sealed)}, each under the key of its record's "
            f"{contract.entity.name}; left out where a record comes without it."
        )
    if some.dropped:
        notes.append(
            f"Never written to the event log: {_listed(some.dropped)}. No window, replay or training has them."
        )
    spelled = [
        column.name for column in contract.features if isinstance(column, Category) and column.name in some.names
    ]
    if spelled:
        notes.append(
            f"The contract lists the values of {_listed(spelled)}, and so does every bundle: keep out of it what says "
            "who somebody is."
        )
    return tuple(notes)


def _listed(names: frozenset[str] | list[str]) -> str:
    return ", ".join(sorted(names))
