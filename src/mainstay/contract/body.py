"""A request's body as plain records, read with caps so that no body can exhaust the server."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import NoReturn

from mainstay.contract.reading import Odd
from mainstay.contract.texts import count_outside
from mainstay.errors import InputError, Problem, RecordError

_SPACE = re.compile(r"[ \t\n\r]*")
_DIGITS = 400
"""A whole number of more digits is beyond every float."""
_SPARE_BRACKETS = 10_000
_SPARE_FIELDS = 1000
_MARK = b"\xef\xbb\xbf"
"""What some editors and tools put before UTF-8; RFC 8259 lets a reader ignore it."""
_LEAST_FIELD = 5
"""Bytes a field takes at least: ``"":1,``."""


class BodyError(InputError):
    """The body of a request isn't JSON; there is no record to speak of."""


class Body:
    """The records of one request.

    Parameters
    ----------
    records : list
        What the body holds, one by one; only dicts are records.
    was_array : bool
        Whether it was an array of them.
    oddities : list of str
        Tokens that are no JSON (``NaN``), which a field may have named already.
    repeated : dict of int to list of str
        By the place of a record, the fields it has more than once; the last one counts.

    """

    def __init__(
        self, records: list[object], oddities: list[str], repeated: dict[int, list[str]], *, was_array: bool
    ) -> None:
        self.records = records
        self.oddities = oddities
        self.repeated = repeated
        self.was_array = was_array

    def raise_oddities(self) -> None:
        """Refuse a body whose oddities no field has refused: they stand in fields that are ignored."""
        if self.oddities:
            raise BodyError(f"The body isn't JSON: it holds {self.oddities[0]}.", "Send null for a missing value.")


def parse_body(body: bytes, max_records: int, columns: int | None = None, nested: int = 0) -> Body:
    """Read a body: one JSON object, or an array of at most `max_records`.

    Parameters
    ----------
    body : bytes
        As it came.
    max_records : int
        How many records it may hold.
    columns : int, optional
        How many columns a record has: then a body may hold ten times as many fields a record, and 1000 more.
    nested : int
        How many lists the columns of a record may hold.

    Raises
    ------
    BodyError
        Where it isn't JSON, or nested beyond reading.
    RecordError
        Where it holds too many records, or none.

    """
    opened, most = body.count(b"{") + body.count(b"["), _most_brackets(max_records, nested)
    if opened > most:
        _too_nested(opened, most, max_records, alone=not body.lstrip().startswith(b"["))
    if columns is not None:
        _refuse_too_many_fields(body, max_records, columns)
    try:
        text = body.removeprefix(_MARK).decode()
    except UnicodeDecodeError as error:
        raise BodyError(f"The body isn't UTF-8 text: byte {error.start} can't be read.") from None
    reader = _Reader(text)
    try:
        return reader.read(max_records)
    except json.JSONDecodeError as error:
        raise BodyError(f"The body isn't JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise BodyError("The body is nested too deeply.", "Send flat records.") from None


def too_many(max_records: int) -> RecordError:
    """Say that a request holds more records than it may."""
    message = f"is one too many: at most {max_records} records are taken at once."
    return RecordError([Problem(record=max_records, field="", found="", message=message)])


def most_fields(records: int, columns: int) -> int:
    """Say how many fields a body of so many records of so many columns may hold, nested ones included.

    Examples
    --------
    >>> most_fields(1, 30)
    1300

    """
    return _SPARE_FIELDS + 10 * records * columns


def is_much(body: bytes, records: int, max_records: int, columns: int, nested: int) -> bool:
    """Say whether a body of so many records could hold more than `parse_body` takes: then it must be counted."""
    if len(body) < _LEAST_FIELD * _SPARE_FIELDS:
        return False
    if body.count(b":") > most_fields(records, columns):
        return True
    return body.count(b"{") + body.count(b"[") > _most_brackets(max_records, nested)


def _most_brackets(max_records: int, nested: int) -> int:
    return (4 + nested) * max_records + _SPARE_BRACKETS


def _refuse_too_many_fields(body: bytes, max_records: int, columns: int) -> None:
    # The cheap bound first: a body of ordinary records stops here.
    if len(body) < _LEAST_FIELD * _SPARE_FIELDS or body.count(b":") <= most_fields(1, columns):
        return
    fields, records = count_outside(body, ":", "{")
    most = most_fields(max(1, min(records, max_records)), columns)
    if fields > most:
        held = f"{fields} fields in {records} object{'s' * (records != 1)}"
        message = (
            f"the request holds {held}, far more than the contract's {columns} column{'s' * (columns != 1)} "
            f"a record can use; at most {most} are taken."
        )
        raise RecordError([Problem(record=0, field="", found="", message=message)])


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.oddities: list[str] = []
        self.repeating: list[tuple[dict[str, object], list[tuple[str, object]]]] = []
        self.repeated: dict[int, list[str]] = {}
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_int=_whole, parse_float=_decimal, parse_constant=self._constant
        )

    def read(self, max_records: int) -> Body:
        start = self._skip(0)
        if self.text[start : start + 1] != "[":
            record, end = self._record(start, 0)
            self._expect_end(end)
            return Body([record], self.oddities, self.repeated, was_array=False)
        records, end = self._elements(start + 1, max_records)
        self._expect_end(end)
        if not records:
            raise RecordError([Problem(record=0, field="", found="[]", message="there is no record in the request.")])
        return Body(records, self.oddities, self.repeated, was_array=True)

    def _elements(self, at: int, max_records: int) -> tuple[list[object], int]:
        records: list[object] = []
        at = self._skip(at)
        if self.text[at : at + 1] == "]":
            return records, at + 1
        while True:
            record, at = self._record(at, len(records))
            records.append(record)
            if len(records) > max_records:
                raise too_many(max_records)
            at = self._skip(at)
            mark = self.text[at : at + 1]
            if mark == "]":
                return records, at + 1
            if mark != ",":
                raise json.JSONDecodeError("Expecting ',' or ']'", self.text, at)
            at = self._skip(at + 1)

    def _record(self, at: int, place: int) -> tuple[object, int]:
        found = self.decoder.raw_decode(self.text, at)
        if self.repeating:
            whole, pairs = self.repeating[-1]  # objects close from the inside out: the record itself is the last
            if whole is found[0]:
                counts = Counter(name for name, _ in pairs)
                self.repeated[place] = [name for name, count in counts.items() if count > 1]
            self.repeating.clear()
        return found

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.repeating.append((found, pairs))
        return found

    def _skip(self, at: int) -> int:
        space = _SPACE.match(self.text, at)
        return space.end() if space else at

    def _expect_end(self, at: int) -> None:
        at = self._skip(at)
        if at != len(self.text):
            raise json.JSONDecodeError("Something follows the last value", self.text, at)

    def _constant(self, text: str) -> Odd:
        self.oddities.append(text)
        return Odd(text)


def _whole(digits: str) -> int | Odd:
    return int(digits) if len(digits) <= _DIGITS else Odd(digits[:_DIGITS])


def _decimal(text: str) -> float | Odd:
    number = float(text)
    return number if math.isfinite(number) else Odd(text)


def _too_nested(opened: int, most: int, max_records: int, *, alone: bool) -> NoReturn:
    held, more = ("the record", "") if alone else ("the request", f", in at most {max_records} records")
    message = f"{held} opens {opened} objects and lists; at most {most} are taken{more}."
    raise RecordError([Problem(record=0, field="", found="", message=message)])
