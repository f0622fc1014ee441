"""`Source`, where rows come from, and `Stream`, what each kind of source turns it into."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import polars as pl

from mainstay.data.dialect import name_columns
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mainstay.data.logged.span import Span
    from mainstay.data.sieve import LedgerLine

T = TypeVar("T")
WHOLE_BYTES = 64 << 20
WHOLE_CELLS = 20_000_000
"""A source of at most so much text, or so many cells, is held in memory as one batch."""
BATCH_BYTES = 16 << 20
BATCH_CELLS = 2_000_000
_SECRETS = re.compile(r"(?i)\b(password|sslpassword|passfile|sig|token|secret)=[^&\s]*")
_KINDS = {"postgresql": "PostgreSQL", "postgres": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Source:
    """Where rows come from. Making one reads nothing.

    Parameters
    ----------
    address : str
        Absolute path of a file or folder, or a URL (``s3://``, ``gs://``, ``az://``, ``postgresql://``,
        ``sqlite:///``); empty for a table in memory. It may hold a password: show `shown`.
    query : str
        What a database is asked.
    as_of : int or str
        Version or moment (ISO 8601) of a Delta table; the latest by default.
    missing : tuple of str
        Texts that stand for a missing value, such as ``"?"``.
    header : bool
        Whether the first line of a text names the columns; else they are ``column_1``, ``column_2``, …
    names : tuple of str
        Names of the columns of a text without a header line, instead of ``column_1``, ``column_2``, …
    separator, encoding : str
        Of a text; found out where empty.
    decimal : str
        ``","`` where a text writes numbers as ``1.234,50``: they are read as ``1234.50``.
    tensors : tuple of str
        Columns of lists that are wanted; other lists can't be a field of a record and are left out.
    table : polars.DataFrame, optional
        The rows themselves, where they are in memory.
    span : Span, optional
        The part of an event log, where they come from one.

    """

    address: str = field(repr=False)
    query: str = ""
    as_of: int | str = ""
    missing: tuple[str, ...] = ()
    header: bool = True
    names: tuple[str, ...] = ()
    separator: str = ""
    encoding: str = ""
    decimal: str = ""
    tensors: tuple[str, ...] = ()
    table: pl.DataFrame | None = field(default=None, repr=False)
    span: Span | None = None

    @property
    def is_url(self) -> bool:
        """Whether the address is a URL rather than a path."""
        return "://" in self.address

    @property
    def path(self) -> Path | None:
        """The local file or folder; None for a URL, a database and a table in memory."""
        return None if self.is_url or not self.address else Path(self.address)

    @property
    def name(self) -> str:
        """A short name for sentences: ``rows.csv``, ``shop (PostgreSQL)``."""
        if self.span is not None:
            return "the event log"
        if not self.is_url:
            return Path(self.address).name if self.address else "the table"
        parts = urlsplit(self.address)
        last = unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc.rpartition("@")[2]
        kind = _KINDS.get(parts.scheme.partition("+")[0])
        return f"{last or parts.scheme} ({kind})" if kind else last

    @property
    def shown(self) -> str:
        """The whole address without a password, for lineage and cards.

        Examples
        --------
        >>> Source("postgresql://me:secret@db/shop", query="select 1").shown
        'postgresql://me:***@db/shop (select 1)'

        """
        if self.span is not None:
            return f"event log of {self.span.project.name} {self.span.words}"
        if not self.address:
            return "a table in memory"
        text = self.address
        if self.is_url:
            parts = urlsplit(text)
            user, at, host = parts.netloc.rpartition("@")
            hidden = re.sub(r":.*", ":***", user) + at + host
            text = _SECRETS.sub(r"\1=***", urlunsplit(parts._replace(netloc=hidden)))
            if parts.scheme == "sqlite":
                text = self.address
        said = " ".join(self.query.split())
        return text + (f" ({said})" if said else "") + (f" as of {self.as_of}" if self.as_of != "" else "")

    def __str__(self) -> str:
        return self.shown

    def hide(self, text: str) -> str:
        """Take this source's password out of a text that somebody else wrote."""
        if not self.is_url:
            return text
        secret = urlsplit(self.address).netloc.rpartition("@")[0].partition(":")[2]
        for each in {secret, unquote(secret)} - {""}:
            text = text.replace(each, "***")
        return _SECRETS.sub(r"\1=***", text)


@dataclass(frozen=True)
class Stream:
    """What a kind of source gives: rows in batches, from the start each time they are asked for.

    Parameters
    ----------
    words : str
        How the source is written.
    schema : polars.Schema
        Of every batch.
    batches : callable
        Starts reading; the argument names the columns wanted, None for all. None of the batches is empty.
    whole : polars.DataFrame, optional
        All rows, where they fit in memory.
    skipped : tuple of str
        Columns that can't be a field of a record, left out.
    unchanged : callable
        Raises a DataError where the source isn't what it was when it was opened.
    remarks : callable
        Gives what is odd about how it is written, as sentences; it may read all of it.
    before : tuple of LedgerLine
        What became of other rows before these were those of a table: steps of an event log.
    stands : str
        What the rows stand for beside themselves, for a reader; empty where each is one record.

    """

    words: str
    schema: pl.Schema
    batches: Callable[[Sequence[str] | None], Iterator[pl.DataFrame]]
    whole: pl.DataFrame | None = None
    skipped: tuple[str, ...] = ()
    unchanged: Callable[[], None] = lambda: None
    remarks: Callable[[], tuple[str, ...]] = lambda: ()
    before: tuple[LedgerLine, ...] = ()
    stands: str = ""


def held(frame: pl.DataFrame, words: str, skipped: tuple[str, ...] = (), *, unchanged: Callable[[], None]) -> Stream:
    """Make the stream of rows that are in memory."""

    def batches(columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        if frame.height:
            yield pick(frame, columns)

    return Stream(words, frame.schema, batches, frame, skipped, unchanged)


def pick(frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    """Give some columns of a frame, by their very names: Polars reads ``*`` and ``^a.*$`` as patterns."""
    return frame if columns is None else pl.DataFrame([frame.get_column(name) for name in columns])


def lazy_stream(
    frame: pl.LazyFrame, source: Source, words: str, *, unchanged: Callable[[], None] = lambda: None
) -> Stream:
    """Make the stream of what Polars reads by itself: typed columns, lists and bytes left out."""
    found = told(frame.collect_schema, source)
    name_columns(found.names(), source.name)
    kept = {name: place for place, (name, dtype) in enumerate(found.items()) if usable(name, dtype, source)}
    skipped = tuple(name for name in found.names() if name not in kept)
    if len(kept) < 2:
        raise DataError(f"{source.name} has fewer than two usable columns.", "Give a target and at least one feature.")

    def narrowed(columns: Sequence[str] | None) -> pl.LazyFrame:
        wanted = kept if columns is None else {name: kept[name] for name in columns}
        return frame.select(plain(pl.nth(place), found[name]) for name, place in wanted.items())

    schema = narrowed(None).collect_schema()
    size = max(1000, BATCH_CELLS // len(kept))

    def batches(columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        parts = told(lambda: narrowed(columns).collect_batches(chunk_size=size, maintain_order=True), source)
        return (part for part in tell_each(parts, source) if part.height)

    height = int(told(lambda: frame.select(pl.len()).collect(), source).item())
    if height * len(kept) > WHOLE_CELLS:
        return Stream(words, schema, batches, None, skipped, unchanged)
    whole = told(lambda: narrowed(None).collect(), source)
    return held(whole, words, skipped, unchanged=unchanged)


def usable(name: str, dtype: pl.DataType, source: Source) -> bool:
    """Say whether a column can be a field of a record."""
    if isinstance(dtype, pl.List | pl.Array):
        return name in source.tensors
    return not (dtype.is_nested() or dtype in {pl.Binary, pl.Object})


def plain(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Turn the types that no contract knows into those it does."""
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Time) or dtype == pl.Null:
        return cell.cast(pl.String)
    if dtype.is_decimal():
        return cell.cast(pl.Float64)
    if isinstance(dtype, pl.Duration):
        return cell.dt.total_microseconds() / 1e6
    return cell


def told(read: Callable[[], T], source: Source) -> T:
    """Run `read`; what Polars or the system says against it becomes a sentence."""
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise unreadable(error, source) from None


def tell_each(parts: Iterable[pl.DataFrame], source: Source) -> Iterator[pl.DataFrame]:
    """Give the parts; what goes wrong between them becomes a sentence."""
    try:
        yield from parts
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(error, source) from None


def unreadable(error: Exception, source: Source) -> DataError:
    """Say that a source can't be read, in its reader's words, without its password."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return DataError(f"{source.name} can't be read: {source.hide(said)[:300]}.", "Check it, or write it again.")
