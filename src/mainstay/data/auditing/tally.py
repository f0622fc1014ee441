"""What the cells of one column say, counted batch by batch: tallies of two batches merge into that of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

KEPT = 5_000
"""Distinct values whose counts are kept exactly; of more, the most frequent stay."""

SKETCH = 2_048
"""Hashes kept for estimating how many distinct values there are; the standard error is 1 / sqrt(2046), 2.2 %."""

FURTHEST = 8
"""Smallest and largest numbers that are kept with the row they are in."""

READINGS = ("integer", "number", "date", "boolean", "text")
_TRUTHS = ("true", "false", "yes", "no")
_DATE = r"^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[- ][A-Za-z]{3}[- ]\d{4})(?:$|[T ])"


@dataclass(frozen=True)
class Tally:
    """One column of some rows.

    Parameters
    ----------
    name : str
        The column.
    rows, missing : int
        Cells, and those with nothing in them.
    reads_as : array of int, shape (5,)
        Cells that read as a whole number, another number, a date, a truth, or nothing but text.
    seen : polars.DataFrame
        Distinct values (``value, n, row, number``) with their count, the first row they are in, and the number they
        read as; all of them where `complete`, else the most frequent.
    complete : bool
        Whether `seen` holds every value.
    distinct : int or None
        How many there are; None where only the sketch knows.
    sketch : array of uint64
        The smallest hashes of the values.
    low, high : polars.DataFrame
        The smallest and the largest numbers, as `seen`.

    """

    name: str
    rows: int
    missing: int
    reads_as: np.ndarray[tuple[int], np.dtype[np.int64]]
    seen: pl.DataFrame
    complete: bool
    distinct: int | None
    sketch: np.ndarray[tuple[int], np.dtype[np.uint64]]
    low: pl.DataFrame
    high: pl.DataFrame

    @property
    def known(self) -> int:
        """Cells with something in them."""
        return self.rows - self.missing

    @property
    def numeric(self) -> int:
        """Cells that read as a number."""
        return int(self.reads_as[:2].sum())

    @property
    def distinct_about(self) -> int:
        """How many distinct values there are, exactly or estimated from the sketch.

        The k smallest of the hashes, spread evenly over all there could be: Bar-Yossef et al. (2002), Counting distinct
        elements in a data stream, with the unbiased form of Beyer et al. (2007).
        """
        if self.distinct is not None:
            return self.distinct
        return round((SKETCH - 1) / (float(self.sketch[SKETCH - 1]) / 2.0**64))


def tally(cells: pl.Series, start: int = 0) -> Tally:
    """Count one column of a batch whose first row has the number `start`.

    Examples
    --------
    >>> found = tally(pl.Series("a", ["1", "2.5", "Yes", None, "2"]))
    >>> dict(zip(READINGS, found.reads_as.tolist())), found.missing
    ({'integer': 2, 'number': 1, 'date': 0, 'boolean': 1, 'text': 0}, 1)

    """
    texts = _texts(cells)
    rows = pl.int_range(start, start + len(texts), eager=True)
    seen = (
        pl.DataFrame({"value": texts, "row": rows})
        .lazy()
        .filter(pl.col("value").is_not_null())
        .group_by("value")
        .agg(n=pl.len().cast(pl.UInt32), row=pl.col("row").min())
        .with_columns(number=_number(pl.col("value")))
        .select("value", "n", "row", "number")
        .collect()
    )
    numbers = seen["number"].fill_null(np.nan).to_numpy()
    return _pruned(
        Tally(
            name=cells.name,
            rows=len(cells),
            missing=int(texts.null_count()),
            reads_as=_readings(seen, numbers, cells.dtype),
            seen=seen,
            complete=True,
            distinct=seen.height,
            sketch=np.sort(seen["value"].hash(7).to_numpy())[:SKETCH],
            low=_furthest(seen, numbers),
            high=_furthest(seen, -numbers),
        )
    )


def merge(a: Tally, b: Tally) -> Tally:
    """Add the tallies of two batches of one column."""
    both = _added(a.seen, b.seen)
    complete = a.complete and b.complete
    return _pruned(
        replace(
            a,
            rows=a.rows + b.rows,
            missing=a.missing + b.missing,
            reads_as=a.reads_as + b.reads_as,
            seen=both,
            complete=complete,
            distinct=both.height if complete else _known_distinct(a, b),
            sketch=np.unique(np.concatenate([a.sketch, b.sketch]))[:SKETCH],
            low=_added(a.low, b.low).sort("number", "row").head(FURTHEST),
            high=_added(a.high, b.high).sort("number", "row", descending=[True, False]).head(FURTHEST),
        )
    )


def _known_distinct(a: Tally, b: Tally) -> int | None:
    """Give the number of values where the sketch holds all their hashes; else only an estimate is left."""
    hashes = np.unique(np.concatenate([a.sketch, b.sketch]))
    return None if hashes.size >= SKETCH else int(hashes.size)


def _pruned(found: Tally) -> Tally:
    if found.seen.height <= KEPT:
        return found
    most = found.seen.lazy().sort("n", "row", descending=[True, False]).head(KEPT).collect()
    return replace(found, seen=most, complete=False)


def _added(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    if not b.height:
        return a
    if not a.height:
        return b
    return (
        pl.concat([a, b])
        .group_by("value")
        .agg(n=pl.col("n").sum().cast(pl.UInt32), row=pl.col("row").min(), number=pl.col("number").first())
    )


def _texts(cells: pl.Series) -> pl.Series:
    """Write cells as text, in one way for one value; what says nothing is null."""
    if cells.dtype == pl.String:
        return cells
    if cells.dtype.is_nested() or cells.dtype in {pl.Binary, pl.Object}:
        return pl.Series(cells.name, [None if each is None else "(nested)" for each in cells], dtype=pl.String)
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
    return cells.cast(pl.String)


def _number(value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _furthest(seen: pl.DataFrame, numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pl.DataFrame:
    """Give the values with the smallest `numbers`; of one that is written in several ways the first row first."""
    most = min(4 * FURTHEST, int(np.isfinite(numbers).sum()))
    if not most:
        return seen.clear()
    places = np.argpartition(numbers, most - 1)[:most]  # NaN comes last
    places = places[np.lexsort((seen["row"].to_numpy()[places], numbers[places]))]
    return seen[pl.Series(places[:FURTHEST])]


def _readings(
    seen: pl.DataFrame, numbers: np.ndarray[tuple[int], np.dtype[np.float64]], dtype: pl.DataType
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Count the cells by what they read as, in the order of `READINGS`."""
    counts = seen["n"].to_numpy().astype(np.int64)
    whole = int(counts[numbers == np.floor(numbers)].sum())
    numeric = int(counts[~np.isnan(numbers)].sum())
    dated = truths = 0
    if numeric < counts.sum():
        words = seen.lazy().filter(pl.col("number").is_null())
        date = pl.lit(value=True) if dtype.is_temporal() else pl.col("value").str.contains(_DATE)
        truth = pl.col("value").str.to_lowercase().is_in(_TRUTHS) & ~date
        told = words.select(dated=pl.col("n").filter(date).sum(), truths=pl.col("n").filter(truth).sum()).collect()
        dated, truths = (int(each or 0) for each in told.row(0))
    rest = int(counts.sum()) - numeric - dated - truths
    return np.array([whole, numeric - whole, dated, truths, rest], dtype=np.int64)
