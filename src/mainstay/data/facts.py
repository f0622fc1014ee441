"""What the cells of one column say, before anything is guessed from it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from mainstay.data.words import count

TOKENS = frozenset(
    {"NA", "N/A", "n/a", "#N/A", "na", "NaN", "nan", "NAN", "NULL", "null", "Null", "None", "none", "NONE", "nil"}
    | {"?", "-", "--", ".", "missing", "Missing", "MISSING", "#DIV/0!", "#VALUE!", "#REF!", "NaT", "<NA>", "\\N"}
)
"""Texts that stand for a missing value where everything else in the column is a number."""

MOSTLY = 0.98
"""Share of cells that must be numbers for the rest to be taken for mistakes."""

_INTEGER = r"^-?[0-9]{1,18}$"
_NUMBER = r"^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_COMMA = r"^-?[0-9. ]*,?[0-9]+$"
_ID = re.compile(r"(?:^|[_\s.\-])(?:id|uuid|guid)$|(?:ID|Id|UUID)$|^(?:id|uuid|guid)(?:$|[_\s.\-])", re.ASCII)
_LIKE_ID = re.compile(r"id$|(?:^|[_\s.\-])(?:key|ref|nr|no|number|code|account|email)$", re.ASCII | re.IGNORECASE)
_FEW = 50  # distinct values that say nothing about being different everywhere


@dataclass(frozen=True)
class Facts:
    """One column as it was read.

    Parameters
    ----------
    cells : polars.Series
        Texts with outer blanks stripped, or what a parquet file holds; null where missing.

    """

    cells: pl.Series

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.cells.name

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return len(self.cells)

    @cached_property
    def missing(self) -> int:
        """Cells with nothing in them."""
        return int(self.texts.null_count())

    @property
    def known(self) -> int:
        """Cells with something in them."""
        return self.rows - self.missing

    @cached_property
    def distinct(self) -> int:
        """Different values."""
        return int(self.texts.drop_nulls().n_unique())

    @cached_property
    def texts(self) -> pl.Series:
        """The cells as texts; a truth is ``true`` or ``false``, NaN is missing."""
        if self.cells.dtype.is_float():
            return self.cells.fill_nan(None).cast(pl.String)
        return self.cells.cast(pl.String)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each value is there, most frequent first."""
        return dict(Counter(self.texts.drop_nulls().to_list()).most_common())

    @cached_property
    def strays(self) -> tuple[str, ...]:
        """Values that aren't numbers, most frequent first."""
        if self.cells.dtype != pl.String:
            return ()
        odd = self.cells.drop_nulls().filter(~self.cells.drop_nulls().str.contains(_NUMBER))
        return tuple(Counter(odd.to_list()))

    @cached_property
    def stray_cells(self) -> int:
        """Cells that hold such a value."""
        return sum(self.counts[stray] for stray in self.strays)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The values that stand for a missing one: all that keeps this column from being numbers."""
        odd = self.strays
        half = self.stray_cells <= self.known / 2 and self.distinct > len(odd) + 1
        return odd if odd and half and TOKENS.issuperset(odd) else ()

    @cached_property
    def numeric(self) -> bool:
        """Whether it holds numbers, but for a few mistakes."""
        if self.cells.dtype.is_numeric():
            return self.known > 0
        return self.cells.dtype == pl.String and self.known > 0 and self.stray_cells <= (1 - MOSTLY) * self.known

    @cached_property
    def numbers(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The cells as float64; NaN where missing or no number."""
        values = self.cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def plain_integers(self) -> bool:
        """Whether every number is written as a whole number, ``12`` and neither ``12.0`` nor ``1e5``."""
        if self.cells.dtype.is_integer():
            return True
        return self.cells.dtype == pl.String and self._all_match(_INTEGER)

    @cached_property
    def whole(self) -> bool:
        """Whether every number is whole, however it is written."""
        known = self.numbers[~np.isnan(self.numbers)]
        return bool(known.size) and bool((known == np.floor(known)).all())

    @cached_property
    def exponents(self) -> int:
        """Cells written with an exponent."""
        return int(self.cells.str.contains(r"[eE]").sum() or 0) if self.cells.dtype == pl.String else 0

    @cached_property
    def leading_zeros(self) -> int:
        """Cells such as ``001``, which are codes and no numbers."""
        return int(self.cells.str.contains(r"^-?0[0-9]+$").sum() or 0) if self.cells.dtype == pl.String else 0

    @cached_property
    def decimal_commas(self) -> bool:
        """Whether it holds numbers with a decimal comma."""
        if self.cells.dtype != pl.String or not self.known or self.numeric:
            return False
        known = self.cells.drop_nulls()
        return bool(known.str.contains(_COMMA).all()) and bool(known.str.contains(",", literal=True).any())

    @cached_property
    def counter(self) -> bool:
        """Whether it only counts the rows: different whole numbers without a gap."""
        if self.missing or not self.numeric or not self.whole or self.distinct != self.rows:
            return False
        return bool(self.numbers.max() - self.numbers.min() == self.rows - 1)

    @property
    def named_like_an_id(self) -> bool:
        """Whether its name says that it identifies something, or says so vaguely and no value is there twice."""
        vaguely = self.distinct == self.known and self.known > _FEW
        return bool(_ID.search(self.name) or (vaguely and _LIKE_ID.search(self.name)))

    @property
    def blanks(self) -> str:
        """The missing cells in words; empty where there are none."""
        return f"{count(self.missing)} of {count(self.rows)} cells blank" if self.missing else ""

    def _all_match(self, pattern: str) -> bool:
        known = self.cells.drop_nulls()
        odd = int((~known.str.contains(pattern)).sum())
        return odd <= self.stray_cells
