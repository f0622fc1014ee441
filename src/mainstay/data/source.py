"""Opening a source: where rows come from becomes batches of a Polars table, held in memory where they fit.

A csv's cells stay text, so that nothing is guessed twice; typed sources keep their types.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainstay.data.frames import as_frame
from mainstay.data.logged import EVENTS, open_events, read_span
from mainstay.data.sources.base import Source, lazy_stream, pick, told
from mainstay.data.sources.delta import open_delta
from mainstay.data.sources.files import ARROW, PARQUET, SQLITE, Stamp, first_bytes
from mainstay.data.sources.folder import open_folder
from mainstay.data.sources.objects import open_object
from mainstay.data.sources.postgres import open_postgres
from mainstay.data.sources.sqlite import SCHEME as SQLITE_SCHEME
from mainstay.data.sources.sqlite import open_sqlite
from mainstay.data.sources.text import file_bytes, open_text
from mainstay.data.words import listing
from mainstay.errors import DataError
from mainstay.project.stores import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.data.settings import DataSettings
    from mainstay.data.sources.base import Stream
    from mainstay.project import Project

__all__ = ["Opened", "Source", "Table", "open_source", "read_source", "read_table", "resolve_source", "source_of"]


@dataclass(frozen=True)
class Table:
    """A source in the hand.

    Parameters
    ----------
    frame : polars.DataFrame
        Its rows in file order; all text where the file was text.
    words : str
        How the file was written, in words.
    skipped : tuple of str
        Columns that can't be a field of a record (lists, structs, bytes), left out.

    """

    frame: pl.DataFrame
    words: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """A source that was found, and can be read as often as needed.

    Parameters
    ----------
    source : Source
        What was opened.
    stream : Stream
        How its kind is read.

    """

    source: Source
    stream: Stream

    @property
    def words(self) -> str:
        """How it is written: ``comma-separated, UTF-8``, ``Delta, version 3``."""
        return self.stream.words

    @property
    def schema(self) -> pl.Schema:
        """Of every batch."""
        return self.stream.schema

    @property
    def skipped(self) -> tuple[str, ...]:
        """Columns that can't be a field of a record, left out."""
        return self.stream.skipped

    def remarks(self) -> tuple[str, ...]:
        """Say what is odd about how it is written: nameless columns, short lines."""
        return self.stream.remarks()

    @property
    def small(self) -> bool:
        """Whether all rows are in memory, as one batch."""
        return self.stream.whole is not None

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Read the rows from the first, in the source's order; no batch is empty.

        Parameters
        ----------
        columns : sequence of str, optional
            Only these columns, in this order.

        Raises
        ------
        DataError
            Where a row can't be read, or the source changed since it was opened.

        """
        if not self.small:
            self.stream.unchanged()
        for batch in self.stream.batches(columns):
            yield _without(batch, self.source.missing)
        if not self.small:
            self.stream.unchanged()

    def whole(self) -> pl.DataFrame:
        """Read all rows into memory."""
        return pl.concat(self.batches())


def source_of(what: object) -> Source:
    """Make a source of a path, a URL, or a table in memory.

    Parameters
    ----------
    what : Source, Path, str, or table
        A table of pandas, Polars or Arrow, or anything with the Arrow PyCapsule interface.

    """
    if isinstance(what, Source):
        return what
    if isinstance(what, str) and "://" in what:
        return Source(what)
    if isinstance(what, str | Path):
        return Source(str(Path(what).expanduser().absolute()))
    return Source("", table=as_frame(what))


def open_source(source: Source) -> Opened:
    """Find a source and read its first rows.

    Raises
    ------
    DataError
        Where it is missing, empty, only a header, no table, names a column twice, or is refused by its keeper.
    SetupError
        Where what reads it isn't installed.

    """
    stream = _stream(source)
    stream.unchanged()
    if stream.whole is not None and stream.whole.height == 0:
        raise DataError(
            f"{source.name} has column names and not one row.", "Give a source with rows; to learn from, at least 50."
        )
    return Opened(source, stream)


def read_source(
    what: object, *, missing: Sequence[str] = (), columns: Sequence[str] | None = None, header: bool = True
) -> pl.DataFrame:
    """Read a source into memory.

    Parameters
    ----------
    what : Source, Path, str, or table
        The source. A csv's cells stay text: outer blanks (ASCII) are stripped, a cell with nothing in it is null,
        and the contract alone decides what a text means. Comma, semicolon, tab and bar are told apart; byte order
        marks, UTF-16 and Western 8-bit encodings are read.
    missing : sequence of str, optional
        Texts that stand for a missing value, such as ``"?"``.
    columns : sequence of str, optional
        Only these columns, in this order; all by default.
    header : bool
        Whether the first line of a text names the columns.

    Returns
    -------
    polars.DataFrame
        At least one row, in the source's order.

    Raises
    ------
    DataError
        Where the source can't be read; see `open_source`.

    """
    source = source_of(what)
    frame = read_table(source, missing=missing, header=header).frame
    if columns is None:
        return frame
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise DataError(
            f"{source.name} has no column {', '.join(map(repr, absent[:5]))}.", f"It has: {listing(frame.columns)}."
        )
    return pick(frame, columns)


def read_table(what: object, *, missing: Sequence[str] = (), header: bool = True) -> Table:
    """Read a source into memory, and say how it was written; see `read_source`."""
    source = source_of(what)
    asked = replace(source, missing=(*source.missing, *missing), header=source.header and header)
    opened = open_source(asked)
    return Table(opened.whole(), opened.words, opened.skipped)


def resolve_source(project: Project, settings: DataSettings) -> Source:
    """Give the project's source; a relative path starts at the project's folder.

    Raises
    ------
    ProjectError
        Where none is set, or its address is of no known kind.

    """
    said = settings.source
    if not said:
        raise project.file.error("data", "source", "isn't set.", 'Say where the rows are: source = "data/rows.csv".')
    if said == EVENTS:
        return as_written(Source("", span=read_span(project, now=dt.datetime.now(dt.UTC))), settings)
    scheme = said.partition("://")[0].partition("+")[0] if "://" in said else ""
    if scheme and scheme not in (*SCHEMES, "postgresql", "postgres", "sqlite", "file"):
        raise project.file.error(
            "data",
            "source",
            f"starts with '{scheme}://', which isn't read.",
            "Give a path, or an address that starts with s3://, gs://, az://, postgresql:// or sqlite:///.",
        )
    if scheme in ("sqlite", "file", ""):
        local = Path(said.removeprefix(SQLITE_SCHEME).removeprefix("file://")).expanduser()
        place = project.root / local  # its folder is resolved, not itself: dvc may have put a link into its cache there
        place = place.parent.resolve() / place.name if place.name not in {"", ".."} else place.resolve()
        said = (SQLITE_SCHEME if scheme == "sqlite" else "") + str(place)
    return replace(as_written(Source(said), settings), query=settings.query, as_of=settings.as_of)


def as_written(source: Source, settings: DataSettings) -> Source:
    """Give a source that is read as ``[data]`` says its own is written: dialect, and what stands for missing."""
    return replace(
        source,
        missing=settings.missing,
        header=settings.header,
        names=settings.names,
        decimal=settings.decimal,
        separator=settings.separator,
        encoding=settings.encoding,
    )


def _stream(source: Source) -> Stream:
    if source.span is not None:
        return open_events(source)
    if source.table is not None:
        return lazy_stream(source.table.lazy(), source, "in memory")
    if source.is_url:
        return _open_url(source)
    path = Path(source.address)
    if not path.is_dir():
        return _open_file(source, path)
    if (path / "_delta_log").is_dir():
        return open_delta(source)
    return open_folder(source, path, lambda part: _open_file(replace(source, address=str(part)), part))


def _open_url(source: Source) -> Stream:
    scheme = source.address.partition("://")[0].partition("+")[0]
    if scheme in ("postgresql", "postgres"):
        return open_postgres(source)
    if scheme == "sqlite":
        return open_sqlite(source)
    if scheme not in SCHEMES:
        raise DataError(f"Nothing reads {source.shown}.", "Give a path, or an s3://, gs:// or az:// address.")
    return open_object(source)


def _open_file(source: Source, path: Path) -> Stream:
    start = first_bytes(path)
    check = Stamp.of(path, name=path.name).check
    if source.query and not start.startswith(SQLITE):
        raise DataError(f"{path.name} is no database, so it can't be asked a query.", "Remove query from [data].")
    if source.as_of != "":
        raise DataError(f"{path.name} is no Delta table, so it has no versions.", "Remove as_of from [data].")
    if start.startswith(SQLITE) and source.query:
        return open_sqlite(source)
    if start.startswith(PARQUET):
        frame = told(lambda: pl.scan_parquet(path, glob=False, hive_partitioning=False), source)
        return lazy_stream(frame, source, "parquet", unchanged=check)
    if start.startswith(ARROW):
        return lazy_stream(told(lambda: pl.scan_ipc(path, glob=False), source), source, "Arrow", unchanged=check)
    raw, packed = file_bytes(path, start)
    encoding = "utf-8" if packed == "zstd" else ""
    return open_text(source, path.name, raw, packed=packed, encoding=encoding, unchanged=check)


def _without(batch: pl.DataFrame, missing: Sequence[str]) -> pl.DataFrame:
    """Take texts that stand for a missing value for what they mean."""
    if not missing:
        return batch
    spoken = pl.selectors.string()
    return batch.with_columns(pl.when(spoken.is_in(list(missing))).then(None).otherwise(spoken).name.keep())
