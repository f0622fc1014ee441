"""The lines of a segment as rows of its table; nothing a line says is lost, and no damaged line is taken.

A line is decoded twice: by msgspec, strictly, which proves that every field has a column and fits it, and by Polars,
into columns. What doesn't fit (a field of a later version, a feature of another type) goes into the column ``more``.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from mainstay.events.lines import sift
from mainstay.events.table import fields, schemas
from mainstay.events.table.fitting import Shape, decoded, fields_of, mend

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract import Contract
    from mainstay.events.log import Stream

    Described = Callable[[int], tuple[Contract | None, Contract | None]]
    """From a version to the contract of its features, and to that of what feature code derives from them."""

_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"


class _Head(msgspec.Struct, rename={"version": "mainstay.version"}, gc=False):
    version: Any = None


_heads = msgspec.json.Decoder(_Head)


@dataclass(frozen=True)
class Parsed:
    """What the lines of a segment say.

    Parameters
    ----------
    frames : tuple of DataFrame
        Rows, one frame for each version and shape of line.
    damaged : tuple of bytes
        Lines that are torn, damaged or no events.

    """

    frames: tuple[pl.DataFrame, ...]
    damaged: tuple[bytes, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return sum(frame.height for frame in self.frames)


def parse(data: bytes, stream: Stream, described: Described) -> Parsed:
    """Read the lines of a sealed segment.

    Parameters
    ----------
    data : bytes
        The whole file.
    stream : str
        Which stream it is of.
    described : callable
        From a version to its contracts; None for what isn't known here.

    """
    end = data.rfind(b"\n") + 1
    sifted = sift(data[:end])
    damaged = [data[each.offset : each.offset + each.length].rstrip(b"\n") for each in sifted.damages]
    damaged += [data[end:]] if end < len(data) else []
    alike = _alike(sifted.whole, stream, described)
    if alike is not None:
        return Parsed((alike,), tuple(damaged))
    frames = []
    for shape, group in _groups([line for line in sifted.whole.split(b"\n") if line], stream, described):
        found, misfits = _group(group, shape)
        frames += found
        damaged += misfits
    return Parsed(tuple(frame for frame in frames if frame.height), tuple(damaged))


def _alike(data: bytes, stream: Stream, described: Described) -> pl.DataFrame | None:
    """Read a segment whose lines are all of one version and shape, as most are: they need not be told apart first."""
    first = data[: data.find(b"\n")]
    if not first:
        return None
    version = _version(first) if stream == "predictions" else None
    ((shape, _),) = _groups([first], stream, described)
    for form in shape.forms():
        objects = decoded(data, form)
        if objects and (stream != "predictions" or all(each.version == version for each in objects)):
            return _frame(data, objects, form)
    return None


def _groups(lines: list[bytes], stream: Stream, described: Described) -> list[tuple[Shape, list[bytes]]]:
    if stream != "predictions":
        return [(Shape(stream), lines)]
    by: dict[int | None, list[bytes]] = {}
    for line, version in zip(lines, _versions(lines), strict=True):
        by.setdefault(version, []).append(line)
    groups = []
    for version, group in by.items():
        features, inputs = (None, None) if version is None else described(version)
        shape = Shape.seen(stream, group) if features is None else Shape.of(stream, features, inputs)
        groups.append((shape, group))
    return groups


def _versions(lines: list[bytes]) -> list[int | None]:
    try:
        found = [head.version for head in _heads.decode_lines(b"\n".join(lines))]
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = [_version(line) for line in lines]
    return [version if type(version) is int else None for version in found]


def _version(line: bytes) -> Any:
    try:
        return _heads.decode(line).version
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _group(lines: list[bytes], shape: Shape) -> tuple[list[pl.DataFrame], list[bytes]]:
    for each in shape.forms():
        objects = decoded(b"\n".join(lines), each)
        if objects is not None:
            return [_frame(b"\n".join(lines), objects, each)], []
    fit: dict[Shape, list[bytes]] = {}
    clean, damaged = [], []
    for line in lines:
        form = next((each for each in shape.forms() if decoded(line, each) is not None), None)
        if form is not None:
            fit.setdefault(form, []).append(line)
        elif (mended := mend(line, shape)) is not None:
            clean.append(mended)
        else:
            damaged.append(line)
    if clean:
        fit.setdefault(shape.loosened(), []).extend(clean)
    data = {form: b"\n".join(group) for form, group in fit.items()}
    return [_frame(each, decoded(each, form) or [], form) for form, each in data.items()], damaged


def _frame(lines: bytes, objects: list[Any], shape: Shape) -> pl.DataFrame:
    kinds = fields_of(shape, _labels(objects, shape))
    frame = _by_columns(lines, kinds)
    if frame is None:
        frame = _by_rows(objects, kinds)
    frame = frame.with_columns(*_odd(objects, shape), frame["@timestamp"].dt.date().alias(schemas.DATE))
    names = {field: each.column for field, each in fields.FIELDS[shape.stream].items()} | fields.NESTED
    frame = frame.rename({field: names[field] for field in frame.columns if field in names})
    filled = {name: value for name, value in fields.DEFAULTS.items() if name in frame.columns}
    return frame.with_columns(pl.col(name).fill_null(value) for name, value in filled.items())


def _by_columns(lines: bytes, kinds: dict[str, schemas.Kind]) -> pl.DataFrame | None:
    """Read whole columns at once; None where Polars doesn't read all that msgspec did."""
    texts = {field: _as_text(kind) for field, kind in kinds.items()}
    try:
        frame = pl.read_ndjson(io.BytesIO(lines), schema=texts)
    except pl.exceptions.PolarsError:
        return None
    read = frame.with_columns(_typed(field, kind) for field, kind in kinds.items() if texts[field] != kind)
    moments = [each for field, kind in kinds.items() for each in _moments(field, kind)]
    same = all(frame.select(each.count()).item() == read.select(each.count()).item() for each in moments)
    return read if same else None


def _by_rows(objects: list[Any], kinds: dict[str, schemas.Kind]) -> pl.DataFrame:
    rows = [msgspec.to_builtins(each, builtin_types=(dt.datetime,)) for each in objects]
    columns = []
    for field, kind in kinds.items():
        values = [row.get(field) for row in rows]
        if kind == pl.String:  # an amount that is kept as text, too
            values = [value if value is None or isinstance(value, str) else str(value) for value in values]
        columns.append(pl.Series(field, values, dtype=kind))
    return pl.DataFrame(columns)


def _labels(objects: list[Any], shape: Shape) -> tuple[str, ...]:
    if shape.stream != "predictions":
        return ()
    found: dict[str, None] = {}
    for each in objects:
        if each.scores:
            found |= dict.fromkeys(each.scores)
    return tuple(found)


def _as_text(kind: schemas.Kind) -> schemas.Kind:
    """Take times as text first: with their format said, reading them is many times faster."""
    if kind == schemas.TIME:
        return pl.String
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: _as_text(field.dtype) for field in kind.fields})
    return kind


def _moments(field: str, kind: schemas.Kind) -> list[pl.Expr]:
    if isinstance(kind, pl.Struct):
        return [pl.col(field).struct.field(each.name) for each in kind.fields if each.dtype == schemas.TIME]
    return [pl.col(field)] if kind == schemas.TIME else []


def _typed(field: str, kind: schemas.Kind) -> pl.Expr:
    if not isinstance(kind, pl.Struct):
        return _time(pl.col(field))
    times = [each.name for each in kind.fields if each.dtype == schemas.TIME]
    return pl.col(field).struct.with_fields(*(_time(pl.field(name)).alias(name) for name in times))


def _time(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime(_FORMAT, time_unit="us", time_zone="UTC", strict=False)


def _odd(objects: list[Any], shape: Shape) -> list[pl.Series]:
    """Give the columns that are read from the decoded lines: JSON kept as text, numbers beside their text, names."""
    found = []
    for field, each in fields.FIELDS[shape.stream].items():
        if each.is_json:
            values = [getattr(it, each.column) for it in objects]
            texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
            found.append(pl.Series(each.column, texts, dtype=pl.String))
        if field == fields.NUMBERED.get(shape.stream):
            values = [getattr(it, each.column) for it in objects]
            numbers = [float(it) if isinstance(it, int | float) else None for it in values]
            found.append(pl.Series(schemas.AMOUNT, numbers, dtype=pl.Float64))
    found.append(pl.Series(schemas.MORE, [getattr(it, "more", None) for it in objects], dtype=pl.String))
    if shape.stream == "predictions":
        held = {column: shape.names(objects, fields.NESTED[field]) for field, column in fields.NAMES.items()}
        found += [pl.Series(column, names, dtype=pl.String) for column, names in held.items()]
    return found
