"""Reading a source: a csv with every cell as text, so that nothing is guessed twice, or a parquet file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from mainstay.data.dialect import decode_text, name_columns, ragged_line, sniff_dialect
from mainstay.data.words import listing
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data.settings import DataSettings
    from mainstay.project import Project

_BLANKS = " \t\r\n\f\v\u00a0\ufeff"
_PARQUET = b"PAR1"


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


def read_source(path: Path, *, missing: Sequence[str] = (), columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a csv or parquet file.

    A csv's cells stay text: outer blanks are stripped, a cell with nothing in it is null, and the contract alone
    decides what a text means. Comma, semicolon, tab and bar are told apart; byte order marks, UTF-16 and Western
    8-bit encodings are read.

    Parameters
    ----------
    path : Path
        The file.
    missing : sequence of str, optional
        Texts that stand for a missing value, such as ``"?"``.
    columns : sequence of str, optional
        Only these columns, in this order; all by default.

    Returns
    -------
    polars.DataFrame
        At least one row, in file order.

    Raises
    ------
    DataError
        Where the file is missing, empty, only a header, no table, or names a column twice.

    """
    frame = read_table(path, missing=missing).frame
    if columns is None:
        return frame
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise DataError(
            f"{path.name} has no column {', '.join(map(repr, absent[:5]))}.", f"It has: {listing(frame.columns)}."
        )
    return frame.select(columns)


def read_table(path: Path, *, missing: Sequence[str] = ()) -> Table:
    """Read a csv or parquet file, and say how it was written; see `read_source`."""
    raw = _read_bytes(path)
    table = _read_parquet(raw, path) if raw.startswith(_PARQUET) else _read_text(raw, path.name)
    if table.frame.height == 0:
        raise DataError(f"{path.name} has column names and not one row.", "Give a file with at least 50 rows.")
    if not missing:
        return table
    texts = [name for name, dtype in table.frame.schema.items() if dtype == pl.String]
    spoken = pl.col(texts)
    frame = table.frame.with_columns(pl.when(spoken.is_in(list(missing))).then(None).otherwise(spoken).name.keep())
    return Table(frame, table.words, table.skipped)


def resolve_source(project: Project, settings: DataSettings) -> Path:
    """Give the path of the project's source; a relative one starts at the project's folder.

    Raises
    ------
    MainstayError
        Where none is set, or it is no file's path.

    """
    if not settings.source:
        raise project.file.error("data", "source", "isn't set.", 'Say where the rows are: source = "data/rows.csv".')
    if "://" in settings.source:
        raise project.file.error(
            "data", "source", f"'{settings.source}' can't be read yet.", "Give the path of a csv or parquet file."
        )
    return (project.root / Path(settings.source).expanduser()).resolve()


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file.", "Name the csv or parquet file in it.")
    try:
        raw = path.expanduser().read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.", _suggest(path)) from None
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.", "Check the path and its permissions.") from None
    if not raw.strip():
        raise DataError(f"{path.name} is empty.", "Give a csv or parquet file with a header and at least 50 rows.")
    return raw


def _suggest(path: Path) -> str:
    beside = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"Did you mean {path.parent / near[0]}?" if near else "Check the path."


def _read_parquet(raw: bytes, path: Path) -> Table:
    try:
        frame = pl.read_parquet(raw)
    except (pl.exceptions.PolarsError, OSError):
        raise DataError(f"{path.name} starts like a parquet file and can't be read.", "Write it again.") from None
    name_columns(frame.columns, path.name)
    skipped = tuple(n for n, t in frame.schema.items() if t.is_nested() or t in {pl.Binary, pl.Object})
    frame = frame.drop(skipped)
    if frame.width < 2:
        raise DataError(f"{path.name} has fewer than two usable columns.", "Give a target and at least one feature.")
    return Table(frame.with_columns(_plain(n, t) for n, t in frame.schema.items()), "parquet", skipped)


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Time):
        return pl.col(name).cast(pl.String)
    if dtype.is_decimal():
        return pl.col(name).cast(pl.Float64)
    if isinstance(dtype, pl.Duration):
        return pl.col(name).dt.total_microseconds() / 1e6
    return pl.col(name)


def _read_text(raw: bytes, name: str) -> Table:
    text, encoding = decode_text(raw, name)
    text = text.rstrip("\r\n").lstrip("\r\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    dialect = sniff_dialect(text, encoding, name)
    if "\n" not in text:
        raise DataError(f"{name} has column names and not one row.", "Give a file with at least 50 rows.")
    try:
        frame = pl.read_csv(text.encode("utf-8"), separator=dialect.separator, infer_schema=False)
    except pl.exceptions.PolarsError:
        raise _unreadable(text, dialect.separator, len(dialect.names), name) from None
    if frame.width != len(dialect.names):
        raise _unreadable(text, dialect.separator, len(dialect.names), name)
    frame.columns = list(dialect.names)
    cells = pl.all().str.strip_chars(_BLANKS)
    return Table(frame.with_columns(pl.when(cells != "").then(cells).name.keep()), dialect.words)


def _unreadable(text: str, separator: str, width: int, name: str) -> DataError:
    line = ragged_line(text, separator, width)
    if line is not None:
        return DataError(f"{name}, line {line} has more cells than the header's {width}.", "Mend or remove that line.")
    return DataError(
        f"{name} isn't a well-formed csv: a quote is opened and never closed.", "Mend it or write it again."
    )
