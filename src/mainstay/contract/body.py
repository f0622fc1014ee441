"""A request's body as plain records, read with caps so that no body can exhaust the server."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from mainstay.contract.reading import Odd
from mainstay.errors import InputError, Problem, RecordError

_SPACE = re.compile(r"[ \t\n\r]*")
_DIGITS = 400
"""A whole number of more digits is beyond every float."""
_SPARE_BRACKETS = 10_000


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

    """

    def __init__(self, records: list[object], oddities: list[str], *, was_array: bool) -> None:
        self.records = records
        self.oddities = oddities
        self.was_array = was_array

    def raise_oddities(self) -> None:
        """Refuse a body whose oddities no field has refused: they stand in fields that are ignored."""
        if self.oddities:
            raise BodyError(f"The body isn't JSON: it holds {self.oddities[0]}.", "Send null for a missing value.")


def parse_body(body: bytes, max_records: int) -> Body:
    """Read a body: one JSON object, or an array of at most `max_records`.

    Raises
    ------
    BodyError
        Where it isn't JSON, or nested beyond reading.
    RecordError
        Where it holds too many records, or none.

    """
    if body.count(b"{") + body.count(b"[") > 4 * max_records + _SPARE_BRACKETS:
        _too_many(max_records)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BodyError(f"The body isn't UTF-8 text: byte {error.start} can't be read.") from None
    reader = _Reader(text)
    try:
        return reader.read(max_records)
    except json.JSONDecodeError as error:
        raise BodyError(f"The body isn't JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise BodyError("The body is nested too deeply.", "Send flat records.") from None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.oddities: list[str] = []
        self.decoder = json.JSONDecoder(parse_int=_whole, parse_float=_decimal, parse_constant=self._constant)

    def read(self, max_records: int) -> Body:
        start = self._skip(0)
        if self.text[start : start + 1] != "[":
            record, end = self._value(start)
            self._expect_end(end)
            return Body([record], self.oddities, was_array=False)
        records, end = self._elements(start + 1, max_records)
        self._expect_end(end)
        if not records:
            raise RecordError([Problem(record=0, field="", found="[]", message="there is no record in the request.")])
        return Body(records, self.oddities, was_array=True)

    def _elements(self, at: int, max_records: int) -> tuple[list[object], int]:
        records: list[object] = []
        at = self._skip(at)
        if self.text[at : at + 1] == "]":
            return records, at + 1
        while True:
            record, at = self._value(at)
            records.append(record)
            if len(records) > max_records:
                _too_many(max_records)
            at = self._skip(at)
            mark = self.text[at : at + 1]
            if mark == "]":
                return records, at + 1
            if mark != ",":
                raise json.JSONDecodeError("Expecting ',' or ']'", self.text, at)
            at = self._skip(at + 1)

    def _value(self, at: int) -> tuple[object, int]:
        return self.decoder.raw_decode(self.text, at)

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


def _too_many(max_records: int) -> NoReturn:
    message = f"the request holds too much; at most {max_records} records are taken at once."
    raise RecordError([Problem(record=max_records, field="", found="", message=message)])
