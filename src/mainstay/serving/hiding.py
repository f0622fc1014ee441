"""`Hiding`: what is personal is kept out of the lines a server writes, as the contracts of who answers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract.personal import Personal, personal_in
from mainstay.events.feedback import FIELDS
from mainstay.events.sealing import prepare_sealing, seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Contract
    from mainstay.events import Prediction
    from mainstay.events.persons import Persons


class Hiding:
    """What is personal about one model's records, and the keys of whom they are about.

    Parameters
    ----------
    persons : Persons
        The keys; closed with this.

    """

    def __init__(self, persons: Persons) -> None:
        self.personal = Personal()
        """What was personal to any version that answered in this process."""
        self._names: frozenset[str] = frozenset(FIELDS)
        self._persons = persons

    def learn(self, contracts: Iterable[Contract]) -> None:
        """Take in what is personal to versions that begin to answer."""
        for contract in contracts:
            self.personal |= personal_in(contract)
            self._names |= frozenset(contract.names)
        if self.personal.sealed:
            prepare_sealing()

    def hide(self, events: Sequence[Prediction]) -> list[Prediction]:
        """Give predictions as they may be written.

        Raises
        ------
        StoreError
            Where a new key can't be stored.

        """
        return seal(events, self.personal, self._persons) if self.personal else list(events)

    def known(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Give the fields of a refusal that may be written: all where nothing is personal, else those there are.

        The name of a field that a caller made up may say something about somebody, too.
        """
        if not self.personal:
            return tuple(fields)
        heads = (field.partition("[")[0].partition(".")[0] for field in fields)
        return tuple(dict.fromkeys(head for head in heads if head in self._names))

    def close(self) -> None:
        """Let go of the keys."""
        self._persons.close()
