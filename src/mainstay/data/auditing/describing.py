"""From counts and sampled cells to what is said about one column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from mainstay.data.auditing.outliers import fences, lonely
from mainstay.data.auditing.record import ColumnAudit, Extreme, Outliers, ReadsAs, Spread
from mainstay.data.auditing.sentinels import sentinels
from mainstay.data.auditing.shapes import bars_of, shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract.columns import AnyColumn
    from mainstay.data.auditing.record import Kind
    from mainstay.data.auditing.tally import Tally

    Floats = NDArray[np.float64]

MOSTLY = 0.9
"""Share of cells that must read as numbers or dates for the rest to be strays."""
NEARLY = 0.999
_COMMON = 12
_STRAYS = 5
_LONGEST = 80


def describe(
    found: Tally, cells: pl.Series, column: AnyColumn | None, before: ColumnAudit | None, role: str
) -> ColumnAudit:
    """Say everything about one column that needs no other one.

    Parameters
    ----------
    found : Tally
        Its counts over all rows.
    cells : polars.Series
        Its cells in the sample.
    column : AnyColumn or None
        Its line in the contract.
    before : ColumnAudit or None
        What the audit before said: its cells are counted again in the same bars.
    role : str
        Its role.

    """
    kind = _kind(found)
    labelled = column is not None and column.type in ("category", "boolean", "text")
    numbers = numbers_of(cells) if kind == "number" and not labelled else None
    strays = _strays(found, kind)
    like = before.shape if before is not None else None
    common = found.seen.sort("n", "row", descending=[True, False]).head(_COMMON)
    most = int(common["n"][0]) if common.height else 0
    posing = sentinels(found, allowed=_allowed(column))
    standing_in = frozenset(number for each in posing if (number := _as_number(each.value)) is not None)
    return ColumnAudit(
        name=found.name,
        role=role,
        kind=kind,
        rows=found.rows,
        missing=found.missing,
        reads_as=ReadsAs(*(int(n) for n in found.reads_as)),
        strays=strays,
        stray_values=_stray_values(found, kind) if strays else (),
        distinct=found.distinct_about,
        distinct_exact=found.distinct is not None,
        common=tuple((_cut(value), int(n)) for value, n in common.select("value", "n").iter_rows()),
        constant=_constant(found, most),
        spread=_spread(found, numbers),
        outliers=_outliers(found, numbers, standing_in) if numbers is not None else None,
        sentinels=posing,
        shape=shape_of(found.name, _texts(cells), numbers, like),
        bars=None if numbers is None else bars_of(found.name, numbers, before.bars if before is not None else None),
        unowned=column is not None and column.role == "feature" and not (column.owner and column.source),
    )


def numbers_of(cells: pl.Series) -> Floats:
    """Read cells as float64; NaN where they are missing or no finite number."""
    values = cells.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _kind(found: Tally) -> Kind:
    if not found.known:
        return "empty"
    half = found.known / 2
    if found.numeric > half:
        return "number"
    if found.reads_as[2] > half:
        return "date"
    return "truth" if found.reads_as[3] == found.known else "text"


def _strays(found: Tally, kind: Kind) -> int:
    """Count the cells that don't read as nearly all others do; a column of words has none."""
    fits = {"number": found.numeric, "date": int(found.reads_as[2])}.get(kind, found.known)
    return found.known - fits if fits >= MOSTLY * found.known else 0


def _stray_values(found: Tally, kind: Kind) -> tuple[str, ...]:
    odd = found.seen.filter(found.seen["number"].is_null()) if kind == "number" else found.seen.clear()
    return tuple(_cut(value) for value in odd.sort("n", "row", descending=[True, False])["value"].head(_STRAYS))


def _constant(found: Tally, most: int) -> Literal["", "constant", "nearly"]:
    if found.rows < 2 or not found.known:
        return "constant" if found.rows and not found.known else ""
    if most == found.rows or (found.distinct_about == 1 and not found.missing):
        return "constant"
    return "nearly" if max(most, found.missing) >= NEARLY * found.rows else ""


def _spread(found: Tally, numbers: Floats | None) -> Spread | None:
    known = numbers[~np.isnan(numbers)] if numbers is not None else np.zeros(0)
    if not known.size or not found.numeric:
        return None
    q1, median, q3 = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75]))
    return Spread(float(found.low["number"][0]), q1, median, q3, float(found.high["number"][0]), float(known.mean()))


def _outliers(found: Tally, numbers: Floats, posing: frozenset[float]) -> Outliers | None:
    known = numbers[~np.isnan(numbers)]
    limits = fences(known)
    if limits is None:
        return None
    count = int(((known < limits.low) | (known > limits.high)).sum())
    median = float(np.median(known))
    above = [each for each in _extremes(found.high) if each.value > limits.high]
    below = [each for each in _extremes(found.low) if each.value < limits.low]
    alone = {
        float(value)
        for end in (found.high, found.low)
        for value in lonely(end["number"].to_numpy(), median)
        if not limits.low <= value <= limits.high and value not in posing
    }
    furthest = sorted((*above, *below), key=lambda each: -abs(each.value - median))
    return Outliers(
        fences=limits,
        count=count,
        n=int(known.size),
        furthest=tuple(furthest[:5]),
        alone=tuple(each for each in furthest if each.value in alone)[:5],
    )


def _extremes(end: pl.DataFrame) -> list[Extreme]:
    return [Extreme(float(number), int(row), int(n)) for number, row, n in end.select("number", "row", "n").iter_rows()]


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _allowed(column: AnyColumn | None) -> frozenset[str]:
    """Give the values the contract names, which therefore mean something."""
    return frozenset(getattr(column, "values", None) or ())


def _texts(cells: pl.Series) -> pl.Series:
    if cells.dtype.is_nested():
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.String)
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
    return cells.cast(pl.String)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
