"""Personal features come back into a table of predictions.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import io
from contextlib import closing
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from mainstay.events.sealing import Blob, open_blobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.events.log import EventLog
    from mainstay.events.scan import Schema

Kind: TypeAlias = "pl.DataType | type[pl.DataType]"
FIELDS = {"f:": "features", "i:": "inputs"}
"""What a blob calls the values of the columns that begin so."""
SEALED = ("id", "model", "entity", "sealed")
"""What is needed of a prediction to open it."""


def with_opened(frame: pl.DataFrame, log: EventLog, kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """Put what is sealed into the columns it belongs to, and leave the blobs out.

    Parameters
    ----------
    frame : DataFrame
        Predictions; where there is a column ``sealed``, those of `SEALED` are there.
    log : EventLog
        Where they are from; beside it are the keys.
    kinds : mapping
        By prefix, ``"f:"`` and ``"i:"``: the struct of the values that are wanted.

    Raises
    ------
    StoreError
        Where the keys can't be read.

    """
    if "sealed" not in frame.columns:
        return frame
    numbered = frame.with_row_index("row").filter(pl.col("sealed").is_not_null() & pl.col("entity").is_not_null())
    plain = frame.drop("sealed")
    if not numbered.height:
        return plain
    with closing(log.persons) as persons:
        contents = open_blobs((Blob(*row) for row in numbered.select(SEALED).iter_rows()), persons)
    opened = _table(contents, kinds).with_columns(numbered["row"])
    joined = plain.with_row_index("row").join(opened, on="row", how="left", suffix="|", maintain_order="left")
    back = [pl.coalesce(name, f"{name}|").alias(name) for name in plain.columns if f"{name}|" in joined.columns]
    return joined.with_columns(back).select(plain.columns)


def _table(contents: list[bytes | None], kinds: Mapping[str, Kind]) -> pl.DataFrame:
    wanted = {prefix: kind for prefix, kind in kinds.items() if prefix in FIELDS}
    schema: Schema = {FIELDS[prefix]: kind for prefix, kind in wanted.items()}
    lines = b"\n".join(b"{}" if content is None else content for content in contents) + b"\n"
    # What doesn't fit (text under an older contract, a number now) becomes null, as in any other column.
    parsed = pl.read_ndjson(io.BytesIO(lines), schema=schema, ignore_errors=True)
    columns = [
        pl.col(FIELDS[prefix]).struct.field(field.name).alias(prefix + field.name)
        for prefix, kind in wanted.items()
        if isinstance(kind, pl.Struct)
        for field in kind.fields
    ]
    return parsed.select(columns)
