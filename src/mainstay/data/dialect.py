"""How a text table is written: encoding, separator, column names; and what is no table at all."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from mainstay.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_LINES = 60
_SAMPLE_BYTES = 1 << 20
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip file or an Excel workbook", "Save the sheet as csv, or unpack the file first."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as csv."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first: gunzip FILE."),
    (b"BZh", "compressed with bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it first: unxz FILE."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first: unzstd FILE."),
    (b"%PDF", "a PDF", "Export the table as csv."),
    (b"SQLite format 3", "a SQLite database", "Export the table as csv or parquet."),
    (b"ARROW1", "an Arrow file", "Write it as parquet."),
)


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

    """

    encoding: str
    separator: str
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """The dialect in words, for the draft's first comment."""
        return f"{SEPARATORS[self.separator]}-separated, {self.encoding.upper()}"


def decode_text(raw: bytes, name: str) -> tuple[str, str]:
    """Turn the bytes of a text table into text; returns it with the encoding used.

    A byte order mark decides; else UTF-8, and where that fails the Western encoding that spreadsheets write
    (``cp1252``, or ``latin-1`` where even that fails, which never does).

    Raises
    ------
    DataError
        Where the bytes are another kind of file.

    """
    for start, what, cure in _OTHER_FILES:
        if raw.startswith(start):
            raise DataError(f"{name} isn't a table in text: it is {what}.", cure)
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError:
                raise DataError(f"{name} says it is {encoding} text and isn't.", "Save it as UTF-8.") from None
    if b"\x00" in raw[:_SAMPLE_BYTES]:
        raise DataError(f"{name} isn't a table: it holds binary data.", "Give a csv or parquet file.")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def sniff_dialect(text: str, encoding: str, name: str) -> Dialect:
    """Find separator and column names from the first lines.

    The separator is the one by which most lines have as many cells as the header, and then the one that gives
    most cells.

    Raises
    ------
    DataError
        Where the text is another format, has one column only, or names a column twice.

    """
    _refuse_markup(text, name)
    sample = "\n".join(text[:_SAMPLE_BYTES].splitlines()[:SAMPLE_LINES])
    best: tuple[float, int] = (0.0, 0)
    separator, header = "", [""]
    for candidate in SEPARATORS:
        rows = _split(sample, candidate)
        if len(rows[0]) < 2:
            continue
        agree = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        if (agree, len(rows[0])) > best:
            best, separator, header = (agree, len(rows[0])), candidate, rows[0]
    if not separator:
        raise DataError(
            f"{name} isn't a table: no comma, semicolon, tab or bar separates its first line into columns.",
            "Give a csv or parquet file with a header line, a target and at least one other column.",
        )
    return Dialect(encoding, separator, name_columns(header, name))


def name_columns(header: list[str], name: str) -> tuple[str, ...]:
    """Strip the names, call nameless columns after their position, and refuse a name that comes twice."""
    names = tuple(cell.strip() or f"column_{position}" for position, cell in enumerate(header, start=1))
    twice = [label for label, count in Counter(names).items() if count > 1]
    if twice:
        bare = has_no_header(names)
        raise DataError(
            f"{name} has more than one column called {', '.join(map(repr, twice[:5]))}.",
            "Its first line looks like data: add a header line." if bare else "Rename or remove the others.",
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
