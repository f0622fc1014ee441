"""Rows and columns of any protocol, as records in JSON: each cell stays the bytes it came as.

Whatever a row, a list or a column can be wrong in by its shape is refused here, by record and column; what is wrong
with a value is for the contract to say.
"""

from __future__ import annotations

import base64
import binascii
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import Tensor
from mainstay.errors import Problem, RecordError
from mainstay.serving.doors.envelope import demand_few, demand_most, fields, first_kind, in_words, items, kind
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Contract, RequestDecoder
    from mainstay.serving.doors.envelope import Cell

LARGEST = 64 * 1024 * 1024
"""Bytes a table may take as records: names are repeated there, so that a small table can make a large body."""
_MOST_PROBLEMS = 100
_encode = msgspec.json.Encoder().encode
_packed = msgspec.json.Decoder(dict[str, str]).decode


def from_instances(raw: Cell, decoder: RequestDecoder, called: str = "instances", *, batched: bool = False) -> bytes:
    """Read a list of records: objects by field, lists of values in the contract's order, or bare values of one field.

    Parameters
    ----------
    raw : JSON
        The list.
    decoder : RequestDecoder
        Says which columns there are, and how many records a request may hold.
    called : str
        What the protocol calls the list.
    batched : bool
        Whether a value may come as a list of one: a tensor of the shape (n, 1), as Keras' inputs are.

    Raises
    ------
    Refused, RecordError
        Where it is no list, or a list in it doesn't fit the contract.

    """
    if kind(raw) != b"[":
        raise Refused(400, "shape", f"'{called}' isn't a list.", "Send one item for each record.")
    first = first_kind(raw)
    if first == b"]":
        return bytes(raw)
    if first == b"{":
        return _objects(raw, decoder, batched=batched)
    demand_few(raw, decoder)
    given = items(raw)
    demand_most(len(given), decoder)
    alone = _only_feature(decoder.contract)
    if alone and not (kind(given[0]) == b"[" and decoder.contract.features[0].width == 1):
        return table([alone], [[cell] for cell in given], decoder)
    return from_rows(given, decoder)


def from_rows(given: Sequence[Cell], decoder: RequestDecoder, names: Sequence[str] | None = None) -> bytes:
    """Read lists of values: of these names, or in the contract's order.

    Raises
    ------
    RecordError
        Where one is no list, or there is no telling which values are which columns.

    """
    rows = [_row(place, each) for place, each in enumerate(given)]
    return table(names_of(len(rows[0]), decoder.contract) if names is None else names, rows, decoder)


def from_columns(raw: Cell, decoder: RequestDecoder, called: str = "inputs", *, batched: bool = False) -> bytes:
    """Read columns: an object that holds a list for each field, or rows, or one record of single values.

    Takes the parameters of `from_instances`.

    Raises
    ------
    Refused, RecordError
        Where the lists differ in length.

    """
    if kind(raw) == b"[":
        return from_instances(raw, decoder, called, batched=batched)
    if kind(raw) != b"{":
        raise Refused(400, "shape", f"'{called}' is neither an object nor a list.", "Send a list for each field.")
    demand_few(raw, decoder)
    given = fields(raw)
    if not any(kind(cell) == b"[" for cell in given.values()):
        return b"[%s]" % bytes(raw)
    columns = [_column(name, cell) for name, cell in given.items()]
    names = list(given)
    problems = [
        Problem(record=0, field=name, found=f"{len(cells)} values", message=_uneven(len(cells), names[0], columns[0]))
        for name, cells in zip(names, columns, strict=True)
        if len(cells) != len(columns[0])
    ]
    if problems:
        raise RecordError(problems[:_MOST_PROBLEMS], len(problems))
    demand_most(len(columns[0]), decoder)
    rows = zip(*columns, strict=True)
    if batched and _is_flat(decoder.contract):
        return table(names, [[_alone(cell) for cell in row] for row in rows], decoder)
    return table(names, list(rows), decoder)


def names_of(width: int, contract: Contract, record: int = 0) -> list[str]:
    """Name the values of a row that names none: the features in the contract's order, or ids and features.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer, Text
    >>> names_of(1, Contract((Text(name="customer", role="id"), Integer(name="age"))))
    ['age']

    Raises
    ------
    RecordError
        Where there are as many of neither.

    """
    features = list(contract.feature_names)
    asked = [column.name for column in contract.columns if column.role in ("feature", "id")]
    for names in (features, asked):
        if len(names) == width:
            return names
    more = "" if len(asked) == len(features) else f", or {len(asked)} with ids: {in_words(asked)}"
    message = f"has {width} values; in the contract's order there are {len(features)}: {in_words(features)}{more}."
    raise RecordError([Problem(record=record, field="", found=f"{width} values", message=f"record {record} {message}")])


def table(names: Sequence[str], rows: Sequence[Sequence[Cell]], decoder: RequestDecoder, first: int = 0) -> bytes:
    """Write rows as an array of records.

    Parameters
    ----------
    names : sequence of str
        One for each cell of a row.
    rows : sequence of sequences
        Cells, each as JSON.
    decoder : RequestDecoder
        Says how many records a request may hold.
    first : int
        Number of the first row, for a table that comes in parts.

    Raises
    ------
    RecordError
        Where a name is there twice, a row is longer or shorter than the names, or there are too many rows.
    Refused
        413, where it would be far larger as records.

    """
    demand_most(len(rows), decoder)
    _demand_distinct(names)
    problems = [
        _ragged(place + first, len(row), len(names)) for place, row in enumerate(rows) if len(row) != len(names)
    ]
    if problems:
        raise RecordError(problems[:_MOST_PROBLEMS], len(problems))
    keys = [_encode(name) + b":" for name in names]
    if len(rows) * sum(map(len, keys)) > LARGEST:
        raise Refused(413, "size", f"As records this table is larger than {LARGEST} bytes.", "Send fewer at once.")
    heads = [(b"," if place else b"{") + key for place, key in enumerate(keys)]
    if not heads:
        return array(b"{}" for _ in rows)
    return array(
        b"".join((*chain.from_iterable(zip(heads, _cells(row, names, place), strict=True)), b"}"))
        for place, row in enumerate(rows, first)
    )


def array(records: Iterable[bytes]) -> bytes:
    """Write records, each as JSON, as an array."""
    return b"[%s]" % b",".join(records)


def _cells(row: Sequence[Cell], names: Sequence[str], place: int) -> Iterable[Cell]:
    return (unpacked(cell, name, place) if kind(cell) == b"{" else cell for cell, name in zip(row, names, strict=True))


def unpacked(cell: Cell, name: str, record: int = 0) -> Cell:
    """Give the text that ``{"b64": "…"}`` stands for; any other object as it is.

    Examples
    --------
    >>> unpacked(b'{"b64": "YmFzaWM="}', "plan")
    b'"basic"'

    Raises
    ------
    RecordError
        Where it isn't base64, or no text in UTF-8.

    """
    try:
        packed = _packed(cell)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return cell
    if set(packed) != {"b64"}:
        return cell
    try:
        return _encode(base64.b64decode(packed["b64"], validate=True).decode())
    except (binascii.Error, ValueError):
        message = "its 'b64' isn't base64 of a text in UTF-8, and no column here takes other bytes."
        raise RecordError([Problem(record=record, field=name, found=packed["b64"][:80], message=message)]) from None


def _objects(raw: Cell, decoder: RequestDecoder, *, batched: bool) -> bytes:
    """Read records by field; those that are plain already, as nearly all are, pass as they came."""
    body, contract = bytes(raw), decoder.contract
    flat = batched and _is_flat(contract)
    if b'"b64"' not in body and b'"features"' not in body and not (flat and body.count(b"[") > 1):
        return body
    demand_few(raw, decoder)
    given = items(raw)
    demand_most(len(given), decoder)
    return array(_object(each, place, contract, flat=flat) for place, each in enumerate(given))


def _object(raw: msgspec.Raw, place: int, contract: Contract, *, flat: bool) -> bytes:
    """Read one record: base64, values in lists of one (a batch of shape (n, 1)), and the list ``features``."""
    if kind(raw) != b"{":
        return bytes(raw)
    given = fields(raw)
    if set(given) == {"features"} and "features" not in contract.names and kind(given["features"]) == b"[":
        values = items(given["features"])
        given = dict(zip(names_of(len(values), contract, place), values, strict=True))
    cells = (b"%s:%s" % (_encode(name), bytes(_plain(cell, name, place, flat=flat))) for name, cell in given.items())
    return b"{%s}" % b",".join(cells)


def _plain(cell: Cell, name: str, place: int, *, flat: bool) -> Cell:
    if kind(cell) == b"{":
        return unpacked(cell, name, place)
    return _alone(cell) if flat else cell


def _alone(cell: Cell) -> Cell:
    """Give what a list of one holds; anything else as it is."""
    held = items(cell) if kind(cell) == b"[" else ()
    return held[0] if len(held) == 1 else cell


def _is_flat(contract: Contract) -> bool:
    return not any(isinstance(column, Tensor) for column in contract.columns)


def _row(place: int, raw: Cell) -> list[msgspec.Raw]:
    if kind(raw) != b"[":
        message = f"record {place} is no list of values, as the first one is."
        raise RecordError(
            [Problem(record=place, field="", found=bytes(raw)[:80].decode("utf-8", "replace"), message=message)]
        )
    return items(raw)


def _column(name: str, raw: Cell) -> list[msgspec.Raw]:
    if kind(raw) != b"[":
        message = "is one value, while other fields are lists; send one value for each record."
        found = bytes(raw)[:80].decode("utf-8", "replace")
        raise RecordError([Problem(record=0, field=name, found=found, message=message)])
    return items(raw)


def _only_feature(contract: Contract) -> str:
    """Name the one field there is, where there is but one."""
    return contract.feature_names[0] if len(contract.features) == 1 else ""


def _uneven(count: int, name: str, column: Sequence[Cell]) -> str:
    return f"has {count} values, and '{name}' has {len(column)}; send one for each record."


def _ragged(place: int, found: int, wanted: int) -> Problem:
    message = f"record {place} has {found} values for {wanted} columns."
    return Problem(record=place, field="", found=f"{found} values", message=message)


def _demand_distinct(names: Sequence[str]) -> None:
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        problems = [Problem(record=0, field=name, found="", message="is there twice as a column.") for name in twice]
        raise RecordError(problems[:_MOST_PROBLEMS], len(problems))
