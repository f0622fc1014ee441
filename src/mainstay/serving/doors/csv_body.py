"""CSV (RFC 4180) as records: with a header, or in the contract's order without one."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import BodyError, Boolean, Integer, Number, Tensor
from mainstay.errors import Problem, RecordError
from mainstay.serving.doors.envelope import demand_most
from mainstay.serving.doors.records import names_of, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import AnyColumn, Contract, RequestDecoder
    from mainstay.serving.doors.envelope import Cell

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_GAPS = frozenset({"nan", "na", "null", "none"})
_SPARE = 1000
_encode = msgspec.json.Encoder().encode
_is_json = msgspec.json.Decoder(list[msgspec.Raw]).decode


def from_csv(body: bytes, decoder: RequestDecoder, *, header: bool | None = None) -> bytes:
    """Read a table; an empty cell is a gap, and so is ``NaN`` where numbers belong.

    Parameters
    ----------
    body : bytes
        CSV in UTF-8, separated by commas.
    decoder : RequestDecoder
        Says which columns there are, of which types, and how many records a request may hold.
    header : bool, optional
        Whether the first line names the columns. By default it does where at least half of its cells are columns of
        the contract.

    Raises
    ------
    BodyError
        Where it isn't CSV in UTF-8.
    RecordError
        Where a column is there twice, or a line is longer or shorter than the others.

    """
    lines = _lines(body, decoder)
    if not lines:
        return b"[]"
    contract = decoder.contract
    named = _names_columns(lines[0], contract) if header is None else header
    names = lines.pop(0) if named else names_of(len(lines[0]), contract)
    demand_most(len(lines), decoder)
    kept = [place for place, name in enumerate(names) if name]
    shown = [names[place] for place in kept]
    columns = {column.name: column for column in contract.columns}
    _demand_even(lines, len(names))
    return table(shown, [[_cell(line[at], columns.get(names[at])) for at in kept] for line in lines], decoder)


def _lines(body: bytes, decoder: RequestDecoder) -> list[list[str]]:
    """Read no more lines than could be records, and no more cells than they could use."""
    contract = decoder.contract
    most = _SPARE + 10 * decoder.max_records * len(contract.columns)
    if body.count(b",") > most * 2:
        message = f"the table holds more than {most} values; at most {most} are taken."
        raise RecordError([Problem(record=0, field="", found="", message=message)])
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        lines = [line for line in islice(reader, _SPARE + 2 * decoder.max_records) if line]  # blank lines are none
        rest = next(reader, None)
    except UnicodeDecodeError as error:
        raise BodyError(f"The body isn't UTF-8 text: byte {error.start} can't be read.") from None
    except csv.Error as error:
        raise BodyError(f"The body isn't CSV: {error}.", "Send lines of cells, separated by commas.") from None
    demand_most(len(lines) - 1 if rest is None else decoder.max_records + 1, decoder)
    return lines


def _names_columns(line: Sequence[str], contract: Contract) -> bool:
    known = set(contract.names) & set(line)
    return bool(known) and 2 * len(known) >= len([cell for cell in line if cell])


def _demand_even(lines: Sequence[Sequence[str]], wanted: int) -> None:
    problems = [
        Problem(record=place, field="", found=f"{len(line)} values", message=_uneven(place, len(line), wanted))
        for place, line in enumerate(lines)
        if len(line) != wanted
    ]
    if problems:
        raise RecordError(problems[:100], len(problems))


def _uneven(place: int, found: int, wanted: int) -> str:
    return f"record {place} has {found} values for {wanted} columns."


def _cell(text: str, column: AnyColumn | None) -> Cell:
    """Write a cell as JSON of its column's type; what doesn't fit stays a text, for the contract to judge."""
    bare = text.strip()
    if not bare:
        return b"null"
    if isinstance(column, Number | Integer):
        if _NUMBER.fullmatch(bare):
            return bare.encode()
        return b"null" if bare.lower() in _GAPS else _encode(text)
    if isinstance(column, Boolean) and bare not in column.spellings and bare.lower() in ("true", "false"):
        return bare.lower().encode()
    if isinstance(column, Tensor) and bare.startswith("["):
        return _listed(bare)
    return _encode(text)


def _listed(bare: str) -> bytes:
    try:
        _is_json(bare.encode())
    except (msgspec.DecodeError, RecursionError):
        return _encode(bare)
    return bare.encode()
