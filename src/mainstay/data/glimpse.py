"""What drafting looks at: the whole of a source that fits, else its first rows and some from everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.facts import Facts
from mainstay.data.words import count, rows
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.data.source import Opened

MOST_CELLS = 6_000_000
FIRST = 0.1
"""Share of the rows looked at that are the first ones; the others are spread over the source."""
_LEAST = 1000


@dataclass(frozen=True)
class Glimpse:
    """The rows that guesses are made from.

    Parameters
    ----------
    frame : polars.DataFrame
        In the order of the source.
    rows : int
        Rows of the source.
    words : str
        How the source is written.
    skipped : tuple of str
        Columns that can't be a field of a record, left out.
    remarks : tuple of str
        What is odd about how the source is written.

    """

    frame: pl.DataFrame
    rows: int
    words: str
    skipped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the source."""
        return self.frame.height == self.rows

    @property
    def size(self) -> str:
        """Rows and columns in words; a sample says that it is one."""
        size = f"{rows(self.rows)}, {count(self.frame.width)} columns ({self.words})"
        if self.whole:
            return size
        return f"{size}; counted in {count(self.frame.height)} of the rows, the first ones and some from everywhere"

    def without(self, texts: Sequence[str]) -> Glimpse:
        """Take some texts as missing, as ``[data] missing`` does."""
        names = [name for name, dtype in self.frame.schema.items() if dtype == pl.String]
        if not texts or not names:
            return self
        spoken = pl.col(names)
        voided = pl.when(spoken.is_in(list(texts))).then(None).otherwise(spoken).name.keep()
        return replace(self, frame=self.frame.with_columns(voided))


def take_glimpse(opened: Opened, most: int = MOST_CELLS) -> Glimpse:
    """Look at a source: all of it where it has at most `most` cells, else about so many, in one pass.

    Raises
    ------
    DataError
        Where the source has not one row.

    """
    enough = max(_LEAST, most // max(1, len(opened.schema)))
    frame, height = sample_rows(opened.batches(), enough)
    if frame is None:
        raise DataError(f"{opened.source.name} has column names and not one row.", "Give a file with at least 50 rows.")
    return Glimpse(frame, height, opened.words, opened.skipped, opened.remarks())


def sample_rows(batches: Iterable[pl.DataFrame], enough: int) -> tuple[pl.DataFrame | None, int]:
    """Keep all rows, or where there are more than twice `enough`, the first ones and some from everywhere.

    Whether a row stays depends on a hash of its number alone (and so neither on the batches nor on any rhythm in the
    rows); each time too many have gathered, the chance is halved.

    Returns
    -------
    polars.DataFrame or None
        The rows in their order; None where there are none.
    int
        How many rows there were.

    """
    kept: list[pl.DataFrame] = []
    lots: list[NDArray[np.uint64]] = []
    height, held, limit = 0, 0, 64
    first = int(FIRST * enough)
    for batch in batches:
        numbers = np.arange(height, height + batch.height, dtype=np.uint64)
        lot = np.where(numbers < first, np.uint64(0), _mix(numbers))
        height += batch.height
        kept.append(batch)
        lots.append(lot)
        held += batch.height
        if limit < 64:
            kept[-1], lots[-1] = _thin(batch, lot, limit)
            held += lots[-1].size - batch.height
        while held > 2 * enough:
            limit -= 1
            thinned = [_thin(each, drawn, limit) for each, drawn in zip(kept, lots, strict=True)]
            kept, lots = [each for each, _ in thinned], [drawn for _, drawn in thinned]
            held = sum(each.height for each in kept)
    return (pl.concat(kept) if kept else None), height


def refuse_header_as_row(glimpse: Glimpse, name: str) -> None:
    """Refuse a text that was said to have no header and begins with one.

    Raises
    ------
    DataError
        Where a column is numbers but for its first cell.

    """
    named = []
    for column in glimpse.frame.columns:
        cells = glimpse.frame[column]
        head = cells[0]
        if head is None or cells.dtype != pl.String or Facts(cells[:1]).numeric:
            continue
        rest = Facts(cells[1:])
        if rest.known > 10 and rest.numeric and not rest.stray_cells:
            named.append(str(head))
    if named:
        raise DataError(
            f"{name} seems to have a header: its first line says {', '.join(map(repr, named[:3]))} above nothing but "
            "numbers.",
            "Leave out --no-header (header = false in [data]), or remove that line.",
        )


def _thin(frame: pl.DataFrame, lots: NDArray[np.uint64], limit: int) -> tuple[pl.DataFrame, NDArray[np.uint64]]:
    stay = lots < np.uint64(1 << limit)
    return frame.filter(pl.Series(stay)), lots[stay]


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash row numbers to 64 bits (splitmix64: Steele, Lea and Flood 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
