"""What of a record is personal, and what becomes of it in the event log: sealed under its person's key, or dropped."""

from __future__ import annotations

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
