"""The outside of a JSON body: opened, while what lies inside stays the bytes it came as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.contract import BodyError
from mainstay.contract.body import too_many
from mainstay.contract.texts import count_outside, replace_outside
from mainstay.errors import Problem, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contract import RequestDecoder

T = TypeVar("T")
Cell = msgspec.Raw | bytes
"""One value as JSON."""

_ODD = re.compile(rb"NaN|-?Infinity")
_FAR = re.compile(rb"(?<![0-9.eE+-])-?1e99999(?![0-9.eE+-])")
_STANDS_FOR = {b"NaN": b"null", b"Infinity": b"1e99999", b"-Infinity": b"-1e99999"}
_FAR_FOR = {b"1e99999": b"Infinity", b"-1e99999": b"-Infinity"}
_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\n\r"
_SPARE = 1000
_TIMES = 10
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def spelled(body: bytes, decoder: RequestDecoder) -> bytes:
    """Write a body as JSON where its sender used Python's or JavaScript's: NaN is a gap, infinities stay beyond bounds.

    Examples
    --------
    >>> from mainstay.contract import Contract, Number, compile_request
    >>> spelled(b'{"a": NaN, "b": "NaN", "c": -Infinity}', compile_request(Contract((Number(name="a"),))))
    b'{"a": null, "b": "NaN", "c": -1e99999}'

    Raises
    ------
    RecordError
        Where there are more of them than a request can use.

    """
    body = body.removeprefix(_MARK)
    odd = body.count(b"NaN") + body.count(b"Infinity")
    if not odd:
        return body
    if odd > most_values(decoder):
        raise _too_much(odd, decoder)
    return replace_outside(body, _ODD, _STANDS_FOR)


def as_sent(body: bytes) -> bytes:
    """Write infinities as they came, so that the field they stand in is refused for what was sent.

    Examples
    --------
    >>> as_sent(b'[{"a": -1e99999}]')
    b'[{"a": -Infinity}]'

    """
    return replace_outside(body, _FAR, _FAR_FOR) if b"1e99999" in body else body


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
    body, most = bytes(raw), most_values(decoder)
    if body.count(b",") <= most:  # a cheap bound: a body of ordinary records stops here
        return
    (found,) = count_outside(body, ",")
    if found > most:
        raise _too_much(found, decoder)


def most_values(decoder: RequestDecoder) -> int:
    """Say how many values a request may hold: ten times as many as its records can use, and 1000 more."""
    contract = decoder.contract
    return _SPARE + _TIMES * decoder.max_records * (contract.width + len(contract.columns))


def _too_much(found: int, decoder: RequestDecoder) -> RecordError:
    message = f"the request holds more than {found} values; at most {most_values(decoder)} are taken."
    return RecordError([Problem(record=0, field="", found="", message=message)])


def demand_most(count: int, decoder: RequestDecoder) -> None:
    """Refuse more records than a request may hold, in the words of the contract's own decoder.

    Raises
    ------
    RecordError
        Naming the first record that is too many.

    """
    if count > decoder.max_records:
        raise too_many(decoder.max_records)


def in_words(names: Sequence[str], most: int = 20) -> str:
    """List names, cut where there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
