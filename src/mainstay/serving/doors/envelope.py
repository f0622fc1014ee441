"""The outside of a JSON body: opened, while what lies inside stays the bytes it came as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.contract import BodyError
from mainstay.errors import Problem, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contract import RequestDecoder

T = TypeVar("T")
Cell = msgspec.Raw | bytes
"""One value as JSON."""

_TEXT = rb'"(?:[^"\\]++|\\.?)*+"?'
"""A text; one that never ends, too, so that whatever comes is gone through once."""
_TEXTS = re.compile(_TEXT, re.DOTALL)
_ODD = re.compile(_TEXT + rb"|NaN|-?Infinity", re.DOTALL)
_FAR = re.compile(_TEXT + rb"|(?<![0-9.eE+-])-?1e99999(?![0-9.eE+-])", re.DOTALL)
_STANDS_FOR = {b"NaN": b"null", b"Infinity": b"1e99999", b"-Infinity": b"-1e99999"}
_FAR_FOR = {b"1e99999": b"Infinity", b"-1e99999": b"-Infinity"}
_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\n\r"
_SPARE = 1000
_TIMES = 10
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def spelled(body: bytes) -> bytes:
    """Write a body as JSON where its sender used Python's or JavaScript's: NaN is a gap, infinities stay beyond bounds.

    Examples
    --------
    >>> spelled(b'{"a": NaN, "b": "NaN", "c": -Infinity}')
    b'{"a": null, "b": "NaN", "c": -1e99999}'

    """
    body = body.removeprefix(_MARK)
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    return _ODD.sub(lambda found: _STANDS_FOR.get(found[0], found[0]), body)


def as_sent(body: bytes) -> bytes:
    """Write infinities as they came, so that the field they stand in is refused for what was sent.

    Examples
    --------
    >>> as_sent(b'[{"a": -1e99999}]')
    b'[{"a": -Infinity}]'

    """
    if b"1e99999" not in body:
        return body
    return _FAR.sub(lambda found: _FAR_FOR.get(found[0], found[0]), body)


def opened(body: bytes, decoder: msgspec.json.Decoder[T], wanted: str) -> T:
    """Open the object of a body; fields that no protocol knows are passed over without being held.

    Parameters
    ----------
    body : bytes
        JSON, as `spelled` writes it.
    decoder : Decoder
        Of the struct whose fields are known.
    wanted : str
        What the body must be, as the end of a sentence.

    Raises
    ------
    BodyError
        Where it isn't JSON, or another kind of it.

    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BodyError(f"The body is JSON, but not as this call needs it: {error}.", f"Send {wanted}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BodyError(f"The body isn't JSON: {error}.", f"Send {wanted}.") from None
    except RecursionError:
        raise BodyError("The body is nested too deeply.", "Send flat records.") from None


def items(raw: Cell) -> list[msgspec.Raw]:
    """Give what an array holds; the body it came in was opened, so it is JSON.

    Raises
    ------
    BodyError
        Where it isn't after all: opening passes over texts without looking into them.

    """
    return _inside(raw, _list)


def fields(raw: Cell) -> dict[str, msgspec.Raw]:
    """Give what an object holds; of a name that is there twice the last value counts.

    Raises
    ------
    BodyError
        As `items` does.

    """
    return _inside(raw, _object)


def _inside(raw: Cell, decode: Callable[[Cell], T]) -> T:
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"The body isn't JSON: {error}.") from None


def kind(raw: Cell) -> bytes:
    """Tell an object (``b"{"``) from an array (``b"["``) and from a single value, by its first character."""
    return bytes(memoryview(raw)[:1])


def first_kind(raw: Cell) -> bytes:
    """Tell what kind the first item of an array is; ``b"]"`` where there is none."""
    return bytes(raw)[1:].lstrip(_BLANK)[:1]


def demand_few(raw: Cell, decoder: RequestDecoder) -> None:
    """Refuse what would hold far more values than so many records of this contract can use, before any is held.

    Raises
    ------
    RecordError
        With the number found.

    """
    body, contract = bytes(raw), decoder.contract
    most = _SPARE + _TIMES * decoder.max_records * (contract.width + len(contract.columns))
    if body.count(b",") <= most:
        return
    found = _TEXTS.sub(b"", body).count(b",")
    if found > most:
        message = f"the request holds more than {found} values; at most {most} are taken."
        raise RecordError([Problem(record=0, field="", found="", message=message)])


def demand_most(count: int, decoder: RequestDecoder) -> None:
    """Refuse more records than a request may hold, in the words of the contract's own decoder.

    Raises
    ------
    RecordError
        Naming the first record that is too many.

    """
    most = decoder.max_records
    if count > most:
        message = f"is one too many: at most {most} records are taken at once."
        raise RecordError([Problem(record=most, field="", found="", message=message)])


def in_words(names: Sequence[str], most: int = 20) -> str:
    """List names, cut where there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
