"""`Features`: feature code in the hand, with what a model sees of it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from mainstay.errors import SetupError
from mainstay.models.features.code import FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.models.features.code import FeatureCode
    from mainstay.models.features.compiled import FeaturesError

Value = int | float | bool | str | list[Any] | None


@dataclass(frozen=True)
class Seen:
    """What a model sees of some records.

    Parameters
    ----------
    values : list of dict
        One per record the code didn't fail at: the derived values by name, for the log.
    encoded : array, shape (n, width)
        The same, encoded.
    failed : dict of int to FeaturesError
        Places of the records it failed at, and how.

    """

    values: list[dict[str, Value]]
    encoded: NDArray[np.float64]
    failed: dict[int, FeaturesError] = field(default_factory=dict)


class FeaturesRunner(Protocol):
    """Feature code that was compiled: `mainstay.models.features.run.Runner`."""

    def table(self, served: pl.DataFrame) -> pl.DataFrame:
        """Derive what the model sees from features as served; one row each, typed as the inputs say."""

    def encode(self, derived: pl.DataFrame) -> NDArray[np.float64]:
        """Encode what `table` gave; shape (n, width)."""

    def attempt(self, served: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, FeaturesError]]:
        """Derive what can be; gives the rows of `table` that the code didn't fail at, and the places of the others."""

    def records(self, served: Sequence[Mapping[str, Any]]) -> Seen:
        """Do `table` and `encode` for records of a request."""

    def attempt_records(self, served: Sequence[Mapping[str, Any]]) -> Seen:
        """Do `attempt` and `encode` for records of a request."""


class _Runs(Protocol):
    def runner(self, code: FeatureCode, contract: Contract, inputs: Contract) -> FeaturesRunner: ...


@dataclass(frozen=True)
class Features:
    """Feature code, what a model sees of it, and the function where it may run here.

    Parameters
    ----------
    code : FeatureCode
        The file.
    inputs : Contract
        What the model sees: the derived columns, as they were in the training rows.
    running : FeaturesRunner or None
        The compiled code; None where this process only looks at the version.

    """

    code: FeatureCode
    inputs: Contract
    running: FeaturesRunner | None = None

    @property
    def runner(self) -> FeaturesRunner:
        """The compiled code.

        Raises
        ------
        SetupError
            Where the version was loaded to be looked at, not to answer.

        """
        if self.running is None:
            raise SetupError(f"The {FILE} of this version doesn't run here.", "Load the version to answer with it.")
        return self.running


def load_features(code: FeatureCode, contract: Contract, inputs: Contract) -> Features:
    """Compile feature code; ask before whether it is trusted here.

    Parameters
    ----------
    code : FeatureCode
        The file.
    contract : Contract
        What a record must look like.
    inputs : Contract
        What the model sees.

    Raises
    ------
    ProjectError
        Where it can't be compiled, or has no function `features`.
    SetupError
        Where it wants pandas and that isn't here.

    """
    # By name: Polars is loaded where a version has feature code, and in no other worker.
    runs = cast("_Runs", importlib.import_module("mainstay.models.features.run"))
    return Features(code, inputs, runs.runner(code, contract, inputs))


def seen_by(contract: Contract, features: Features | None) -> Contract:
    """Describe what a model sees: the contract itself, or what feature code makes of it."""
    return contract if features is None else features.inputs
