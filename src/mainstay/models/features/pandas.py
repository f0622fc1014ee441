"""Frames for feature code that is annotated with pandas: there and back, each kind of column always the same type.

The types come from the contract, not from the rows at hand: otherwise one record and a table would be computed
differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mainstay.errors import DataError
from mainstay.extras import need
from mainstay.models.features.code import FILE

if TYPE_CHECKING:
    from types import ModuleType

    from mainstay.contract import AnyColumn, Contract

_SURE = ("reject", "impute", "fallback")


def demand_pandas() -> ModuleType:
    """Import pandas.

    Raises
    ------
    SetupError
        Where it isn't installed.

    """
    return need("pandas", FILE, otherwise="take a Polars frame: def features(frame: pl.DataFrame).")


def to_pandas(frame: pl.DataFrame, contract: Contract) -> Any:
    """Give features as served to pandas.

    Numbers are float64 (whole numbers that can't be missing int64), booleans that can't be missing bool, times
    datetime64; everything else is an object column with None where it is missing.
    """
    pd = demand_pandas()
    return pd.DataFrame({column.name: _to_series(pd, column, frame[column.name]) for column in contract.features})


def from_pandas(result: Any) -> pl.DataFrame | None:
    """Take back what their function gave; None where it is no pandas DataFrame.

    Raises
    ------
    DataError
        Where two columns have one name, or a name isn't text.

    """
    pd = demand_pandas()
    if not isinstance(result, pd.DataFrame):
        return None
    names = list(result.columns)
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"{FILE} gives a column called {name!r}, which is no text.", "Give it a name.")
        if names.count(name) > 1:
            raise DataError(f"{FILE} gives two columns called '{name}'.", "Give each a name of its own.")
    return pl.DataFrame([_from_series(name, result[name]) for name in names])


def _to_series(pd: ModuleType, column: AnyColumn, cells: pl.Series) -> Any:
    sure = column.when_missing in _SURE and column.when_malformed in _SURE and not cells.null_count()
    if cells.dtype.is_numeric():
        whole = sure and cells.dtype.is_integer()
        return pd.Series(cells.to_numpy() if whole else cells.cast(pl.Float64).fill_null(np.nan).to_numpy(), copy=True)
    if cells.dtype == pl.Boolean and sure:
        return pd.Series(cells.to_numpy(), copy=True)
    if isinstance(cells.dtype, pl.Datetime):
        return pd.Series(pd.to_datetime(cells.to_numpy(), utc=True)).astype("datetime64[us, UTC]")
    return pd.Series(cells.to_list(), dtype=object)


def _from_series(name: str, series: Any) -> pl.Series:
    kind = str(series.dtype)
    if kind == "bool":
        return pl.Series(name, series.to_numpy())
    if kind.lower().startswith(("int", "uint", "float")):
        return pl.Series(name, series.to_numpy(dtype="float64", na_value=np.nan))
    cells = [None if _is_gone(cell) else cell for cell in series.tolist()]
    return pl.Series(name, [cell.item() if isinstance(cell, np.generic) else cell for cell in cells], strict=True)


def _is_gone(cell: object) -> bool:
    missing = isinstance(cell, float) and cell != cell  # noqa: PLR0124 - only NaN differs from itself
    return missing or cell is None or type(cell).__name__ in {"NAType", "NaTType"}
