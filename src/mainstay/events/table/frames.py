"""Rows of several versions as one frame that a table takes: every column there, every struct with all its fields.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.table.fields import NESTED
from mainstay.events.table.schemas import columns_of, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from mainstay.events.log import Stream
    from mainstay.events.table.schemas import Kind

Kinds = dict[str, pl.DataType]


def joined(stream: Stream, frames: Sequence[pl.DataFrame], table: DeltaTable | None) -> tuple[pl.DataFrame, bool]:
    """Join frames of rows into one of the table's own columns.

    Returns
    -------
    DataFrame
        The rows, by time within each day.
    bool
        Whether it has columns, or fields of a struct, that the table doesn't have yet.

    """
    held = {} if table is None else dict(pl.DataFrame(schema=pl.scan_delta(table).collect_schema()).schema)
    structs = {name: _inner(held.get(name)) for name in NESTED.values()}
    before = {name: len(inner) for name, inner in structs.items()}
    parts = [frame.with_columns(_renamed(frame, structs)) for frame in frames]
    kinds = dict(columns_of(stream))
    kinds |= {name: pl.Struct(inner) for name, inner in structs.items() if inner}
    order = [*(name for name in held if name in kinds), *(name for name in kinds if name not in held)]
    whole = [_filled(part, {name: kinds[name] for name in order}) for part in parts]
    frame = pl.concat(whole) if whole else pl.DataFrame(schema={name: kinds[name] for name in order})
    is_wider = any(len(inner) > before[name] for name, inner in structs.items()) or not kinds.keys() <= held.keys()
    return frame.sort("date", "time", maintain_order=True), is_wider


def _inner(kind: pl.DataType | None) -> Kinds:
    return {field.name: _made(field.dtype) for field in kind.fields} if isinstance(kind, pl.Struct) else {}


def _made(kind: Kind) -> pl.DataType:
    return kind() if isinstance(kind, type) else kind


def _renamed(frame: pl.DataFrame, structs: dict[str, Kinds]) -> list[pl.Expr]:
    """Put each feature in its field; notes in `structs` what comes new."""
    found = []
    for column, known in structs.items():
        wanted = _inner(frame.schema.get(column))
        if not wanted:
            continue
        places = placed(wanted, known)
        known |= {places[name]: kind for name, kind in wanted.items()}
        if any(name != place for name, place in places.items()):
            fields = [pl.col(column).struct.field(name).alias(place) for name, place in places.items()]
            found.append(pl.when(pl.col(column).is_not_null()).then(pl.struct(fields)).alias(column))
    return found


def _filled(frame: pl.DataFrame, kinds: dict[str, Kind]) -> pl.DataFrame:
    return frame.select(_column(frame, name, kind) for name, kind in kinds.items())


def _column(frame: pl.DataFrame, name: str, kind: Kind) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(None, dtype=kind).alias(name)
    if not isinstance(kind, pl.Struct):
        return pl.col(name).cast(kind)
    there = _inner(frame.schema[name])
    fields = [
        (pl.col(name).struct.field(each.name) if each.name in there else pl.lit(None, dtype=each.dtype)).alias(
            each.name
        )
        for each in kind.fields
    ]
    return pl.when(pl.col(name).is_not_null()).then(pl.struct(fields)).alias(name)
