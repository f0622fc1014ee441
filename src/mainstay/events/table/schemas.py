"""The types of each table's columns, and those that the features of a contract have there.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.datatypes import DataTypeClass

from mainstay.events.table.fields import FIELDS, NAMES, NUMBERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.events.log import Stream
    from mainstay.events.table import fields

TIME = pl.Datetime("us", "UTC")
Kind = pl.DataType | DataTypeClass

DATE, MORE, AMOUNT = "date", "more", "amount"
"""Columns that no field of the line has: the day (UTC) by which a table is divided; as JSON, what didn't fit any other
column; and the number, where a prediction or a label is one (its text is in `prediction` or `label`)."""

KINDS: dict[fields.Kind, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "float": pl.Float64,
    "boolean": pl.Boolean,
    "time": TIME,
    "texts": pl.List(pl.String),
    "floats": pl.List(pl.Float64),
    "kpis": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64})),
}


def columns_of(stream: Stream) -> dict[str, Kind]:
    """Give the columns a table always has, in their order; the structs are added as contracts bring them."""
    columns: dict[str, Kind] = {field.column: KINDS[field.kind] for field in FIELDS[stream].values()}
    if stream in NUMBERED:
        columns[AMOUNT] = pl.Float64
    if stream == "predictions":
        columns |= dict.fromkeys(NAMES.values(), pl.String)
    return columns | {MORE: pl.String, DATE: pl.Date}


def table_kind(kind: Kind) -> pl.DataType:
    """Give the type a table has for a column of a contract: lists have no shape there.

    Examples
    --------
    >>> table_kind(pl.Array(pl.Float64, (2, 3)))
    List(List(Float64))

    """
    made = kind() if isinstance(kind, type) else kind
    if isinstance(made, pl.Array | pl.List):
        inner = made.inner
        return pl.List(table_kind(inner))
    return made


def word_of(kind: pl.DataType) -> str:
    """Name a type, as the second name of a feature that has changed its own: ``tenure:text``.

    Examples
    --------
    >>> word_of(pl.List(pl.Float64()))
    'list.float'

    """
    if isinstance(kind, pl.List):
        return f"list.{word_of(table_kind(kind.inner))}"
    words = {pl.Int64: "integer", pl.Float64: "float", pl.Boolean: "boolean", pl.String: "text", pl.Datetime: "time"}
    return words[kind.base_type()]


def placed(wanted: Mapping[str, pl.DataType], held: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Say in which field of a table's struct each feature goes: its own name, unless another type has it there.

    Examples
    --------
    >>> placed({"tenure": pl.String(), "plan": pl.String()}, {"tenure": pl.Int64()})
    {'tenure': 'tenure:text', 'plan': 'plan'}

    """
    return {name: name if held.get(name, kind) == kind else f"{name}:{word_of(kind)}" for name, kind in wanted.items()}
