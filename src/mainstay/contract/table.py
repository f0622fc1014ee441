"""Tables: good rows and failing rows with the rule each broke, in one lazy Polars pass.

Accepts a row exactly when `mainstay.contract.request` accepts the record, and encodes it to the same bits. A serving
worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.columns import AnyColumn, Column, Text
from mainstay.contract.contract import require_sound
from mainstay.contract.personal import coarse
from mainstay.contract.plan import served_cells, within_limits
from mainstay.contract.verdict import Verdict
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contract.contract import Contract


@dataclass(frozen=True)
class Checked:
    """What became of a table.

    Parameters
    ----------
    good : DataFrame
        The accepted rows, typed; missing values null, policies applied. Columns that are no part of the contract
        (the target, say) are kept as they came.
    failing : DataFrame
        The refused rows as they came, with their place (``row``, from 0) and the rules they broke (``rules``).
    counts : dict of str to int
        Refused rows per rule: ``{"tenure: above 100": 3}``. A row may break several.
    flags : dict of str to int
        Good rows per thing a policy did: ``{"tenure: filled in": 11}``.
    rows : Series
        Place of each good row in the table, from 0.
    fallback : Series of bool
        Of each good row, whether the fallback must answer it instead of the model.

    """

    good: pl.DataFrame
    failing: pl.DataFrame
    counts: dict[str, int]
    flags: dict[str, int]
    rows: pl.Series
    fallback: pl.Series


def check_table(contract: Contract, frame: pl.DataFrame, *, training: bool = False) -> Checked:
    """Check a table against a contract.

    A feature the table lacks is missing in every row. Nothing is dropped silently: each row is either good or
    failing.

    Parameters
    ----------
    contract : Contract
        What the rows must look like.
    frame : DataFrame
        The rows.
    training : bool
        Whether the columns whose role is target, group, weight or segment are held to the contract too, where the
        table has them, and `unique` columns to be unique among the rows that nothing else refuses: the first of equal
        values is kept. Otherwise a row is held to exactly what a request is held to.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer
    >>> checked = check_table(Contract((Integer(name="age", max=120),)), pl.DataFrame({"age": ["30", "300", "x"]}))
    >>> checked.counts
    {'age: not a whole number': 1, 'age: above 120': 1}
    >>> checked.rows.to_list()
    [0]

    """
    require_sound(contract)
    there = set(frame.columns)
    lacking = [pl.repeat(None, frame.height, dtype=pl.Null).alias(name) for name in contract.names if name not in there]
    whole = frame.with_columns(lacking)
    held = [
        (msgspec.structs.replace(column, fill=None), column.held(training=training and column.name in there))
        for column in contract.columns
    ]
    verdict = Verdict(held, [whole.get_column(name) for name in contract.names])
    verdict.hold_rules(contract)
    if training:
        verdict.hold_unique(there)
    verdict.fill_in(contract.columns)
    refused = np.flatnonzero(verdict.failed)
    failing = frame[refused].with_columns(
        pl.Series(_free("row", frame.columns), refused), verdict.told().alias(_free("rules", frame.columns))
    )
    columns = {column.name: column for column in whole}
    columns.update((name, cells.alias(name)) for name, cells in zip(contract.names, verdict.served, strict=True))
    verdict.served.clear()
    del frame, whole  # a table that nobody else holds never lies in memory twice
    kept = ~verdict.failed
    return Checked(
        good=_kept(columns, kept),
        failing=failing,
        counts=verdict.counts,
        flags=verdict.done,
        rows=pl.Series("row", np.flatnonzero(kept)),
        fallback=pl.Series("fallback", verdict.fallback[kept]),
    )


def _kept(columns: dict[str, pl.Series], kept: NDArray[np.bool_]) -> pl.DataFrame:
    """Keep some rows, and let go of each column as soon as its rows are kept."""
    if kept.all():
        return pl.DataFrame(columns)
    which = pl.Series(kept)
    for name in list(columns):
        columns[name] = columns[name].filter(which)
    return pl.DataFrame(columns)


def encode_table(contract: Contract, good: pl.DataFrame) -> NDArray[np.float64]:
    """Encode good rows for a model; shape (rows, width).

    Numbers are themselves, booleans 0 and 1, categories their place in `values` (any other label: their number),
    missing values NaN, or `fill` in a column whose gaps are filled in. Of a row that the fallback answers it is what
    its served values give: NaN where it left a gap.

    """
    numbered = _numbered(good, contract.features).select(
        _encoded(column, served_cells(column, pl.col(str(place)))).alias(str(place))
        for place, column in enumerate(contract.features)
    )
    encoded = np.empty((good.height, contract.width))
    at = 0
    for column, cells in zip(contract.features, numbered, strict=True):
        codes = column.encode_cells(cells) if _is_wide(column) else cells.to_numpy()[:, np.newaxis]
        encoded[:, at : at + column.width] = codes
        at += column.width
    return encoded


def _encoded(column: AnyColumn, cell: pl.Expr) -> pl.Expr:
    return cell if _is_wide(column) else column.code_cells(cell).cast(pl.Float64)


def _is_wide(column: AnyColumn) -> bool:
    """Whether it isn't one number, so that no expression can encode it."""
    return type(column).encode_cells is not Column.encode_cells


def learn_fills(contract: Contract, good: pl.DataFrame) -> Contract:
    """Learn what `impute` fills in where the contract doesn't say: the (lower) median, or the most frequent label.

    Give it the good rows of the training part alone. What is learned of a personal feature is rounded; of a personal
    text nothing is.

    Raises
    ------
    ContractError
        Where a personal text is to be filled in, and the contract doesn't say with what.

    """
    return msgspec.structs.replace(contract, columns=tuple(_learned(column, good) for column in contract.columns))


def as_served(contract: Contract, good: pl.DataFrame) -> pl.DataFrame:
    """Give the features of good rows as they would be served: in the contract's order, gaps filled in."""
    numbered = _numbered(good, contract.features)
    served = numbered.select(
        served_cells(column, pl.col(str(place))).alias(str(place)) for place, column in enumerate(contract.features)
    )
    return served.rename(dict(zip(served.columns, contract.feature_names, strict=True)))


def _numbered(frame: pl.DataFrame, columns: tuple[AnyColumn, ...]) -> pl.DataFrame:
    """Call columns by their place: Polars reads a name such as ``*`` or ``^a.*$`` as a pattern."""
    return pl.DataFrame([frame.get_column(column.name).alias(str(place)) for place, column in enumerate(columns)])


def _learned(column: AnyColumn, good: pl.DataFrame) -> AnyColumn:
    if not column.imputes or not column.learned or column.fill is not None:
        return column
    cells = good.get_column(column.name).drop_nulls()
    if column.beyond_policy == "unknown" or column.when_beyond == "impute":
        cells = within_limits(column, cells)
    if cells.is_empty():
        return column
    middle = column.learned == "middle"
    fill: Any = cells.sort().item((len(cells) - 1) // 2) if middle else cells.mode().sort().item(0)
    if column.personal:
        fill = _nobodys(column, fill)
    setting: Callable[[Any], bool | float | str] = column.as_setting
    return msgspec.structs.replace(column, fill=setting(column.clip(fill)))


def _nobodys(column: AnyColumn, fill: Any) -> Any:
    """Give what is filled in without saying somebody's own value: a bundle holds it."""
    if isinstance(column, Text):
        raise ContractError(
            f"What fills the gaps of '{column.name}' would be some person's own text, in every bundle.",
            f'Say what to fill in: fill = "..." below [{column.name}].',
        )
    if isinstance(fill, dt.datetime):
        return fill.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if isinstance(fill, bool) or not isinstance(fill, int | float):
        return fill
    rounded = coarse(fill, fill)
    return int(rounded) if isinstance(fill, int) else rounded


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name
