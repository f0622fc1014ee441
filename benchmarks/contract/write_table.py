"""Write the table as Parquet, the planted rows in it: `python write_table.py FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import shape


def main(path: Path) -> None:
    rng = np.random.default_rng(7)
    ids = np.arange(shape.ROWS)
    columns: dict[str, pl.Series] = {shape.ID: pl.Series(ids).cast(pl.String).str.zfill(10)}
    for name, (low, high) in shape.INTEGERS.items():
        columns[name] = pl.Series(rng.integers(low, high, shape.ROWS, endpoint=True))
    for name, (least, most) in shape.NUMBERS.items():
        columns[name] = pl.Series(rng.uniform(least, most, shape.ROWS).round(2))
    for name in shape.NULLABLE:
        columns[name] = columns[name].set(pl.Series(rng.random(shape.ROWS) < 0.05), None)
    for name in shape.BOOLEANS:
        columns[name] = pl.Series(rng.random(shape.ROWS) < 0.4)
    for name, labels in shape.CATEGORIES.items():
        columns[name] = pl.Series(labels).gather(pl.Series(rng.integers(0, len(labels), shape.ROWS)))
    for (name, rule), places in shape.planted().items():
        columns[name] = columns[name].scatter(places, _broken(name, rule, columns[name], places))
    pl.DataFrame([column.alias(name) for name, column in columns.items()]).write_parquet(path, row_group_size=131_072)


def _broken(name: str, rule: str, column: pl.Series, places: list[int]) -> pl.Series:
    if rule == "repeated":
        return column.gather([place - 1 for place in places])
    value: object = None
    if rule in {"above", "below"}:
        low, high = {**shape.INTEGERS, **shape.NUMBERS}[name]
        value = high + 1 if rule == "above" else low - 1
    return pl.Series([{"label": "no such label"}.get(rule, value)] * len(places), dtype=column.dtype)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
