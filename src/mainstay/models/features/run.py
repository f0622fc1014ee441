"""Running feature code: the same call for the rows of a training, of a file and of one request.

Imports Polars. A serving worker imports this module only where a version it serves has feature code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mainstay.contract.columns import Category, Datetime, Tensor
from mainstay.contract.columns.base import BLANKS
from mainstay.contract.table import as_served, encode_table
from mainstay.errors import DataError
from mainstay.models.features.code import FILE
from mainstay.models.features.compiled import FeaturesError, compile_code, failed, is_ctrl_c, wants_pandas
from mainstay.models.features.features import Seen
from mainstay.models.features.pandas import demand_pandas, from_pandas, to_pandas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, Contract
    from mainstay.models.features.code import FeatureCode
    from mainstay.models.features.features import Features

_NUMBER, _TEXT, _BOOLEAN = pl.Float64(), pl.String(), pl.Boolean()


class Function:
    """The project's function, held to its promise: a frame of the same height, of plain columns.

    Parameters
    ----------
    code : FeatureCode
        The file, trusted.
    contract : Contract
        What a record must look like.

    Raises
    ------
    ProjectError
        Where it isn't Python, or has no function `features`.
    SetupError
        Where it wants pandas and that isn't here.

    """

    def __init__(self, code: FeatureCode, contract: Contract) -> None:
        self.code = code
        self.contract = contract
        self._function = compile_code(code)
        self._pandas = wants_pandas(self._function, code)
        if self._pandas:
            demand_pandas()

    def __call__(self, served: pl.DataFrame) -> pl.DataFrame:
        """Call it.

        Raises
        ------
        FeaturesError
            Where it fails, with file and line of theirs; or gives no frame, or one of another height.

        """
        try:
            # A clone costs nothing and is theirs: what they do to it in place isn't done to the rows as served.
            given = to_pandas(served, self.contract) if self._pandas else served.clone()
            result = self._function(given)
            frame = from_pandas(result) if self._pandas else result
        except DataError as error:
            raise FeaturesError(error.message, error.cure) from None
        except BaseException as error:
            if is_ctrl_c(error, self.code):
                raise
            raise failed(error, self.code) from None
        if not isinstance(frame, pl.DataFrame):
            wanted = "pandas" if self._pandas else "Polars"
            cure = "Add .collect()." if isinstance(result, pl.LazyFrame) else f"Return a {wanted} DataFrame."
            raise FeaturesError(f"{FILE} gives a {type(result).__name__} and not a {wanted} DataFrame.", cure)
        if frame.height != served.height:
            raise FeaturesError(
                f"{FILE} makes {frame.height} rows of {served.height}.",
                "It must give one row for each row it gets, in the same order: don't filter, join or group.",
                kind=f"{FILE}: another number of rows",
            )
        return frame


class Runner:
    """Feature code that was compiled, with what the model sees of it.

    Parameters
    ----------
    function : Function
        The code.
    inputs : Contract
        What the model sees.

    """

    def __init__(self, function: Function, inputs: Contract) -> None:
        self._function = function
        self._inputs = inputs
        self._columns = inputs.features
        self._served = {column.name: column.stored() for column in function.contract.features}

    def table(self, served: pl.DataFrame) -> pl.DataFrame:
        """Derive what the model sees from features as served; one row each, typed as the inputs say.

        Raises
        ------
        FeaturesError
            Where the code fails, or gives other columns than it gave in training.

        """
        if not served.height:
            return self._nothing()
        return plain(self._function(served), self._columns, served)

    def attempt(self, served: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, FeaturesError]]:
        """Derive what can be: halve the rows where the code fails, until the rows it fails at are alone.

        Each row is by itself, so the others get the same bits as in the whole table.

        Returns
        -------
        derived : DataFrame
            The rows of `table`, without those the code failed at.
        failed : dict of int to FeaturesError
            Places of these.

        """
        derived: list[pl.DataFrame] = []
        failures: dict[int, FeaturesError] = {}
        waiting = [(0, served.height)]
        while waiting:
            start, height = waiting.pop()
            try:
                derived.append(self.table(served.slice(start, height)))
            except FeaturesError as error:
                if height == 1:
                    failures[start] = error
                    continue
                half = height // 2
                waiting += [(start + half, height - half), (start, half)]  # the first half is popped first
        return pl.concat(derived) if derived else self._nothing(), failures

    def encode(self, derived: pl.DataFrame) -> NDArray[np.float64]:
        """Encode what `table` gave; shape (n, width)."""
        return encode_table(self._inputs, derived)

    def records(self, served: Sequence[Mapping[str, Any]]) -> Seen:
        """Do `table` and `encode` for records of a request; raises as `table` does."""
        return self._seen(self.table(self._framed(served)), {})

    def attempt_records(self, served: Sequence[Mapping[str, Any]]) -> Seen:
        """Do `attempt` and `encode` for records of a request."""
        return self._seen(*self.attempt(self._framed(served)))

    def _framed(self, served: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        cells = {name: [record[name] for record in served] for name in self._served}
        return pl.DataFrame(cells, schema=self._served)

    def _seen(self, derived: pl.DataFrame, failures: dict[int, FeaturesError]) -> Seen:
        values = derived.to_dicts()
        codes = [[code for column in self._columns for code in column.codes(row[column.name])] for row in values]
        return Seen(values, np.asarray(codes, dtype=np.float64).reshape(-1, self._inputs.width), failures)

    def _nothing(self) -> pl.DataFrame:
        return pl.DataFrame(schema={column.name: column.stored() for column in self._columns})


def runner(code: FeatureCode, contract: Contract, inputs: Contract) -> Runner:
    """Compile feature code; ask before whether it is trusted here."""
    return Runner(Function(code, contract), inputs)


def encode_rows(contract: Contract, features: Features | None, good: pl.DataFrame) -> NDArray[np.float64]:
    """Encode rows that a contract accepted as the model sees them, by feature code where there is some.

    Parameters
    ----------
    contract : Contract
        Of the record.
    features : Features or None
        The feature code.
    good : DataFrame
        Accepted rows, typed.

    Returns
    -------
    array, shape (n, width)
        One row each, in the same order.

    """
    if features is None:
        return encode_table(contract, good)
    return features.runner.encode(features.runner.table(as_served(contract, good)))


def plain(frame: pl.DataFrame, columns: Sequence[AnyColumn], served: pl.DataFrame) -> pl.DataFrame:
    """Give the columns as the inputs say: numbers that are finite, booleans, texts that aren't blank; else missing.

    Parameters
    ----------
    frame : DataFrame
        What their function gave.
    columns : sequence of columns
        Of the inputs.
    served : DataFrame
        What it was given: tensors and times are these, passed through.

    Raises
    ------
    FeaturesError
        Where a column isn't there, or is of another kind, or a tensor or time was changed.

    """
    found = []
    for column in columns:
        if column.name not in frame.columns:
            raise FeaturesError(f"{FILE} gives no column '{column.name}' for these records.", "It must in each case.")
        cells = frame.get_column(column.name)
        if isinstance(column, Tensor | Datetime):
            found.append(_passed(column, cells, served))
        else:
            found.append(_plain(column, cells))
    return pl.DataFrame(found)


def _passed(column: Tensor | Datetime, cells: pl.Series, served: pl.DataFrame) -> pl.Series:
    if not is_unchanged(column, cells, served):
        raise FeaturesError(
            f"{FILE} changes '{column.name}' for these records, and left it as it was in training.",
            "Leave it as it is in each case, or derive numbers under another name.",
        )
    return served.get_column(column.name)


def is_unchanged(column: Tensor | Datetime, cells: pl.Series, served: pl.DataFrame) -> bool:
    """Say whether a tensor or a time came through feature code as it went in."""
    if column.name not in served.columns:
        return False
    before = served.get_column(column.name)
    if cells.dtype != before.dtype:  # pandas keeps lists, and may keep another unit of time
        alike = cells.dtype.is_nested() if isinstance(column, Tensor) else isinstance(cells.dtype, pl.Datetime)
        if not alike:
            return cells.dtype == pl.Null and before.null_count() == len(before)
        cells = pl.DataFrame([cells.alias("it")]).select(column.parse_cells(pl.col("it"), column.made_of)).to_series()
    return bool(cells.eq_missing(before).all())


def _plain(column: AnyColumn, cells: pl.Series) -> pl.Series:
    wanted = column.stored()
    if cells.dtype == pl.Null:
        return pl.Series(column.name, [None] * len(cells), dtype=wanted)
    if isinstance(column, Category):
        fits = cells.dtype in {pl.String, pl.Categorical, pl.Enum}
    else:
        fits = cells.dtype == pl.Boolean if wanted == _BOOLEAN else cells.dtype.is_numeric()
    if not fits:
        raise FeaturesError(
            f"{FILE} gives '{column.name}' as {cells.dtype} for these records, and gave {wanted} in training.",
            "Cast it to one type.",
        )
    return tidy(cells.cast(wanted))


def tidy(cells: pl.Series) -> pl.Series:
    """Take numbers that aren't finite, and blank texts, for missing."""
    if cells.dtype == _NUMBER:
        return cells.set(~cells.is_finite().fill_null(value=False), None)
    if cells.dtype == _TEXT:
        return cells.set((cells.str.strip_chars(BLANKS) == "").fill_null(value=False), None)
    return cells
