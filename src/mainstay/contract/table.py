"""Tables: good rows and failing rows with the rule each broke, in one lazy Polars pass.

Accepts a row exactly when `mainstay.contract.request` accepts the record, and encodes it to the same bits. A serving
worker never imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.columns import AnyColumn, Category, Integer, Number
from mainstay.contract.columns.base import BLANKS
from mainstay.contract.contract import require_sound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mainstay.contract.columns.base import Family
    from mainstay.contract.contract import Contract

_STORED: dict[Family, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "text": pl.String(),
    "time": pl.Datetime("us", "UTC"),
}
TYPES: dict[str, pl.DataType] = {str(kind.__struct_config__.tag): _STORED[kind.made_of] for kind in get_args(AnyColumn)}
"""The Polars type of each kind of column, once it is checked."""


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

    """

    good: pl.DataFrame
    failing: pl.DataFrame
    counts: dict[str, int]
    flags: dict[str, int]
    rows: pl.Series


@dataclass(frozen=True)
class _Plan:
    """One column's part of the pass: the values as served, and where each rule and each policy bites."""

    column: AnyColumn
    served: pl.Expr
    rules: list[tuple[str, pl.Expr]]
    flags: list[tuple[str, pl.Expr]]


def check_table(contract: Contract, frame: pl.DataFrame) -> Checked:
    """Check a table against a contract.

    A feature the table lacks is missing in every row. Nothing is dropped silently: each row is either good or
    failing.

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
    absent = [column.name for column in contract.columns if column.name not in frame.columns]
    whole = frame.with_columns(pl.Series(name, [None] * frame.height, dtype=pl.Null) for name in absent)
    source = _numbered(whole, contract.columns)
    plans = [_plan(column, *_cell(str(place), source)) for place, column in enumerate(contract.columns)]
    rules = _named("rule", [rule for plan in plans for rule in plan.rules])
    flags = _named("flag", [flag for plan in plans for flag in plan.flags])
    exprs = [
        *(plan.served.alias(str(place)) for place, plan in enumerate(plans)),
        *(expr.fill_null(value=False).alias(key) for key, (_, expr) in {**rules, **flags}.items()),
    ]
    passed = source.lazy().select(exprs).collect() if frame.height else source.select(exprs)
    broken = {key: name for key, (name, _) in rules.items() if passed[key].any()}
    failed = _any(passed, broken)
    kept = passed.filter(~failed)
    return Checked(
        good=whole.with_columns(passed[str(i)].alias(plan.column.name) for i, plan in enumerate(plans)).filter(~failed),
        failing=_failing(frame, passed, broken, failed),
        counts=_counts(passed, broken),
        flags=_counts(kept, {key: name for key, (name, _) in flags.items() if kept[key].any()}),
        rows=pl.Series("row", np.flatnonzero(~failed.to_numpy())),
    )


def encode_table(contract: Contract, good: pl.DataFrame) -> NDArray[np.float64]:
    """Encode good rows for a model; shape (rows, features).

    Numbers are themselves, booleans 0 and 1, categories their place in `values` (any other label: their number),
    missing values NaN, or `fill` where the column says ``missing = "impute"``.

    """
    served = [_filled(column, pl.col(str(place))) for place, column in enumerate(contract.features)]
    codes = [column.code_cells(cell) for column, cell in zip(contract.features, served, strict=True)]
    numbered = _numbered(good, contract.features)
    encoded = numbered.select(code.cast(pl.Float64).alias(str(i)) for i, code in enumerate(codes)).to_numpy()
    return np.ascontiguousarray(encoded, dtype=np.float64)


def learn_fills(contract: Contract, good: pl.DataFrame) -> Contract:
    """Learn what `impute` fills in where the contract doesn't say: the (lower) median, or the most frequent label.

    Give it the good rows of the training part alone.
    """
    return msgspec.structs.replace(contract, columns=tuple(_learned(column, good) for column in contract.columns))


def as_served(contract: Contract, good: pl.DataFrame) -> pl.DataFrame:
    """Give the features of good rows as they would be served: in the contract's order, gaps filled in."""
    numbered = _numbered(good, contract.features)
    served = numbered.select(_filled(column, pl.col(str(place))) for place, column in enumerate(contract.features))
    return served.rename(dict(zip(served.columns, contract.feature_names, strict=True)))


def _numbered(frame: pl.DataFrame, columns: tuple[AnyColumn, ...]) -> pl.DataFrame:
    """Call columns by their place: Polars reads a name such as ``*`` or ``^a.*$`` as a pattern."""
    return pl.DataFrame([frame.get_column(column.name).alias(str(place)) for place, column in enumerate(columns)])


def _named(word: str, marks: list[tuple[str, pl.Expr]]) -> dict[str, tuple[str, pl.Expr]]:
    return {f"{word} {number}": mark for number, mark in enumerate(marks)}


def _counts(passed: pl.DataFrame, named: dict[str, str]) -> dict[str, int]:
    return {name: int(passed[key].sum()) for key, name in named.items()}


def _plan(column: AnyColumn, cell: pl.Expr, family: Family | None) -> _Plan:
    nothing = pl.lit(None, dtype=TYPES[column.type])
    missing = _is_missing(cell, family)
    typed = nothing if family not in column.families else _typed(column, cell, family)
    typed = _where(~missing, typed)
    if not column.checked:
        return _Plan(column, typed, [], [(f"{column.name}: {column.wrong}", typed.is_null() & ~missing)])
    name = column.name
    rules = [(f"{name}: missing", missing)] if column.when_missing == "reject" else []
    rules.append((f"{name}: {column.wrong}", typed.is_null() & ~missing))
    flags = [(f"{name}: filled in", missing)] if column.when_missing == "impute" else []
    beyond = [(f"{name}: {rule}", broken) for rule, broken in column.beyond_cells(typed)]
    served = typed
    if column.when_beyond == "reject":
        rules += beyond
    else:
        words = {"clip": "clipped", "other": "taken as another", "flag": "flagged"}[column.when_beyond]
        flags += [(f"{rule}, {words}", broken) for rule, broken in beyond]
        served = column.clip_cells(typed) if column.when_beyond == "clip" else typed
    return _Plan(column, _filled(column, served), rules, flags)


def _where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value)


def _typed(column: AnyColumn, cell: pl.Expr, family: Family) -> pl.Expr:
    return column.parse_cells(cell, family).cast(TYPES[column.type])


def _cell(name: str, source: pl.DataFrame) -> tuple[pl.Expr, Family | None]:
    cell, kind = pl.col(name), source.schema[name]
    if kind in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return cell.cast(pl.String), "text"
    if kind.is_integer():
        return cell, "integer"
    if kind.is_float():
        return cell, "float"
    if kind.is_decimal():
        return cell.cast(pl.Float64), "float"
    if kind == pl.Boolean:
        return cell, "boolean"
    return (cell, "time") if kind in (pl.Date, pl.Datetime) else (cell, None)


def _is_missing(cell: pl.Expr, family: Family | None) -> pl.Expr:
    if family == "text":
        return cell.is_null() | (cell.str.strip_chars(BLANKS) == "")
    return cell.is_null() | cell.is_nan().fill_null(value=True) if family == "float" else cell.is_null()


def _filled(column: AnyColumn, cell: pl.Expr) -> pl.Expr:
    if column.when_missing != "impute" or column.fill is None:
        return cell
    return cell.fill_null(pl.lit(column.parse(column.fill), dtype=TYPES[column.type]))


def _learned(column: AnyColumn, good: pl.DataFrame) -> AnyColumn:
    if column.when_missing != "impute" or column.fill is not None:
        return column
    cells = good.get_column(column.name).drop_nulls()
    if isinstance(column, Category):
        cells = cells.filter(cells.is_in(list(column.values)))
    if cells.is_empty():
        return column
    numeric = isinstance(column, Integer | Number)
    fill = cells.sort().item((len(cells) - 1) // 2) if numeric else cells.mode().sort().item(0)
    return msgspec.structs.replace(column, fill=column.clip(fill))


def _any(passed: pl.DataFrame, broken: Iterable[str]) -> pl.Series:
    """Say of each row whether it breaks any rule."""
    failed = np.zeros(passed.height, dtype=bool)
    for key in broken:
        failed |= passed[key].to_numpy()
    return pl.Series(failed)


def _failing(frame: pl.DataFrame, passed: pl.DataFrame, broken: dict[str, str], failed: pl.Series) -> pl.DataFrame:
    told = [pl.when(pl.col(key)).then(pl.lit(name)) for key, name in broken.items()]
    rules = pl.concat_str(told, separator="; ", ignore_nulls=True) if told else pl.lit("").head(0)
    return frame.filter(failed).with_columns(
        pl.Series(_free("row", frame.columns), np.flatnonzero(failed.to_numpy())),
        passed.filter(failed).select(rules).to_series().alias(_free("rules", frame.columns)),
    )


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name
