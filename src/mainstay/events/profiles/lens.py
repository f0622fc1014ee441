"""`Lens`: how the rows of a log are read for their summary. What a profile holds depends on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.profile import ColumnProfile
    from mainstay.contract.profile import Profile as Reference
    from mainstay.models.task import Task

    Quantities = Callable[[pl.DataFrame], Mapping[str, NDArray[np.float64]]]


@dataclass(frozen=True)
class View:
    """How one version's answers are read.

    Parameters
    ----------
    contract : Contract
        What its records look like.
    reference : contract.profile.Profile
        In whose bins its features are counted.
    inputs : Contract, optional
        What its feature code makes of a record; that is what it sees then.
    scores : ColumnProfile, optional
        In whose bins its scores are counted.

    """

    contract: Contract
    reference: Reference
    inputs: Contract | None = None
    scores: ColumnProfile | None = None


def _no_view(_: int) -> View | None:
    return None


def _no_quantities(_: pl.DataFrame) -> Mapping[str, NDArray[np.float64]]:
    return {}


@dataclass(frozen=True)
class Lens:
    """How the rows of a log are read.

    Parameters
    ----------
    model : str
        Whose answers.
    contract : Contract
        Names and types of the features.
    task : Task
        What the labels mean.
    view : callable
        Gives the view of a version by its number; of those that have none no feature is counted.
    version : int
        The one whose reference cuts numeric segments into quarters.
    segments : tuple of str
        Features by whose values answers are counted apart.
    quantities : callable
        Gives further numbers of each row of a frame, by name; NaN where there is none. They are summed.
    inputs : Contract, optional
        What feature code makes of a record.
    mark : str
        Changes when anything of it does: profiles that were made through another lens are made anew.

    """

    model: str
    contract: Contract
    task: Task
    view: Callable[[int], View | None] = _no_view
    version: int = 0
    segments: tuple[str, ...] = ()
    quantities: Quantities = _no_quantities
    inputs: Contract | None = None
    mark: str = ""
