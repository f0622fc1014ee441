"""Dice that fill a contract's columns: what a column is made for, and what it isn't, as a table and as JSON hold it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from mainstay.contract.columns import Boolean, Category, Datetime, Integer, Number, Tensor
from mainstay.contract.testing.words import WHOLE, draw_real, draw_text, draw_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from mainstay.contract.columns import AnyColumn

    Carrier = Callable[[Random, AnyColumn, list[str]], "Cells"]

_TIMES = (
    dt.datetime(2024, 2, 29, 1, 2, 3, 456789),  # noqa: DTZ001 - times without a zone are part of what is tried
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    dt.datetime(2019, 12, 31),  # noqa: DTZ001
    dt.datetime(2040, 1, 1, 12),  # noqa: DTZ001
)


@dataclass(frozen=True)
class Cells:
    """Some cells of one column.

    Parameters
    ----------
    values : list
        As JSON holds them: a time is its text, NaN is null.
    series : Series
        As a table holds them.

    """

    values: list[Any]
    series: pl.Series


def draw_cells(dice: Random, column: AnyColumn, count: int) -> Cells:
    """Draw cells of one type: mostly one that the column reads, and mostly values it is made for."""
    carrier = dice.choice(_CARRIERS) if dice.random() < 0.3 else _own(dice, column)
    tidy = dice.choice((0.97, 0.8, 0.5, 0.0))
    gaps = dice.choice((0.0, 0.05, 0.3))
    return carrier(dice, column, [_pick(dice, tidy, gaps) for _ in range(count)])


def _pick(dice: Random, tidy: float, gaps: float) -> str:
    if dice.random() < gaps:
        return "gap"
    return "tidy" if dice.random() < tidy else "wild"


def _own(dice: Random, column: AnyColumn) -> Carrier:
    if isinstance(column, Integer):
        return dice.choice((_whole, _whole, _real, _texts))
    if isinstance(column, Number):
        return dice.choice((_real, _real, _whole, _texts))
    if isinstance(column, Boolean):
        return dice.choice((_truths, _texts, _whole))
    if isinstance(column, Tensor):
        return _nested
    if isinstance(column, Datetime):
        return dice.choice((_times, _texts)) if not column.format else _texts
    return dice.choice((_texts, _texts, _texts, _whole))


def _tidy(dice: Random, column: AnyColumn) -> Any:
    """Draw what the column is made for."""
    if isinstance(column, Category):
        return dice.choice(column.values) if column.values else "x"
    if isinstance(column, Boolean):
        return dice.choice((column.true, column.false))
    if isinstance(column, Integer | Number):
        low: float = -5 if column.min is None else column.min
        high: float = max(low, 130 if column.max is None else column.max)
        if isinstance(column, Integer):
            return dice.randint(int(low), int(high))
        return min(max(dice.uniform(low / 2, high / 2) * 2, low), high)
    if isinstance(column, Datetime):
        return dice.choice(_TIMES).strftime(column.format or "%Y-%m-%dT%H:%M:%S.%f") + dice.choice(("", "", "Z"))
    return dice.choice(("001", "AB12", "12", "3.5", "a long text", "年齢"))


def _texts(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    draw: dict[str, Callable[[], Any]] = {
        "gap": lambda: None,
        "tidy": lambda: str(_tidy(dice, column)),
        "wild": lambda: draw_text(dice),
    }
    values = [draw[pick]() for pick in picks]
    kind = pl.Categorical() if dice.random() < 0.05 else pl.String()
    return Cells(values, pl.Series(values, dtype=pl.String).cast(kind))


def _whole(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    """Draw whole numbers of one width; those of 128 bits are beyond what most tools read."""
    kind, least, most = dice.choice(_WIDTHS)

    def tidy() -> int:
        found = _tidy(dice, column)
        return int(found) if isinstance(found, int | float) and math.isfinite(found) else dice.randrange(0, 5)

    draw: dict[str, Callable[[], Any]] = {"gap": lambda: None, "tidy": tidy, "wild": lambda: draw_whole(dice)}
    drawn = [draw[pick]() for pick in picks]
    values = [it if it is None or least <= it <= most else it % (most + 1) for it in drawn]
    return Cells(values, pl.Series(values, dtype=kind))


def _real(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    def tidy() -> float:
        found = _tidy(dice, column)
        return float(found) if isinstance(found, int | float) else float(dice.randrange(0, 5))

    draw: dict[str, Callable[[], Any]] = {"gap": lambda: None, "tidy": tidy, "wild": lambda: draw_real(dice)}
    drawn = [draw[pick]() for pick in picks]
    series = pl.Series(drawn, dtype=pl.Float64)
    if dice.random() < 0.1:
        series = series.cast(pl.Float32)
    return Cells([None if it is None or math.isnan(it) else it for it in series.to_list()], series)


def _truths(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    del column
    values = [None if pick == "gap" else dice.random() < 0.5 for pick in picks]
    return Cells(values, pl.Series(values, dtype=pl.Boolean))


def _times(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    if not isinstance(column, Datetime) or column.format:  # a time as JSON holds it is a text to any other column
        return _texts(dice, column, picks)
    found = [None if pick == "gap" else dice.choice(_TIMES) for pick in picks]
    if dice.random() < 0.3:
        days = [None if it is None else it.date() for it in found]
        return Cells([None if it is None else it.isoformat() for it in days], pl.Series(days, dtype=pl.Date))
    series = pl.Series(found, dtype=pl.Datetime(dice.choice(("us", "ns", "ms"))))
    if dice.random() < 0.3:
        series = series.dt.replace_time_zone("Europe/Berlin")
    return Cells([None if it is None else it.isoformat() for it in series.to_list()], series)


def _nested(dice: Random, column: AnyColumn, picks: list[str]) -> Cells:
    shape = column.shape if isinstance(column, Tensor) else (2,)
    whole = isinstance(column, Tensor) and column.is_whole and dice.random() < 0.7
    element = pl.Int64() if whole else pl.Float64()
    kind: Any = element
    for _ in shape:
        kind = pl.List(kind)

    def build(sizes: tuple[int, ...], pick: str) -> Any:
        if not sizes:
            wild = pick == "wild" and dice.random() < 0.1
            if whole:
                return dice.choice(WHOLE[:11]) if wild else dice.randrange(100)
            found = draw_real(dice) if wild else dice.uniform(0, 100)
            return None if math.isnan(found) else found
        size = sizes[0] + (dice.choice((-1, 0, 0, 0, 0, 0, 1)) if pick == "wild" else 0)
        return [build(sizes[1:], pick) for _ in range(size)]

    values = [None if pick == "gap" else build(shape, pick) for pick in picks]
    return Cells(values, pl.Series(values, dtype=kind))


_WIDTHS = (
    (pl.Int64(), -(2**63), 2**63 - 1),
    (pl.Int64(), -(2**63), 2**63 - 1),
    (pl.UInt64(), 0, 2**64 - 1),
    (pl.Int8(), -128, 127),
    (pl.UInt32(), 0, 2**32 - 1),
    (pl.Int128(), -(2**127), 2**127 - 1),
)
_CARRIERS = (_texts, _texts, _whole, _real, _truths, _times, _nested)
