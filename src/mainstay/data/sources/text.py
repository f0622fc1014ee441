"""Tables in text: unpacked, turned into UTF-8, cut between rows and read, a piece at a time.

Every cell stays text: outer blanks are stripped and a cell with nothing in it is null. What a text means is the
contract's business alone.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from mainstay.contract.columns.base import BLANKS
from mainstay.data.dialect import (
    Dialect,
    find_encoding,
    name_columns,
    ragged_line,
    refuse_other_files,
    short_lines,
    sniff_dialect,
    to_utf8,
)
from mainstay.data.sources.base import BATCH_BYTES, WHOLE_BYTES, Stream, held, pick, tell_each
from mainstay.data.sources.pieces import Piece, cut_pieces, first_record
from mainstay.data.words import count, listing
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mainstay.data.sources.base import Source

_COMMA = r"^-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]+$"
_GROUPED = r"^-?[0-9]{1,3}(?:\.[0-9]{3})+$"
_BLOCK = 4 << 20
_SAMPLE = 1 << 20
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_OPENERS: dict[str, Callable[..., gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
    "xz": lzma.open,
}
ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class _Text:
    """A text table whose dialect is known: how it is read from its start."""

    name: str
    pieces: Callable[[], Iterator[Piece]]
    dialect: Dialect
    decimal: str = ""

    def remarks(self) -> tuple[str, ...]:
        """Say what is odd about how it is written; short lines are counted in as much as is held in memory."""
        said = []
        if self.dialect.nameless:
            names = listing(self.dialect.nameless)
            said.append(f"the header has a place without a name, and the column there is called by it: {names}")
        short, first, size = 0, 0, 0
        for piece in self.pieces():
            numbers = short_lines(piece.content, self.dialect.separator, len(self.dialect.names))
            first = first or (piece.lines_before + numbers[0] if numbers else 0)
            short += len(numbers)
            size += len(piece.content)
            if size > WHOLE_BYTES:
                break
        if short:
            lines = "1 line has" if short == 1 else f"{count(short)} lines have"
            said.append(
                f"{lines} fewer cells than the table has columns, first line {first}: the others count as blank"
            )
        return tuple(said)

    def read(self, piece: Piece) -> pl.DataFrame:
        """Read the rows of a piece."""
        separator, width = self.dialect.separator, len(self.dialect.names)
        header = separator.join(str(place) for place in range(width)).encode() + b"\n"
        try:
            frame = pl.read_csv(header + piece.content, separator=separator, infer_schema=False)
        except pl.exceptions.PolarsError:
            raise self._malformed(piece, width) from None
        frame.columns = list(self.dialect.names)
        cells = pl.all().str.strip_chars(BLANKS)
        cells = _with_points(cells) if self.decimal == "," else cells
        return frame.lazy().with_columns(pl.when(cells != "").then(cells).name.keep()).collect()

    def _malformed(self, piece: Piece, width: int) -> DataError:
        line = ragged_line(piece.content.decode("utf-8", "replace"), self.dialect.separator, width)
        if line is None:
            return unclosed(self.name)
        said = "the header's" if self.dialect.header else "the first line's"
        return DataError(
            f"{self.name}, line {piece.lines_before + line} has more cells than {said} {width}.",
            "Mend or remove that line.",
        )


def _with_points(cells: pl.Expr) -> pl.Expr:
    """Write numbers such as ``1.234,50`` with a decimal point; other texts stay as they are."""
    grouped = cells.str.replace_all(".", "", literal=True)
    return (
        pl.when(cells.str.contains(_COMMA))
        .then(grouped.str.replace(",", ".", literal=True))
        .otherwise(pl.when(cells.str.contains(_GROUPED)).then(grouped).otherwise(cells))
    )


def _named(dialect: Dialect, names: tuple[str, ...], name: str) -> Dialect:
    """Call the columns of a text without a header line as somebody says."""
    if not names:
        return dialect
    if dialect.header:
        raise DataError(f"{name} has a header line, so names can't be given.", "Set header = false, or remove names.")
    if len(names) != len(dialect.names):
        raise DataError(
            f"{name} has {len(dialect.names)} columns, and {len(names)} names are given.",
            "Give a name for each column.",
        )
    return replace(dialect, names=name_columns(list(names), name))


def unclosed(name: str) -> DataError:
    """Say that quotes don't pair up."""
    return DataError(
        f"{name} isn't a well-formed csv: a quote is opened and never closed.", "Mend it or write it again."
    )


def file_bytes(path: Path, start: bytes) -> tuple[Callable[[], Iterator[bytes]], str]:
    """Give what reads a file's bytes, unpacked, and how it is packed in words."""
    kind = next((kind for mark, kind in _PACKED.items() if start.startswith(mark)), "")
    if kind:
        return lambda: _unpacked(path, kind), kind
    if start.startswith(ZSTD):
        return lambda: line_bytes(pl.scan_lines(path, glob=False)), "zstd"
    return lambda: _blocks(path), ""


def line_bytes(lines: pl.LazyFrame) -> Iterator[bytes]:
    """Give the bytes of a text that Polars reads by the line: packed with zstd, or in an object store."""
    for batch in lines.collect_batches(chunk_size=4096, maintain_order=True):
        yield ("\n".join(batch.to_series().to_list()) + "\n").encode()


def open_text(
    source: Source,
    name: str,
    raw: Callable[[], Iterator[bytes]],
    *,
    packed: str = "",
    encoding: str = "",
    unchanged: Callable[[], None] = lambda: None,
) -> Stream:
    """Open a table in text.

    Parameters
    ----------
    source : Source
        Says what isn't to be found out: header, separator, encoding.
    name : str
        What sentences call it.
    raw : callable
        Starts reading its bytes.
    packed : str
        How it was packed, in words.
    encoding : str
        Where it is known from how the bytes are read.
    unchanged : callable
        Raises where it isn't what it was.

    Raises
    ------
    DataError
        Where it is no table, empty, or its first piece isn't well-formed.

    """
    anew = raw
    raw, head = _remembered(raw)
    if not head.strip():
        raise DataError(
            f"{name} is empty.", "Give a csv or parquet file with a header and rows; to train, at least 50."
        )
    refuse_other_files(head, name)
    encoding = find_encoding(raw, head, name, encoding or source.encoding)

    def pieces(raw: Callable[[], Iterator[bytes]] = raw) -> Iterator[Piece]:
        return cut_pieces(to_utf8(raw(), encoding, name), name, BATCH_BYTES)

    first = next(pieces(), Piece(b"", 0))
    text = first.content[:_SAMPLE].decode("utf-8", "ignore")
    dialect = sniff_dialect(text, encoding, name, header=source.header, separator=source.separator)
    length = first_record(first.content) if source.header else 0

    def body(raw: Callable[[], Iterator[bytes]] = raw) -> Iterator[Piece]:
        for place, piece in enumerate(pieces(raw)):
            rest = piece.without(length) if place == 0 else piece
            if rest.content:
                yield rest

    def reread() -> Iterator[Piece]:
        return body(anew)  # so that nobody keeps the text itself for the sake of a remark

    table = _Text(name, body, _named(dialect, source.names, name), source.decimal)
    words = dialect.words + (f", {packed}" if packed else "")
    return replace(_stream(source, table, words, unchanged), remarks=replace(table, pieces=reread).remarks)


def _stream(source: Source, table: _Text, words: str, unchanged: Callable[[], None]) -> Stream:
    schema = pl.Schema({name: pl.String() for name in table.dialect.names})
    size, frames = 0, []
    for piece in table.pieces():
        size += len(piece.content)
        if size > WHOLE_BYTES:
            break
        frames.append(table.read(piece))
    else:
        whole = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
        return held(whole, words, unchanged=unchanged)

    def batches(columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        frames = (table.read(piece) for piece in table.pieces())
        return (pick(frame, columns) for frame in tell_each(frames, source) if frame.height)

    return Stream(words, schema, batches, unchanged=unchanged)


def _remembered(raw: Callable[[], Iterator[bytes]]) -> tuple[Callable[[], Iterator[bytes]], bytes]:
    """Give the text's start, and keep a text that fits, so that it is fetched and unpacked once."""
    blocks, size = [], 0
    for block in raw():
        blocks.append(block)
        size += len(block)
        if size > WHOLE_BYTES:
            return raw, b"".join(blocks)[:_SAMPLE]
    content = b"".join(blocks)
    return lambda: iter((content,)), content


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _unpacked(path: Path, kind: str) -> Iterator[bytes]:
    try:
        with _OPENERS[kind](path, "rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        raise DataError(
            f"{path.name} is packed with {kind} and can't be unpacked: it is damaged or cut off.", "Fetch it again."
        ) from None
