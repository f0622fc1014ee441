"""How one value is read: the reference for every other way of reading it."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns.base import BLANKS, LONGEST, Column, Value
from mainstay.contract.columns.category import Category

if TYPE_CHECKING:
    from collections.abc import Iterable

_CUT = 80
_CANDIDATES = 200


class Odd(msgspec.Struct, frozen=True):
    """A JSON token that no value stands for: ``NaN``, ``1e400``, a whole number of 5 000 digits."""

    text: str


class Reading(msgspec.Struct, frozen=True):
    """What became of one value.

    Parameters
    ----------
    value : int, float, bool, str or None
        As served, after policies; None where it is missing.
    code : float
        As a model sees it; NaN where it is missing.
    rule : str
        The rule that refuses it; empty where it was accepted.
    note : str
        What a policy did, as a warning.
    degraded : bool
        Whether a policy changed what the model sees.

    """

    value: Value | None = None
    code: float = math.nan
    rule: str = ""
    note: str = ""
    degraded: bool = False


def read(column: Column, found: object) -> Reading:
    """Read one value of a column, policies applied.

    Examples
    --------
    >>> from mainstay.contract import Integer
    >>> read(Integer(name="tenure", max=100, outside="clip"), "130")
    Reading(value=100, code=100.0, rule='', note='tenure: clipped from 130 to 100', degraded=True)
    >>> read(Integer(name="tenure"), "").rule
    'missing'

    """
    if is_missing(found):
        return _read_missing(column)
    if is_broken_text(found):
        return Reading(rule=column.wrong)
    value = column.parse(found)
    if value is None:
        return Reading(rule=column.wrong)
    broken = column.beyond(value)
    if not broken:
        return _reading(column, value)
    if column.when_beyond == "reject":
        return Reading(rule=broken)
    return _read_beyond(column, value, broken)


def is_missing(found: object) -> bool:
    """Say whether a value is missing: null, NaN or blank text."""
    if isinstance(found, str):
        return not found.strip(BLANKS)
    return found is None or (isinstance(found, float) and math.isnan(found))


def is_broken_text(found: object) -> bool:
    """Say whether a text holds half of a surrogate pair, so that it could never be stored as UTF-8."""
    if not isinstance(found, str) or found.isascii():
        return False
    try:
        found.encode()
    except UnicodeEncodeError:
        return True
    return False


def _reading(column: Column, value: Value, note: str = "", *, degraded: bool = False) -> Reading:
    code = column.code(value) if column.role == "feature" else math.nan
    return Reading(value=value, code=code, note=note and f"{column.name}: {note}", degraded=degraded)


def _read_missing(column: Column) -> Reading:
    if column.when_missing == "reject":
        return Reading(rule="missing")
    if column.when_missing == "allow":
        return Reading()
    value = None if column.fill is None else column.parse(column.fill)
    if value is None:
        return Reading(note=f"{column.name}: missing", degraded=True)
    return _reading(column, value, f"missing, filled in with {value}", degraded=True)


def _read_beyond(column: Column, value: Value, broken: str) -> Reading:
    if column.when_beyond == "clip":
        kept = column.clip(value)
        return _reading(column, kept, f"clipped from {value} to {kept}", degraded=True)
    if column.when_beyond == "other":
        return _reading(column, value, f"{shown(value)!r} is {broken}, taken as another", degraded=True)
    return _reading(column, value, f"{value} is {broken}")


def shown(found: object) -> str:
    """Show a value as it came, in at most 80 characters that can be printed anywhere."""
    if isinstance(found, str | Odd):
        text = found if isinstance(found, str) else found.text
        text = text[: _CUT + 1].encode("utf-8", "replace").decode()
    elif isinstance(found, dict | list):
        text = "an object" if isinstance(found, dict) else "a list"
    elif found is None:
        text = "null"
    else:
        text = str(found).lower() if isinstance(found, bool) else repr(found)
    return text if len(text) <= _CUT else text[: _CUT - 1] + "…"


def complaint(column: Column, found: object, rule: str, others: Iterable[str]) -> str:
    """Say what is wrong with a value, and what is allowed.

    Parameters
    ----------
    column : Column
        The column that was to be read.
    found : object
        The value as it came.
    rule : str
        The rule it breaks.
    others : iterable of str
        Fields of the record that no column is called, for the nearest spelling.

    """
    if rule == "missing":
        near = difflib.get_close_matches(column.name[:_CUT], [other[:_CUT] for other in others], n=1)
        hint = f" The record has '{near[0]}': did you mean that?" if near else ""
        return f"is missing; expected {column.allowed()}.{hint}"
    if isinstance(found, str) and len(found) > LONGEST:
        return f"holds {len(found)} characters; expected {column.allowed()}, never more than {LONGEST} characters."
    hint = ""
    if isinstance(found, str) and isinstance(column, Category):
        near = difflib.get_close_matches(found[:_CUT], column.values[:_CANDIDATES], n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"'{shown(found)}' is {rule}; expected {column.allowed()}.{hint}"
