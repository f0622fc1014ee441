"""pandera, Polars backend: every failure case, lazily, as its guide says."""

from __future__ import annotations

import sys
from collections import Counter

import pandera.polars as pa
import polars as pl
import shape
from told import Clock

RULES = {"not_nullable": "missing", "field_uniqueness": "repeated"}


def schema() -> pa.DataFrameSchema:
    columns = {shape.ID: pa.Column(pl.String, unique=True)}
    columns |= {name: pa.Column(pl.Int64, pa.Check.in_range(*ends)) for name, ends in shape.INTEGERS.items()}
    columns |= {
        name: pa.Column(pl.Float64, pa.Check.in_range(*ends), nullable=name in shape.NULLABLE)
        for name, ends in shape.NUMBERS.items()
    }
    columns |= {name: pa.Column(pl.Boolean) for name in shape.BOOLEANS}
    columns |= {name: pa.Column(pl.String, pa.Check.isin(labels)) for name, labels in shape.CATEGORIES.items()}
    return pa.DataFrameSchema(columns)


def _rule(column: str, check: str) -> str:
    kind = check.split("(", maxsplit=1)[0]
    return f"{column} {RULES.get(kind, {'in_range': 'range', 'isin': 'label'}.get(kind, kind))}"


def main(path: str) -> None:
    clock = Clock()
    frame = pl.read_parquet(path)
    cases = pl.DataFrame({"column": [], "check": [], "index": []})
    try:
        schema().validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    places = cases["index"].unique()
    failing = frame[places]
    counts = Counter(_rule(column, check) for column, check in cases.select("column", "check").rows())
    clock.tell(counts, places.to_list(), failing.height)


if __name__ == "__main__":
    main(sys.argv[1])
