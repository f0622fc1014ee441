"""What the cells of one column say, before anything is guessed from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.columns.base import BLANKS
from mainstay.data.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

MOSTLY = 0.98
"""Share of cells that must be numbers for the rest to be taken for mistakes."""

_INTEGER = r"^-?[0-9]{1,18}$"
_WHOLE = r"^-?[0-9]{1,18}(?:\.0{0,9})?$"
_NUMBER = r"^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_COMMA = r"^-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?$"
_GROUPED = r"^-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$"
_ID = re.compile(r"(?:^|[_\s.\-])(?:id|uuid|guid)$|(?:ID|Id|UUID)$|^(?:id|uuid|guid)(?:$|[_\s.\-])", re.ASCII)
_LIKE_ID = re.compile(
    r"id$|nr$|nummer$|(?:^|[_\s.\-])(?:key|ref|nr|no|number|code|account|email)$", re.ASCII | re.IGNORECASE
)
_FEW = 50  # distinct values that say nothing about being different everywhere


@dataclass(frozen=True)
class Facts:
    """One column as it was read.

    Parameters
    ----------
    cells : polars.Series
        Texts, or what a parquet file holds; null where missing.

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
        """The cells as texts without outer blanks; a truth is ``true`` or ``false``, NaN and blanks are missing."""
        if self.cells.dtype.is_float():
            return self.cells.fill_nan(None).cast(pl.String)
        if self.cells.dtype.is_integer() or self.cells.dtype == pl.Boolean:
            return self.cells.cast(pl.String)
        texts = self.cells.cast(pl.String).alias("it").to_frame().select(pl.col("it").str.strip_chars(BLANKS))
        return texts.select(pl.when(pl.col("it") != "").then(pl.col("it"))).to_series().alias(self.name)

    def without(self, texts: Sequence[str]) -> Facts:
        """Take some texts as missing in this column alone."""
        return Facts(self.cells.set(self.texts.is_in(list(texts)).fill_null(value=False), None))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each value is there, most frequent first."""
        counted = self.texts.drop_nulls().rename("text").value_counts().iter_rows()
        return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def _odd(self) -> pl.Series:
        """The cells that aren't numbers."""
        if self.cells.dtype != pl.String:
            return self.cells.clear()
        known = self.cells.drop_nulls()
        return known.filter(~known.str.contains(_NUMBER))

    @cached_property
    def strays(self) -> tuple[str, ...]:
        """Values that aren't numbers, most frequent first."""
        return tuple(Facts(self._odd).counts) if len(self._odd) else ()

    @property
    def stray_cells(self) -> int:
        """Cells that hold such a value."""
        return len(self._odd)

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
    def integers(self) -> bool:
        """Whether every number is whole and within 64 bits, written as ``12`` or ``12.0``, but not as ``1e5``."""
        if self.cells.dtype.is_float():
            return self.whole and bool(np.nanmax(np.abs(self.numbers)) < 2**53)
        return self.plain_integers or (self.cells.dtype == pl.String and self._all_match(_WHOLE))

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
    def decimal_commas(self) -> int:
        """Cells with a decimal comma, where all that aren't plain numbers are written so; else 0."""
        if not len(self._odd):
            return 0
        with_comma = int(self._odd.str.contains(",", literal=True).sum())
        return with_comma if bool(self._odd.str.contains(_COMMA).all()) and not self.grouped else 0

    @cached_property
    def grouped(self) -> bool:
        """Whether all that aren't plain numbers have commas between thousands: ``1,234,567.50``."""
        return len(self._odd) > 0 and bool(self._odd.str.contains(_GROUPED).all())

    @cached_property
    def decimal_points(self) -> bool:
        """Whether some numbers have a decimal point that can't be a mark between thousands."""
        if self.cells.dtype != pl.String or not self.numeric:
            return False
        return bool(self.cells.str.contains(r"^-?[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})$").any())

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
