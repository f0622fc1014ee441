"""A folder of parts: csv, parquet or Arrow files of the same columns, in the order of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mainstay.data.sources.base import WHOLE_CELLS, Stream, held, pick
from mainstay.data.sources.files import Stamp
from mainstay.data.words import listing
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mainstay.data.sources.base import Source

_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".arrow", ".feather", ".ipc")
_PACKED = (".gz", ".zst", ".bz2", ".xz")


def open_folder(source: Source, folder: Path, open_part: Callable[[Path], Stream]) -> Stream:
    """Open a folder.

    Parameters
    ----------
    source : Source
        The folder's.
    folder : Path
        Where the parts are, at any depth; names that start with ``.`` or ``_`` are no parts.
    open_part : callable
        Opens one file.

    Raises
    ------
    DataError
        Where there is no part, or one has other columns or types than the first; it names the part and the columns.

    """
    parts = _parts(folder)
    if not parts:
        raise DataError(
            f"{folder} is a folder without a csv, parquet or Arrow file.", "Name a file, or another folder."
        )
    stamp = Stamp.of(*parts, name=source.name)
    words, schema = "", pl.Schema()
    skipped: tuple[str, ...] = ()
    kept: list[pl.DataFrame] | None = []
    cells = 0
    for place, part in enumerate(parts):
        stream = open_part(part)
        if place == 0:
            words, schema, skipped = stream.words, stream.schema, stream.skipped
        schema = _joined(schema, stream.schema, parts[0], part, folder)
        if stream.whole is None or kept is None or (cells := cells + stream.whole.height * len(schema)) > WHOLE_CELLS:
            kept = None
        else:
            kept.append(stream.whole)
    words = f"{len(parts)} part{'s' if len(parts) > 1 else ''}, {words}"
    if kept is not None:
        whole = pl.concat([_fitted(frame, schema) for frame in kept])
        return held(whole, words, skipped, unchanged=stamp.check)

    def batches(columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        for part in parts:
            for batch in open_part(part).batches(None):
                yield pick(_fitted(batch, schema), columns)

    return Stream(words, schema, batches, None, skipped, stamp.check)


def _parts(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        plain = path.with_suffix("") if path.suffix.lower() in _PACKED else path
        if plain.suffix.lower() in _ENDINGS and not any(name.startswith((".", "_")) for name in inner):
            found.append(path)
    return [path for path in found if path.is_file() and path.stat().st_size]


def _joined(schema: pl.Schema, other: pl.Schema, first: Path, part: Path, folder: Path) -> pl.Schema:
    """Give the types that hold both parts' cells, in the first one's order of columns."""
    names, own = set(schema.names()), set(other.names())
    lacks, more = [n for n in schema.names() if n not in own], [n for n in other.names() if n not in names]
    if lacks or more:
        said = [f"lacks {listing(lacks, 5)}"] if lacks else []
        said += [f"has {listing(more, 5)} besides"] if more else []
        raise DataError(
            f"The parts of {folder.name} disagree: {part.relative_to(folder)} {' and '.join(said)}, held against "
            f"{first.relative_to(folder)}.",
            "Give every part the same columns, or move it out of the folder.",
        )
    return pl.Schema({name: _wider(name, dtype, other[name], part, folder) for name, dtype in schema.items()})


def _wider(name: str, dtype: pl.DataType, other: pl.DataType, part: Path, folder: Path) -> pl.DataType:
    if dtype == other:
        return dtype
    if dtype.is_numeric() and other.is_numeric():
        return pl.Int64() if dtype.is_integer() and other.is_integer() else pl.Float64()
    if dtype == pl.String and other == pl.Null:
        return dtype
    raise DataError(
        f"The parts of {folder.name} disagree: '{name}' is {other} in {part.relative_to(folder)} and {dtype} before.",
        "Write the parts with the same types, or all of them as csv.",
    )


def _fitted(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame([frame.get_column(name).cast(dtype) for name, dtype in schema.items()])
