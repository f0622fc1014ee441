"""How a text table is written: encoding, separator, column names; and what is no table at all."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_LINES = 60
_SAMPLE_BYTES = 1 << 20
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip file or an Excel workbook", "Save the sheet as csv, or unpack the file first."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as csv."),
    (b"\x1f\x8b", "packed twice", "Unpack it once: gunzip FILE."),
    (b"%PDF", "a PDF", "Export the table as csv."),
    (
        b"SQLite format 3",
        "a SQLite database",
        'Say which rows: query = "select …" in [data], or init --query "select …".',
    ),
)
_ASCII_BELOW = ("utf-8", "cp1252", "iso8859-1", "latin-1")
_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"  # in cp1252


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Parameters
    ----------
    encoding : str
        As Python names it.
    separator : str
        One character.
    names : tuple of str
        Column names; a nameless column is called after its position (``column_1``).
    header : bool
        Whether the first line named them.
    nameless : tuple of str
        Those that it left without a name.

    """

    encoding: str
    separator: str
    names: tuple[str, ...]
    header: bool = True
    nameless: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The dialect in words, for the draft's first comment."""
        separator = SEPARATORS.get(self.separator, repr(self.separator))
        return f"{separator}-separated, {self.encoding.upper()}" + ("" if self.header else ", no header line")


def refuse_other_files(head: bytes, name: str) -> None:
    """Refuse what is no text, by how it starts.

    Raises
    ------
    DataError
        Saying what it is instead.

    """
    for start, what, cure in _OTHER_FILES:
        if head.startswith(start):
            raise DataError(f"{name} isn't a table in text: it is {what}.", cure)
    if b"\x00" in head[:_SAMPLE_BYTES] and not any(head.startswith(mark) for mark, _ in _MARKS):
        raise DataError(f"{name} isn't a table: it holds binary data.", "Give a csv or parquet file.")


def find_encoding(blocks: Callable[[], Iterator[bytes]], head: bytes, name: str, said: str = "") -> str:
    """Find the encoding of a text.

    A byte order mark decides; else UTF-8, and where that fails the Western encoding that spreadsheets write
    (``cp1252``, or ``latin-1`` where even that fails, which never does).

    Parameters
    ----------
    blocks : callable
        Starts reading the bytes.
    head : bytes
        The first of them.
    name : str
        What sentences call the text.
    said : str
        The encoding, where somebody says it.

    Raises
    ------
    DataError
        Where nobody knows an encoding called so.

    """
    if said:
        try:
            return codecs.lookup(said).name
        except LookupError:
            raise DataError(f"{name}: no encoding is called '{said}'.", "Say utf-8, cp1252, utf-16, …") from None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return _unmarked(blocks())


def _unmarked(blocks: Iterator[bytes]) -> str:
    decoder, is_utf8, is_western = codecs.getincrementaldecoder("utf-8")(), True, True
    for block in blocks:
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
        is_western = is_western and (block.isascii() or block.translate(None, _UNDEFINED) == block)
        if not (is_utf8 or is_western):
            return "latin-1"
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return "utf-8" if is_utf8 else "cp1252" if is_western else "latin-1"


def to_utf8(blocks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Turn the bytes of a text into UTF-8 without its byte order mark, block by block.

    Raises
    ------
    DataError
        Where the bytes aren't text of that encoding.

    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for place, block in enumerate(blocks):
            if encoding in _ASCII_BELOW and block.isascii() and not decoder.getstate()[0]:
                yield block  # the same bytes: most of most files
                continue
            text = decoder.decode(block)
            yield (text.removeprefix("\ufeff") if place == 0 else text).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        raise DataError(f"{name} says it is {encoding} text and isn't.", "Save it as UTF-8.") from None


def sniff_dialect(text: str, encoding: str, name: str, *, header: bool = True, separator: str = "") -> Dialect:
    """Find separator and column names from the first lines.

    The separator is the one by which most lines have as many cells as the header, and then the one that gives
    most cells.

    Parameters
    ----------
    text : str
        The start of the table.
    encoding, name : str
        What it was decoded with; what sentences call it.
    header : bool
        Whether the first line names the columns.
    separator : str
        Where somebody says it.

    Raises
    ------
    DataError
        Where the text is another format, has one column only, or names a column twice.

    """
    _refuse_markup(text, name)
    sample = "\n".join(text[:_SAMPLE_BYTES].splitlines()[:SAMPLE_LINES])
    best: tuple[float, int] = (0.0, 0)
    found, first = "", [""]
    for candidate in (separator,) if separator else SEPARATORS:
        rows = _split(sample, candidate)
        if len(rows[0]) < 2:
            continue
        agree = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if (agree, len(rows[0])) > best:
            best, found, first = (agree, len(rows[0])), candidate, rows[0]
    if not found:
        wanted = repr(separator) if separator else "comma, semicolon, tab or bar"
        raise DataError(
            f"{name} isn't a table: no {wanted} separates its first line into columns.",
            "Give a csv or parquet file with a header line, a target and at least one other column.",
        )
    named = first if header else [""] * len(first)
    names = name_columns(named, name)
    nameless = tuple(called for called, cell in zip(names, named, strict=True) if header and not cell.strip())
    return Dialect(encoding, found, names, header, nameless)


def name_columns(header: list[str], name: str) -> tuple[str, ...]:
    """Strip the names, call nameless columns after their position, and refuse a name that comes twice."""
    names = tuple(cell.strip() or f"column_{position}" for position, cell in enumerate(header, start=1))
    twice = [label for label, count in Counter(names).items() if count > 1]
    if twice:
        bare = has_no_header(names)
        raise DataError(
            f"{name} has more than one column called {', '.join(map(repr, twice[:5]))}.",
            "Its first line looks like data: say --no-header (header = false in [data]), or add a header line."
            if bare
            else "Rename or remove the others.",
        )
    return names


def has_no_header(names: tuple[str, ...]) -> bool:
    """Say whether the column names look like a row of data: at least one of them is a number.

    Examples
    --------
    >>> has_no_header(("A11", "6", "A34")), has_no_header(("age", "class"))
    (True, False)

    """
    return any(label.replace(".", "", 1).lstrip("+-").isdecimal() for label in names)


def ragged_line(text: str, separator: str, width: int) -> int | None:
    """Find the number of the first line that has more cells than the header; None where none has."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            if len(row) > width:
                return reader.line_num
    except csv.Error:
        return reader.line_num
    return None


def short_lines(content: bytes, separator: str, width: int) -> list[int]:
    r"""Find the lines that end a row of fewer cells than the header, by number from 1; blank ones don't count.

    Examples
    --------
    >>> short_lines(b"1,2\n3\n", ",", 2)
    [2]

    """
    if b'"' not in content:
        mark = separator.encode()
        lines = content.split(b"\n")
        return [n for n, line in enumerate(lines, 1) if line.strip() and line.count(mark) < width - 1]
    reader = csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""), delimiter=separator)
    try:
        return [reader.line_num for row in reader if row and len(row) < width]
    except csv.Error:  # refused where its cells are read
        return []


def _split(sample: str, separator: str) -> list[list[str]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(sample), delimiter=separator) if row]
    except csv.Error:
        rows = []
    return rows or [[""]]


def _refuse_markup(text: str, name: str) -> None:
    start = text[:200].lstrip().lower()
    if start.startswith(("{", "[")):
        raise DataError(f"{name} looks like JSON, not like a table.", "Write it as csv or parquet.")
    if start.startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise DataError(
            f"{name} is a web page or XML, not a table.", "Download the file itself, or save the table as csv."
        )
    if start.startswith("version https://git-lfs"):
        raise DataError(f"{name} is a Git LFS pointer, not the data.", "Fetch the data: git lfs pull.")
