"""Records that were changed: one column to a value, by a step, swapped, with noise, misspelled or taken away."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mainstay.contract import Boolean, Category, Integer, Number, Text
from mainstay.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, Contract
    from mainstay.evaluation.behaviour.settings import Cell, Change

_BLANK = "x"  # what a label of one letter that was lost becomes: a blank would be a missing value


@dataclass(frozen=True)
class Changer:
    """Changes held-out records as a test says.

    Parameters
    ----------
    contract : Contract
        How a record is read.
    spreads : mapping of str to float
        Standard deviation of each numeric column in the training rows.
    seed : int
        For whatever is drawn.

    """

    contract: Contract
    spreads: dict[str, float]
    seed: int

    def column(self, name: str) -> AnyColumn:
        """Find the column that a test changes."""
        return self.contract.column(name)

    def changed(self, records: pl.DataFrame, change: Change) -> list[pl.DataFrame]:
        """Give the records changed: one frame for each value of `to`, else a single one."""
        column = self.column(change.column)
        if change.to != ():
            return [set_to(records, column, value) for value in change.values]
        if change.swap:
            return [self.swapped(records, column)]
        if change.typo:
            return [self.misspelled(records, column)]
        return [without(records, column) if change.missing else self.noisy(records, (column,), change.noise)]

    def swapped(self, records: pl.DataFrame, column: AnyColumn) -> pl.DataFrame:
        """Give each record the value of another."""
        order = self._rng(column.name).permutation(records.height)
        return records.with_columns(records.get_column(column.name).gather(order))

    def noisy(self, records: pl.DataFrame, columns: Sequence[AnyColumn], spreads: float) -> pl.DataFrame:
        """Move numbers by a normal step of so many standard deviations, within their range; whole ones stay whole."""
        found = []
        for column in columns:
            step = self._rng(column.name).normal(0, spreads * self.spreads.get(column.name, 0.0), records.height)
            found.append(_moved(records.get_column(column.name), column, step))
        return records.with_columns(found)

    def misspelled(self, records: pl.DataFrame, column: AnyColumn) -> pl.DataFrame:
        """Misspell each text: two letters change places, one is lost or doubled."""
        rng = self._rng(column.name)
        texts = records.get_column(column.name).to_list()
        wrong = [None if text is None else misspell(str(text), rng) for text in texts]
        return records.with_columns(pl.Series(column.name, wrong, dtype=pl.String))

    def _rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *name.encode()])


def set_to(records: pl.DataFrame, column: AnyColumn, value: Cell) -> pl.DataFrame:
    """Set a column of every record to one value."""
    return records.with_columns(
        pl.repeat(column.parse(value), records.height, dtype=column.stored()).alias(column.name)
    )


def moved(records: pl.DataFrame, column: AnyColumn, by: float) -> pl.DataFrame:
    """Add `by` to a number of every record, within its range."""
    cells = records.get_column(column.name)
    return records.with_columns(_moved(cells, column, np.full(records.height, by)))


def without(records: pl.DataFrame, column: AnyColumn) -> pl.DataFrame:
    """Take the value away."""
    kind = records.schema[column.name]
    return records.with_columns(pl.repeat(None, records.height, dtype=kind).alias(column.name))


def misspell(text: str, rng: np.random.Generator) -> str:
    """Misspell a text by one slip of the finger; it never comes out the same, nor blank.

    Examples
    --------
    >>> misspell("Two year", np.random.default_rng(3)) != "Two year"
    True

    """
    place = int(rng.integers(len(text))) if text else 0
    slips = [
        text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :],
        text[:place] + text[place + 1 :],
        text[:place] + text[place : place + 1] * 2 + text[place + 1 :],
    ]
    first = int(rng.integers(len(slips)))
    for slip in (*slips[first:], *slips[:first]):
        if slip.strip() and slip.strip() != text.strip():
            return slip
    return text + _BLANK


def is_number(column: AnyColumn) -> bool:
    """Say whether noise and steps mean something."""
    return isinstance(column, Number | Integer)


def is_text(column: AnyColumn) -> bool:
    """Say whether it can be misspelled."""
    return isinstance(column, Category | Text)


def refuse_value(column: AnyColumn, value: Cell) -> None:
    """Refuse a value that the contract can't read in this column, or that isn't among those it takes.

    That a label may be unheard of doesn't matter here: a wrong one is more often a slip (`typo` makes unheard ones).

    Raises
    ------
    ProjectError
        Saying what it takes.

    """
    parsed = column.parse(value)
    beyond: Callable[[Any], str] = column.beyond
    if parsed is not None and not beyond(parsed):
        return
    labels = column.values if isinstance(column, Category) else ()
    near = difflib.get_close_matches(str(value), labels, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise ProjectError(f"sets '{column.name}' to {value!r}.", f"{hint}The contract takes {column.allowed()}.")


def spelled(column: AnyColumn, value: object) -> str:
    """Write a value of a record as its caller would."""
    if value is None:
        return "missing"
    if isinstance(column, Boolean):
        return str(column.true if value else column.false)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _moved(cells: pl.Series, column: AnyColumn, step: NDArray[np.float64]) -> pl.Series:
    numbers = cells.cast(pl.Float64).to_numpy() + step
    whole = isinstance(column, Integer)
    if whole:
        numbers = np.rint(numbers)
    low, high = (getattr(column, key, None) for key in ("min", "max"))
    numbers = np.clip(numbers, -np.inf if low is None else low, np.inf if high is None else high)
    found = pl.Series(column.name, numbers, nan_to_null=True)
    return found.cast(pl.Int64, strict=False) if whole else found
