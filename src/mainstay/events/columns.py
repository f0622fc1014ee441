"""The columns that readers get of a stream: which field of a line each is, its type, and what a line left out means.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.table.fields import DEFAULTS, FIELDS
from mainstay.events.table.schemas import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.events.log import Stream
    from mainstay.events.scan import Schema

_LEFT_OUT: dict[str, object] = {
    **DEFAULTS,
    "events": 0,
    "message": "",
    "consumer": "",
    "reason": "",
    "n": 0,
    "unit": "",
    "group": "",
    "note": "",
    "warnings": [],
    "fields": [],
    "kpis": [],
}
"""What a line leaves out where it is as it mostly is."""


def line_fields(stream: Stream, columns: Iterable[str]) -> tuple[Schema, dict[str, str]]:
    """Give the type of each field of a line that the columns are, and the column of each.

    Examples
    --------
    >>> line_fields("feedback", ("id", "followed"))[1]
    {'mainstay.answer': 'id', 'mainstay.followed': 'followed'}

    """
    fields = {field.column: (name, KINDS[field.kind]) for name, field in FIELDS[stream].items()}
    wanted = [(*fields[column], column) for column in columns]
    return {name: kind for name, kind, _ in wanted}, {name: column for name, _, column in wanted}


def filled(name: str, column: pl.Expr | None = None) -> pl.Expr:
    """Give a column, with what its lines left out filled in."""
    column = pl.col(name) if column is None else column
    if name not in _LEFT_OUT:
        return column
    left_out = _LEFT_OUT[name]
    return column.fill_null(left_out if isinstance(left_out, list) else pl.lit(left_out))
