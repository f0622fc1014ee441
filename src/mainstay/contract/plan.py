"""How one column of a table is read: an expression for what is served, and one for each rule and each policy.

The reference of tables, as `mainstay.contract.reading` is of values. A serving worker never imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from mainstay.contract.columns.base import BLANKS

if TYPE_CHECKING:
    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.columns.base import Family

Marks = list[tuple[str, pl.Expr]]
"""What a rule or a policy is called, and where it bites."""

DONE = {
    "clip": "clipped",
    "other": "taken as another",
    "flag": "flagged",
    "impute": "filled in",
    "fallback": "answered by the fallback",
}
"""What each policy did, in the past tense."""

_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)


@dataclass(frozen=True)
class Plan:
    """One column's part of a check.

    Parameters
    ----------
    column : Column
        The column.
    served : Expr
        Its values as served, after policies, but with nothing filled in yet (`with_fills`).
    rules, flags : list of name and Expr
        Where each rule refuses a row, and where each policy did something.
    fallback : list of Expr
        Where the fallback must answer.

    """

    column: AnyColumn
    served: pl.Expr
    rules: Marks = field(default_factory=list)
    flags: Marks = field(default_factory=list)
    fallback: list[pl.Expr] = field(default_factory=list)


def plan_column(column: AnyColumn, name: str, kind: pl.DataType, *, held: bool) -> Plan:
    """Plan the reading of a table's column called `name`, of Polars type `kind`.

    Where a column isn't `held` to the contract, what can't be read only counts as a flag.
    """
    cell, family = _cell(name, kind)
    missing = _is_missing(cell, family)
    typed = where(~missing, _typed(column, cell, family))
    malformed = typed.is_null() & ~missing
    if not held:
        return Plan(column, typed, flags=[(f"{column.name}: {column.wrong}", malformed)])
    plan = Plan(column, typed)
    filled = f"{column.name}: filled in" if column.when_missing == "impute" else ""
    _judge(plan, column.when_missing, [(f"{column.name}: missing", missing)], filled)
    _judge(plan, column.when_malformed, [(f"{column.name}: {column.wrong}", malformed)])
    beyond = [(f"{column.name}: {rule}", broken) for rule, broken in column.beyond_cells(typed)]
    _judge(plan, column.when_beyond, beyond)
    served = column.clip_cells(typed) if column.when_beyond == "clip" else typed
    if column.when_beyond == "fallback" and beyond:
        served = where(~_either(beyond), typed)
    return replace(plan, served=served)


def plain_rows(column: AnyColumn, name: str, kind: pl.DataType, *, held: bool) -> pl.Expr | None:
    """Say where cells need no plan: of the right kind and within all limits, so that they are served as they are.

    None where no cell of the column can be, because it isn't stored as checked values are.
    """
    if kind != column.stored():
        return None
    plain = column.plain_cells(pl.col(name))
    return None if plain is None else plain.fill_null(value=not held or column.when_missing == "allow")


def widened(cells: pl.Series, column: AnyColumn) -> pl.Series:
    """Give numbers the type in which checked values are stored, where that is what the plan would do with each."""
    stored, kind = column.stored(), cells.dtype
    if stored == pl.Int64 and kind in _NARROW:
        return cells.cast(pl.Int64)
    if stored == pl.Float64 and (kind == pl.Float32 or kind in _NARROW or kind in (pl.Int64, pl.UInt64)):
        return cells.cast(pl.Float64)
    return cells


def served_cells(column: AnyColumn, cell: pl.Expr) -> pl.Expr:
    """Give good cells as they would be served; of values beyond the limits that nothing could replace, nothing."""
    cell = with_fills(column, cell)
    if column.when_beyond != "impute" or column.fill is not None:
        return cell
    beyond = column.beyond_cells(cell)
    return where(~_either(beyond), cell) if beyond else cell


def within_limits(column: AnyColumn, cells: pl.Series) -> pl.Series:
    """Give those parsed values that break no limit."""
    beyond = column.beyond_cells(pl.col("it"))
    return cells.alias("it").to_frame().filter(~_either(beyond)).to_series() if beyond else cells


def where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Give the values where the condition holds, null elsewhere."""
    return pl.when(condition).then(value)


def _judge(plan: Plan, policy: str, marks: Marks, told: str = "") -> None:
    """Note what a policy does where the marks are."""
    if policy == "reject":
        plan.rules.extend(marks)
    elif policy != "allow":
        plan.flags.extend((told or f"{rule}, {DONE[policy]}", broken) for rule, broken in marks)
        if policy == "fallback":
            plan.fallback.extend(broken for _, broken in marks)


def _either(marks: Marks) -> pl.Expr:
    return pl.any_horizontal([broken for _, broken in marks]).fill_null(value=False)


def _typed(column: AnyColumn, cell: pl.Expr, family: Family | None) -> pl.Expr:
    if family is None or family not in column.families:
        return pl.lit(None, dtype=column.stored())
    return column.parse_cells(cell, family).cast(column.stored())


def _cell(name: str, kind: pl.DataType) -> tuple[pl.Expr, Family | None]:  # noqa: PLR0911 - one return per family
    cell = pl.col(name)
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
    if isinstance(kind, pl.List | pl.Array):
        return cell, "nested"
    return (cell, "time") if kind in (pl.Date, pl.Datetime) else (cell, None)


def _is_missing(cell: pl.Expr, family: Family | None) -> pl.Expr:
    if family == "text":
        return cell.is_null() | (cell.str.strip_chars(BLANKS) == "")
    return cell.is_null() | cell.is_nan().fill_null(value=True) if family == "float" else cell.is_null()


def with_fills(column: AnyColumn, cell: pl.Expr) -> pl.Expr:
    """Fill in what `impute` fills in: values beyond the limits, and gaps.

    Where nothing was learned yet a value beyond the limits stays as it is, so that it can be filled in later.
    """
    if not column.imputes or column.fill is None:
        return cell
    fill = pl.lit(column.parse(column.fill), dtype=column.stored())
    if column.when_beyond == "impute" and (beyond := column.beyond_cells(cell)):
        cell = pl.when(_either(beyond)).then(fill).otherwise(cell)
    return cell.fill_null(fill) if column.fills_gaps else cell
