"""Rows of a table as the columns a reader asks for by the fields of the line.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.table.fields import FIELDS, NESTED
from mainstay.events.table.gathering import gathered
from mainstay.events.table.schemas import DATE, table_kind, word_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mainstay.events.log import Stream
    from mainstay.events.table.schemas import Kind

_READS: dict[type[pl.DataType], tuple[pl.DataType, ...]] = {
    pl.Float64: (pl.Int64(),),
    pl.String: (pl.Int64(), pl.Float64(), pl.Boolean()),
}
"""Other types that a feature is read from, as the lines themselves are: a whole number is an amount, and a text."""


def read_rows(
    rows: pl.LazyFrame,
    stream: Stream,
    schema: Mapping[str, Kind],
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> pl.DataFrame:
    """Read rows of a span; only the days and the columns it needs are opened.

    Parameters
    ----------
    rows : LazyFrame
        Of the table's snapshot.
    stream : str
        Which stream it is of.
    schema : mapping
        The type of each field of the line that is asked for; a struct's fields are those features that are.
    since, until : datetime, optional
        Bounds on the time; `until` excluded.

    """
    held = rows.collect_schema()
    asked = [_column(field, kind, stream, held).alias(field) for field, kind in schema.items()]
    return gathered(within(rows, since, until).select(asked))


def within(rows: pl.LazyFrame, since: dt.datetime | None, until: dt.datetime | None) -> pl.LazyFrame:
    """Keep to a span, by the day first: files of other days aren't opened."""
    if since is not None:
        rows = rows.filter(pl.col(DATE) >= since.date(), pl.col("time") >= since)
    if until is not None:
        rows = rows.filter(pl.col(DATE) <= until.date(), pl.col("time") < until)
    return rows


def _column(field: str, kind: Kind, stream: Stream, held: pl.Schema) -> pl.Expr:
    if stream == "predictions" and field in NESTED and isinstance(kind, pl.Struct):
        column = NESTED[field]
        struct = held.get(column)
        if not isinstance(struct, pl.Struct):
            return pl.lit(None, dtype=kind)
        inner = {each.name: table_kind(each.dtype) for each in struct.fields}
        values = [_feature(pl.col(column).struct, each.name, each.dtype, inner) for each in kind.fields]
        return pl.when(pl.col(column).is_not_null()).then(pl.struct(values))
    known = FIELDS[stream].get(field)
    return pl.lit(None, dtype=kind) if known is None or known.column not in held else pl.col(known.column).cast(kind)


def _feature(
    struct: pl.expr.struct.ExprStructNameSpace, name: str, kind: Kind, held: dict[str, pl.DataType]
) -> pl.Expr:
    """Read a feature that may be in two fields, having had two types: where that says it, too."""
    wanted = table_kind(kind)
    takes = (wanted, *_READS.get(wanted.base_type(), ()))
    places = (name, *(f"{name}:{word_of(each)}" for each in takes))
    found = [struct.field(place).cast(wanted) for place in places if held.get(place) in takes]
    value = pl.coalesce(found) if found else pl.lit(None, dtype=wanted)
    return value.cast(kind, strict=False).alias(name)  # a missing tensor is no list of the shape
