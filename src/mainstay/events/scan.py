"""Scanning a stream into a Polars frame: what its table holds, and the segments that it doesn't hold yet.

Segments are read by columns, with an explicit schema, and unharmed by torn or damaged lines.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.events.lines import sift
from mainstay.events.segments import begun, is_sealed
from mainstay.events.table.rows import read_rows
from mainstay.events.table.spans import spans_of
from mainstay.events.table.union import look, view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from mainstay.events.log import EventLog, Stream
    from mainstay.events.table.spans import Span
    from mainstay.events.table.union import View

TIME = pl.Datetime("us", "UTC")
_RAW = "mainstay.raw"
_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
Schema = dict[str, "pl.DataType | type[pl.DataType]"]


@dataclass(frozen=True)
class Scan:
    """Events of one stream.

    Parameters
    ----------
    frame : DataFrame
        One row per event, in the order of arrival.
    torn : int
        Lines that were torn or damaged, and left out.

    """

    frame: pl.DataFrame
    torn: int


def scan(
    log: EventLog,
    stream: Stream,
    schema: Schema,
    *,
    names: Mapping[str, str],
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    columns: Collection[str] | None = None,
) -> Scan:
    """Read the events of a span, `since` included, `until` excluded.

    Parameters
    ----------
    log : EventLog
        The log.
    stream : str
        Which stream.
    schema : dict
        Type of each field of the line.
    names : mapping
        From the line's fields to the frame's columns; must give ``id`` and ``time``.
    since, until : datetime, optional
        Bounds on the arrival time.
    columns : collection of str, optional
        Read these columns alone, and ``id`` and ``time``; the others cost nothing then.

    """
    raw, names = _wanted(schema, names, columns)

    def read(seen: View) -> tuple[list[pl.DataFrame], int]:
        rows, torn = seen.rows(), seen.damaged
        shipped = pl.DataFrame(schema=raw) if rows is None else read_rows(rows, stream, raw, since, until)
        frames = [shipped.rename(names)]
        for path in seen.paths:
            found = _segment(path, raw, names, since, until)
            torn += found.torn
            frames.append(found.frame)
        return frames, torn

    frames, torn = look(log, stream, read, since, until)
    return Scan(pl.concat(frames).sort("time", maintain_order=True), torn)


def pieces(
    log: EventLog,
    stream: Stream,
    schema: Schema,
    *,
    names: Mapping[str, str],
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> Iterator[Scan]:
    """Read what `scan` reads, piece by piece, the piece that begins first first: for who needn't hold all of it."""
    raw = {field: schema[field] for field in names}
    seen = view(log, stream, since, until)
    rows = seen.rows()
    parts: list[tuple[dt.datetime, Callable[[], Scan]]] = [
        (begun(path) or _EVER, partial(_segment, path, raw, names, since, until)) for path in seen.paths
    ]
    if rows is not None and seen.table is not None:
        parts += [
            (start or _EVER, partial(_shipped, rows, stream, raw, names, (start, end)))
            for start, end in spans_of(seen.table, since, until)
        ]
    for _, read in sorted(parts, key=itemgetter(0)):
        yield read()
    yield Scan(pl.DataFrame(schema=raw).rename(dict(names)), seen.damaged)


def _shipped(rows: pl.LazyFrame, stream: Stream, raw: Schema, names: Mapping[str, str], span: Span) -> Scan:
    return Scan(read_rows(rows, stream, raw, *span).rename(dict(names)).sort("time", maintain_order=True), 0)


def _wanted(schema: Schema, names: Mapping[str, str], columns: Collection[str] | None) -> tuple[Schema, dict[str, str]]:
    wanted = None if columns is None else {"id", "time", *columns}
    kept = {field: name for field, name in names.items() if wanted is None or name in wanted}
    return {field: schema[field] for field in kept}, kept


def _segment(
    path: Path, raw: Schema, names: Mapping[str, str], since: dt.datetime | None, until: dt.datetime | None
) -> Scan:
    frame, damaged = _read(path, raw)
    whole = frame.rename(dict(names)).filter(pl.col("id").is_not_null() & pl.col("time").is_not_null())
    return Scan(_within(whole, since, until), damaged + frame.height - whole.height)


def _within(frame: pl.DataFrame, since: dt.datetime | None, until: dt.datetime | None) -> pl.DataFrame:
    if since is not None:
        frame = frame.filter(pl.col("time") >= since)
    if until is not None:
        frame = frame.filter(pl.col("time") < until)
    return frame


def _read(path: Path, schema: Schema) -> tuple[pl.DataFrame, int]:
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    # In a file that is still written the last line may just be on its way; in a sealed one it is torn for good.
    torn = int(end < len(data) and is_sealed(path))
    sifted = sift(data[:end])
    times = [field for field, kind in schema.items() if kind == TIME]
    texts: Schema = {**schema, **dict.fromkeys(times, pl.String)}
    frame, damaged = _parse(sifted.whole, texts)
    # Many times faster than letting the JSON reader guess each time's format.
    read = pl.col(times).str.to_datetime(_FORMAT, time_unit="us", time_zone="UTC", strict=False)
    return frame.with_columns(read), torn + damaged + len(sifted.damages)


def _parse(data: bytes, schema: Schema) -> tuple[pl.DataFrame, int]:
    try:
        return _with_raw(pl.read_ndjson(io.BytesIO(data), schema=schema), data.split(b"\n")), 0
    except pl.exceptions.PolarsError:
        good = [line for line in data.split(b"\n") if _is_object(line)]
        damaged = data.count(b"\n") - len(good)
        return _with_raw(_read_one_by_one(good, schema), good), damaged


class _Raw(msgspec.Struct, rename={"raw": _RAW}):
    raw: msgspec.Raw = msgspec.Raw(b"null")


_raw_of = msgspec.json.Decoder(_Raw).decode


def _with_raw(frame: pl.DataFrame, lines: list[bytes]) -> pl.DataFrame:
    """Put what was sent into its column as the line spells it: Polars' own spelling of it escapes no backslash.

    A text that ends in one could pretend to be more fields than there are.
    """
    if _RAW not in frame.columns or frame[_RAW].null_count() == frame.height:
        return frame
    needle = f'"{_RAW}":'.encode()
    spelled = [bytes(_raw_of(line).raw).decode() if needle in line else None for line in lines if line]
    return frame.with_columns(pl.Series(_RAW, spelled, dtype=pl.String))


def _is_object(line: bytes) -> bool:
    try:
        return line[:1] == b"{" and isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _read_one_by_one(lines: list[bytes], schema: Schema) -> pl.DataFrame:
    # Fields whose type doesn't fit (a feature that was text under an older contract) become null, not a failure.
    try:
        return pl.read_ndjson(io.BytesIO(b"\n".join(lines)), schema=schema, ignore_errors=True)
    except pl.exceptions.PolarsError:
        rows = [msgspec.json.decode(line) for line in lines]
        return pl.DataFrame([{field: row.get(field) for field in schema} for row in rows], schema=schema, strict=False)
