"""The pass over a table: which rows break which rule, and what is served of the others.

A long table is first asked which of its cells are plainly fine, which costs next to nothing and copies nothing; only
the others are read by the plan of their column. A serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.plan import DONE, Plan, plain_rows, plan_column, served_cells, widened, with_fills
from mainstay.contract.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

    Places = NDArray[np.int64]

LONG = 1000
"""Rows from which it pays to look for plain cells first."""


class Verdict:
    """What became of each row; rules that no column can hold alone are added to it.

    Parameters
    ----------
    columns : sequence of column and whether it is held
        The columns, as they lie in the table.
    cells : sequence of Series
        Their cells.

    Attributes
    ----------
    served : list of Series
        The columns as served.
    broken, flags : dict of str to array of int
        Rows that break each rule, and those to which a policy did something, refused ones included.
    failed, fallback : array of bool
        Of each row, whether it is refused, and whether the fallback must answer it.

    """

    def __init__(self, columns: Sequence[tuple[AnyColumn, bool]], cells: Sequence[pl.Series]) -> None:
        height = len(cells[0]) if cells else 0
        self.columns = [column for column, _ in columns]
        self.broken: dict[str, Places] = {}
        self.flags: dict[str, Places] = {}
        self.failed = np.zeros(height, dtype=bool)
        self.fallback = np.zeros(height, dtype=bool)
        if height >= LONG:
            cells = [widened(each, column) for each, column in zip(cells, self.columns, strict=True)]
        source = pl.DataFrame([each.alias(str(place)) for place, each in enumerate(cells)])
        plans = [
            plan_column(column, str(place), each.dtype, held=held)
            for place, ((column, held), each) in enumerate(zip(columns, cells, strict=True))
        ]
        odd = _odd_rows(source, columns) if height >= LONG else {}
        whole = {place: plan for place, plan in enumerate(plans) if place not in odd}
        passed = _pass(source, whole)
        self.served: list[pl.Series] = []
        for place, plan in enumerate(plans):
            rows = odd.get(place)
            name = str(place)
            if rows is None:
                self._note(plan, passed, name, None)
                self.served.append(passed[name])
                continue
            self.served.append(source[name])
            if len(rows):
                part = _pass(source.select(pl.col(name).gather(rows)), {place: plan})
                self._note(plan, part, name, rows)
                self.served[place] = _scattered(source[name], rows, part[name])

    def _note(self, plan: Plan, passed: pl.DataFrame, name: str, rows: Places | None) -> None:
        """Keep where a column's rules are broken and its policies did something."""

        def places(key: str) -> Places:
            found = np.flatnonzero(passed[key].to_numpy())
            return found if rows is None else rows[found]

        for number, (rule, _) in enumerate(plan.rules):
            self._refuse(rule, places(f"{name} rule {number}"))
        for number, (flag, _) in enumerate(plan.flags):
            self._flag(flag, places(f"{name} flag {number}"))
        for number in range(len(plan.fallback)):
            self.fallback[places(f"{name} fallback {number}")] = True

    def hold_rules(self, contract: Contract) -> None:
        """Hold the rules across columns against the values as served, in rows that no column refuses.

        Nothing is filled in yet, so that a rule means the same before and after fills were learned.
        """
        checks = compile_rules(contract.columns, contract.rules)
        if not checks or not self.columns:
            return
        served = {column.name: served_cells(column, pl.col(str(place))) for place, column in enumerate(self.columns)}
        frame = pl.DataFrame([cells.alias(str(place)) for place, cells in enumerate(self.served)])
        found = frame.select(check.broken_cells(served).alias(str(place)) for place, check in enumerate(checks))
        good = ~self.failed
        for place, check in enumerate(checks):
            words = f"rule '{check.rule.name}': {check.rule.holds}"
            rows = np.flatnonzero(_spread(found[str(place)], len(good)) & good)
            if check.rule.otherwise == "reject":
                self._refuse(words, rows)
                continue
            self._flag(f"{words}, {DONE[check.rule.otherwise]}", rows)
            if check.rule.otherwise == "fallback":
                self.fallback[rows] = True

    def hold_unique(self, names: Iterable[str]) -> None:
        """Refuse rows that repeat a value of an earlier row, among those that nothing else refuses."""
        wanted = set(names)
        for column, values in zip(self.columns, self.served, strict=True):
            if column.unique and column.name in wanted:
                good = np.flatnonzero(~self.failed & values.is_not_null().to_numpy())
                self._refuse(f"{column.name}: repeats an earlier row", good[_repeats(values.gather(good))])

    def fill_in(self, columns: Sequence[AnyColumn]) -> None:
        """Fill in what `impute` fills in, once everything else is judged; give the columns with their fills."""
        for place, column in enumerate(columns):
            if column.imputes and column.fill is not None:
                cells = self.served[place].alias("it").to_frame()
                self.served[place] = cells.select(with_fills(column, pl.col("it"))).to_series()

    @property
    def counts(self) -> dict[str, int]:
        """Refused rows per rule."""
        return {rule: len(rows) for rule, rows in self.broken.items()}

    @property
    def done(self) -> dict[str, int]:
        """Good rows per thing a policy did."""
        kept = {flag: int(np.count_nonzero(~self.failed[rows])) for flag, rows in self.flags.items()}
        return {flag: count for flag, count in kept.items() if count}

    def told(self) -> pl.Series:
        """Name the rules that each refused row broke, in one text."""
        failing = np.flatnonzero(self.failed)
        marks = []
        for rule, rows in self.broken.items():
            mark = np.zeros(len(failing), dtype=bool)
            mark[np.searchsorted(failing, rows)] = True
            marks.append((rule, pl.Series(mark)))
        frame = pl.DataFrame([mark.alias(str(place)) for place, (_, mark) in enumerate(marks)])
        words = [pl.when(pl.col(str(place))).then(pl.lit(rule)) for place, (rule, _) in enumerate(marks)]
        if not words:
            return pl.Series([], dtype=pl.String)
        return frame.select(pl.concat_str(words, separator="; ", ignore_nulls=True)).to_series()

    def _refuse(self, rule: str, rows: Places) -> None:
        if len(rows):
            self.broken[rule] = np.union1d(self.broken[rule], rows) if rule in self.broken else rows
            self.failed[rows] = True

    def _flag(self, flag: str, rows: Places) -> None:
        if len(rows):
            self.flags[flag] = np.union1d(self.flags[flag], rows) if flag in self.flags else rows


def _pass(source: pl.DataFrame, plans: Mapping[int, Plan]) -> pl.DataFrame:
    """Read columns by their plans: what is served under the column's place, and a mark for each rule and policy."""
    exprs = []
    for place, plan in plans.items():
        exprs.append(plan.served.alias(str(place)))
        marks = {
            "rule": [mark for _, mark in plan.rules],
            "flag": [mark for _, mark in plan.flags],
            "fallback": plan.fallback,
        }
        for word, found in marks.items():
            exprs += [
                mark.fill_null(value=False).alias(f"{place} {word} {number}") for number, mark in enumerate(found)
            ]
    if not source.height:
        return source.select(exprs)
    passed = source.lazy().select(exprs).collect()
    # Polars gives one row where nothing in an expression speaks of the table.
    return passed if passed.height == source.height or not exprs else source.with_columns(exprs)


def _odd_rows(source: pl.DataFrame, columns: Sequence[tuple[AnyColumn, bool]]) -> dict[int, Places]:
    """Find the rows of each column that need its plan; a column of which most rows do is left out."""
    plain, kinds = {}, source.dtypes
    for place, (column, held) in enumerate(columns):
        expr = plain_rows(column, str(place), kinds[place], held=held)
        if expr is not None:
            plain[place] = expr.alias(str(place))
    looked = source.lazy().select(plain.values()).collect()
    odd = {place: np.flatnonzero(~looked[str(place)].to_numpy()) for place in plain}
    return {place: rows for place, rows in odd.items() if 2 * len(rows) <= source.height}


def _scattered(cells: pl.Series, rows: Places, values: pl.Series) -> pl.Series:
    """Put values into a copy of the cells, where they differ at all."""
    same = cells.gather(rows).eq_missing(values).all()
    return cells if same else cells.clone().scatter(rows, values)


def _spread(marks: pl.Series, height: int) -> NDArray[np.bool_]:
    found = marks.to_numpy()
    return np.broadcast_to(found, height) if len(found) != height else found


def _repeats(values: pl.Series) -> NDArray[np.bool_]:
    """Say of each value whether it was there before; hashes find out cheaply where nothing was."""
    hashes = values.hash()
    if hashes.n_unique() == len(values):
        return np.zeros(len(values), dtype=bool)
    suspects = np.flatnonzero(hashes.is_duplicated().to_numpy())
    again = np.zeros(len(values), dtype=bool)
    again[suspects] = ~values.gather(suspects).is_first_distinct().to_numpy()
    return again
