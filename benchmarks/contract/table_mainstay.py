"""mainstay: the contract's table check."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import shape
from told import Clock

from mainstay.contract import AnyColumn, Boolean, Category, Contract, Integer, Number, Text
from mainstay.contract.table import check_table


def contract() -> Contract:
    columns: list[AnyColumn] = [Text(name=shape.ID, role="id", unique=True)]
    columns += [Integer(name=name, min=low, max=high) for name, (low, high) in shape.INTEGERS.items()]
    columns += [
        Number(name=name, min=low, max=high, missing="allow" if name in shape.NULLABLE else "reject")
        for name, (low, high) in shape.NUMBERS.items()
    ]
    columns += [Boolean(name=name) for name in shape.BOOLEANS]
    columns += [Category(name=name, values=labels, unknown="reject") for name, labels in shape.CATEGORIES.items()]
    return Contract(tuple(columns))


RULES = {"missing": "missing", "not one of its values": "label"}


def _rule(told: str) -> str:
    column, rule = told.split(": ", 1)
    if rule.startswith("repeats"):
        return f"{column} repeated"
    return f"{column} {RULES.get(rule, 'range')}"


def main(path: Path) -> None:
    clock = Clock()
    checked = check_table(contract(), pl.read_parquet(path), training=True)
    counts = {_rule(told): count for told, count in checked.counts.items()}
    clock.tell(counts, checked.failing["row"].to_list(), checked.failing.height)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
