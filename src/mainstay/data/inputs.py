"""From good rows to what a model sees of them: feature code where the project has some, rows left to the fallback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract import Text
from mainstay.contract.table import as_served, encode_table
from mainstay.data.words import count, rows
from mainstay.errors import ContractError, DataError
from mainstay.models.features.learn import learn_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.table import Checked
    from mainstay.data.sieve import Sieve
    from mainstay.models.features import FeatureCode, Features

    Floats = NDArray[np.float64]

FALLBACK = "left to the fallback in production, so no model learns from it"


def refuse_free_text(contract: Contract, code: FeatureCode | None) -> None:
    """Refuse free text as a feature where nothing turns it into numbers.

    Raises
    ------
    ContractError
        Naming the columns.

    """
    texts = [f"'{column.name}'" for column in contract.features if isinstance(column, Text)]
    if texts and code is None:
        raise ContractError(
            f"No model can read free text: {', '.join(texts)}.",
            'Derive numbers or labels from it in features.py, make it a category, or set role = "ignored".',
        )


def leave_fallbacks(sieve: Sieve, checked: Checked) -> tuple[Sieve, Checked]:
    """Take out the rows that the fallback would answer: the model never gets such a record."""
    fallen = checked.fallback.to_numpy()
    if not fallen.any():
        return sieve, checked
    kept = pl.Series(~fallen)
    left = replace(
        checked, good=checked.good.filter(kept), rows=checked.rows.filter(kept), fallback=checked.fallback.filter(kept)
    )
    return sieve.refuse("fallback", fallen, FALLBACK), left


def derive_inputs(
    contract: Contract, code: FeatureCode | None, good: pl.DataFrame, learned: NDArray[np.bool_], target: str
) -> tuple[Features | None, Floats]:
    """Give the feature code, ready to run, and what the model sees of each row.

    Parameters
    ----------
    contract : Contract
        Its fills are learned.
    code : FeatureCode or None
        The project's ``features.py``.
    good : DataFrame
        Rows that keep to the contract.
    learned : array of bool
        True for training rows.
    target : str
        Name of the target.

    Raises
    ------
    DataError, ProjectError, SetupError
        As `learn_features`.

    """
    if code is None:
        return None, encode_table(contract, good)
    features, derived = learn_features(code, contract, as_served(contract, good), learned, target=target)
    return features, features.runner.encode(derived)


def weigh(contract: Contract, good: pl.DataFrame, index: NDArray[np.int64], source: str) -> Floats | None:
    """Give the weight of each row, where a column has that role; None where none has.

    Parameters
    ----------
    contract : Contract
        Says which column it is.
    good : DataFrame
        Rows that keep to the contract.
    index : array of int
        Their numbers in the source, from 0.
    source : str
        What a sentence calls the source.

    Raises
    ------
    DataError
        Where a weight is missing or negative, or all are 0.

    """
    name = next((column.name for column in contract.columns if column.role == "weight"), None)
    if name is None or good[name].null_count() == good.height:
        return None
    weights = good[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        held = "nothing" if np.isnan(weights[first]) else f"{weights[first]:.10g}"
        raise DataError(
            f"'{name}' weighs the rows of {source}, and is negative or missing in {rows(int(wrong.sum()))} of "
            f"{count(len(wrong))}: the first holds {held} (row {index[first]}, counted from 0 below any header).",
            f"Give each row a number of 0 or more, or say min = 0 for '{name}' in contract.toml: such rows are then "
            "refused.",
        )
    if not weights.any():
        raise DataError(
            f"'{name}' weighs the rows of {source}, and is 0 in all {count(len(weights))}.",
            "Give at least some rows a number above 0.",
        )
    return weights
