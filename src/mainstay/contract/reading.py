"""How one value is read: the reference for every other way of reading it."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contract.columns.base import BLANKS, LONGEST, Column, Gap, Value
from mainstay.contract.columns.category import Category
from mainstay.contract.row import Deed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Why = Literal["missing", "malformed", "outside", "unknown"]

_CUT = 80
_CANDIDATES = 200


class Odd(msgspec.Struct, frozen=True):
    """A JSON token that no value stands for: ``NaN``, ``1e400``, a whole number of 5 000 digits."""

    text: str


class Reading(msgspec.Struct, frozen=True):
    """What became of one value.

    Parameters
    ----------
    value : int, float, bool, str, ... or None
        As served, after policies; None where it is missing.
    rule : str
        The rule that refuses it; empty where it was accepted.
    note : str
        What a policy did, as a warning.
    deed : Deed, optional
        What a policy did, to be counted.

    """

    value: Value | None = None
    rule: str = ""
    note: str = ""
    deed: Deed | None = None

    @property
    def degraded(self) -> bool:
        """Whether a policy changed what the model sees, or keeps it from answering."""
        return self.deed is not None and self.deed.did != "flagged"


def read(column: Column, found: object) -> Reading:
    """Read one value of a column, policies applied.

    Examples
    --------
    >>> from mainstay.contract import Integer
    >>> reading = read(Integer(name="tenure", max=100, outside="clip"), "130")
    >>> reading.value, reading.note
    (100, 'tenure: clipped from 130 to 100')
    >>> read(Integer(name="tenure"), "").rule
    'missing'

    """
    if is_missing(found):
        return _read_gap(column, column.when_missing, "missing", "missing", "missing")
    value = None if is_broken_text(found) else column.parse(found)
    if value is None:
        policy = column.when_malformed
        what = "" if policy == "reject" else column.flaw(found) or f"'{shown(found)}' is {column.wrong}"
        return _read_gap(column, policy, "malformed", column.wrong, what)
    broken = column.beyond(value)
    return _read_beyond(column, value, broken) if broken else Reading(value)


def refuser(column: Column) -> Callable[[object], bool]:
    """Compile whether a value that msgspec found in a body is refused, as `read` would say, and nothing else about it.

    Such a value is never NaN, nor half of a surrogate pair.
    """
    gap, wrong, beyond = (
        policy == "reject" for policy in (column.when_missing, column.when_malformed, column.when_beyond)
    )
    parse, limit = column.parse, column.beyond

    def refuses(found: object) -> bool:
        if found is None or (type(found) is str and not found.strip(BLANKS)):
            return gap
        value = parse(found)
        return wrong if value is None else beyond and limit(value) != ""

    return refuses


def filling(column: Column) -> Value | None:
    """Give what a column fills in; None where nothing was learned."""
    return None if column.fill is None else column.parse(column.fill)


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


def _read_gap(column: Column, policy: Gap, why: Why, rule: str, what: str) -> Reading:
    """Read what leaves a gap: nothing, or something of the wrong kind."""
    if policy == "reject":
        return Reading(rule=rule)
    if policy == "allow":
        return Reading()
    if policy == "impute":
        return _filled(column, why, what)
    if policy == "fallback":
        return _left_to_fallback(column, why, what)
    taken = "" if why == "missing" else ", taken as missing"
    return Reading(None, "", f"{column.name}: {what}{taken}", Deed(column.name, why, "flagged"))


def _read_beyond(column: Column, value: Value, broken: str) -> Reading:
    """Read a value of the right kind that breaks a limit."""
    policy, name = column.when_beyond, column.name
    if policy == "reject":
        return Reading(rule=broken)
    why: Why = "unknown" if column.beyond_policy == "unknown" else "outside"
    plain = f"{shown(value)!r} is {broken}" if isinstance(value, str) else f"{shown(value)} is {broken}"
    what = column.excess(value) or plain
    if policy == "impute":
        return _filled(column, why, what)
    if policy == "fallback":
        return _left_to_fallback(column, why, what)
    if policy == "clip":
        kept = column.clip(value)
        told = column.clipping(value, kept) or f"clipped from {shown(value)} to {shown(kept)}"
        return Reading(kept, "", f"{name}: {told}", Deed(name, why, "clipped"))
    if policy == "other":
        return Reading(value, "", f"{name}: {what}, taken as another", Deed(name, why, "other"))
    return Reading(value, "", f"{name}: {what}", Deed(name, why, "flagged"))


def _left_to_fallback(column: Column, why: Why, what: str) -> Reading:
    """Leave a gap, but not in a column whose gaps are filled in: a table can't tell one gap from another."""
    value = filling(column) if column.fills_gaps else None
    return Reading(value, "", f"{column.name}: {what}, answered by the fallback", Deed(column.name, why, "fallback"))


def _filled(column: Column, why: Why, what: str) -> Reading:
    value = filling(column)
    told = what if value is None else f"{what}, filled in with {shown(value)}"
    return Reading(value, "", f"{column.name}: {told}", Deed(column.name, why, "imputed"))


def shown(found: object) -> str:
    """Show a value as it came, in at most 80 characters that can be printed anywhere."""
    if isinstance(found, str | Odd):
        text = found if isinstance(found, str) else found.text
        text = text[: _CUT + 1].encode("utf-8", "replace").decode()
    elif isinstance(found, dict | list | tuple):
        text = "an object" if isinstance(found, dict) else "a list"
    elif isinstance(found, dt.date):
        text = found.isoformat()
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
    more = column.flaw(found) if rule == column.wrong else column.excess(column.parse(found))
    plain = f"'{shown(found)}' is {rule}"
    return f"{more or plain}; expected {column.allowed()}.{hint}"
