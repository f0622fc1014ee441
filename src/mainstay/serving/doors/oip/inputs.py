"""What may be sent to a model, as the contracts of those who answer say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.serving.arms.pinning import pin
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn, Contract
    from mainstay.models import Task
    from mainstay.serving.lineup import Arm, Lineup

_SPARE = 50
_NUMERIC = frozenset({"integer", "number", "boolean"})
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Inputs:
    """What may be sent.

    Parameters
    ----------
    columns : dict of str to column
        The features and ids, of all who may answer.
    features : tuple of column
        Those of the one whose order counts where they come as one matrix.
    names : frozenset of str
        All columns, those that nobody reads included.
    numeric : bool
        Whether all features together can come as one matrix: each of them is a number, or yes or no.
    max_records : int
        Records one request may hold.
    task : Task
        What is predicted.

    """

    columns: dict[str, AnyColumn]
    features: tuple[AnyColumn, ...]
    names: frozenset[str]
    numeric: bool
    max_records: int
    task: Task

    @property
    def most(self) -> int:
        """How many tensors a request may hold."""
        return len(self.names) + _SPARE


def inputs_of(lineup: Lineup, version: int | None) -> Inputs:
    """Say what may be sent to the version that is asked for, or to whoever answers.

    Raises
    ------
    Refused
        404, where that version doesn't answer now.

    """
    arm = arm_of(lineup, version)
    contracts = [arm.bundle.contract]
    if version is None and not lineup.uniform:
        contracts += [other.bundle.contract for other in (*lineup.arms, *lineup.shadows)]
    columns: dict[str, AnyColumn] = {}
    for contract in reversed(contracts):
        columns |= {column.name: column for column in (*contract.features, *contract.ids)}
    return Inputs(
        columns,
        arm.bundle.contract.features,
        frozenset(name for contract in contracts for name in contract.names),
        is_numeric(arm.bundle.contract),
        arm.decoder.max_records,
        arm.bundle.policy.task,
    )


def is_numeric(contract: Contract) -> bool:
    """Say whether all features are numbers, or yes or no."""
    return bool(contract.features) and all(column.type in _NUMERIC for column in contract.features)


def arm_of(lineup: Lineup, version: int | None) -> Arm:
    """Give the version that is asked for, or the champion.

    Raises
    ------
    Refused
        404, where that version doesn't answer now.

    """
    return pin(lineup, version, None) or lineup.champion


def version_number(text: str) -> int:
    """Read the number of a version.

    Raises
    ------
    Refused
        404, where it is none.

    """
    if not _NUMBER.fullmatch(text):
        raise Refused(
            404, "version", "There is no such version.", "A version is a number, as the model's metadata lists."
        )
    return int(text)
