"""From what another tool's file says to a contract, with a note on all that can't be carried over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.columns import AnyColumn, Boolean, Category, Datetime, Integer, Number, Tensor, Text
from mainstay.contract.columns.base import INT64, LONGEST, label
from mainstay.contract.conflicts import conflicts
from mainstay.contract.contract import Contract, require_sound
from mainstay.contract.formats.patterns import whole_pattern
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract.columns.base import Excess, Gap
    from mainstay.contract.formats.wanted import Limit, Notes, Scalar, Wanted
    from mainstay.contract.rules import Rule


def settle(columns: Sequence[Wanted], rules: Sequence[Rule], notes: Notes) -> Contract:
    """Make a contract of what a file wants.

    Raises
    ------
    ContractError
        Where nothing is left of it, or it contradicts itself.

    """
    kept = [wanted for wanted in columns if wanted.kind != "other"]
    _say_what_may_lack(kept, notes)
    made = _with_an_id([_column(wanted, notes) for wanted in kept], notes)
    if not any(column.role == "feature" for column in made):
        raise ContractError("The file describes no column a model can learn from.", "Describe one with a type.")
    require_sound(Contract(tuple(made)))
    held: list[Rule] = []
    for rule in rules:
        named = msgspec.structs.replace(rule, name=_free(rule.name, [other.name for other in held]))
        against = next(conflicts(tuple(made), (*held, named)), None)
        if against is None:
            held.append(named)
        else:
            notes.dropped("", f"the rule '{rule.holds}'", f"it {against.message.rstrip('.')}")
    return Contract(tuple(made), tuple(held))


def _free(name: str, taken: Sequence[str]) -> str:
    return next(it for it in (name, *(f"{name} {number}" for number in range(2, len(taken) + 3))) if it not in taken)


def _with_an_id(columns: list[AnyColumn], notes: Notes) -> list[AnyColumn]:
    """Take the first column of which no value repeats as the id, and free text as what needs a feature's code."""
    place = next((at for at, it in enumerate(columns) if it.unique and isinstance(it, Integer | Text)), None)
    if place is not None:
        found = columns[place]
        notes.say(found.name, "no value repeats, so it is taken as the id a record is known by; a record may lack it.")
        columns[place] = msgspec.structs.replace(found, role="id", missing="reject", fill=None)
    texts = [column.name for column in columns if isinstance(column, Text) and column.role == "feature"]
    if texts:
        told = "free text, which a model sees only through features.py; give it role = 'ignored' otherwise."
        notes.say(", ".join(texts), told)
    return columns


def _column(wanted: Wanted, notes: Notes) -> AnyColumn:
    """Make one column, of the kind the file names or its constraints speak of."""
    column = _of_kind(wanted, notes)
    if wanted.unique and isinstance(column, Tensor):
        notes.dropped(wanted.name, "unique")
    return msgspec.structs.replace(
        column,
        name=wanted.name,
        missing=_missing(wanted),
        fill=wanted.fill,
        unique=wanted.unique and not isinstance(column, Tensor),
        description=wanted.description,
    )


def _missing(wanted: Wanted) -> Gap:
    if wanted.fill is not None:
        return "impute"
    if wanted.required and not wanted.nullable:
        return "reject"
    return "flag" if wanted.missed else "allow"


def _say_what_may_lack(columns: Sequence[Wanted], notes: Notes) -> None:
    """Name the columns that tell null and absent apart."""
    plain = [wanted for wanted in columns if wanted.fill is None]
    only_null = [wanted.name for wanted in plain if wanted.required and wanted.nullable]
    only_absent = [wanted.name for wanted in plain if not wanted.required and not wanted.nullable]
    for names, told in ((only_null, "may be null but not absent"), (only_absent, "may be absent but not null")):
        if names:
            notes.say(", ".join(names), f"{told}; the contract takes both as missing.")


def _of_kind(wanted: Wanted, notes: Notes) -> AnyColumn:
    if wanted.values is not None and wanted.kind not in {"tensor", "datetime"}:
        return _of_values(wanted, wanted.values, notes)
    if wanted.kind == "tensor":
        return _tensor(wanted)
    if wanted.kind == "datetime":
        return _time(wanted, notes)
    if wanted.kind == "boolean":
        _unused(wanted, notes, "limits", "pattern", "lengths")
        return Boolean()
    numeric = any(isinstance(limit, int | float) for limit in (wanted.low, wanted.high, wanted.above, wanted.below))
    if wanted.kind in {"integer", "number"} or (not wanted.kind and numeric):
        if not wanted.kind:
            notes.say(wanted.name, "the file names no type; its limits are numbers, so it is taken as a number.")
        return _numeric(wanted, notes)
    if wanted.kind != "text":
        told = "no type" if not wanted.kind else "none of its labels"
        notes.say(wanted.name, f"the file names {told}; taken as text.")
    return _text(wanted, notes)


def _tensor(wanted: Wanted) -> Tensor:
    least, most = _ends(wanted, whole=not wanted.dtype.startswith("float"))
    return Tensor(
        shape=wanted.shape, dtype=wanted.dtype, min=least, max=most, outside="flag" if wanted.lenient else "reject"
    )


def _numeric(wanted: Wanted, notes: Notes) -> Integer | Number:
    _unused(wanted, notes, "pattern", "lengths")
    outside: Excess = "flag" if wanted.lenient else "reject"
    if wanted.kind != "integer":
        low, high = _ends(wanted, whole=False)
        return Number(min=low, max=high, outside=outside)
    least, most = _ends(wanted, whole=True)
    return Integer(
        min=None if least is None or least <= INT64[0] else int(least),
        max=None if most is None or most >= INT64[1] else int(most),
        outside=outside,
    )


def _text(wanted: Wanted, notes: Notes) -> Text:
    _unused(wanted, notes, "limits")
    most = wanted.max_length
    return Text(
        min_length=None if not wanted.min_length else wanted.min_length,
        max_length=None if most is None or most >= LONGEST else most,
        pattern=whole_pattern(wanted.pattern, wanted.name, notes),
        outside="flag" if wanted.lenient else "reject",
    )


def _time(wanted: Wanted, notes: Notes) -> Datetime:
    _unused(wanted, notes, "pattern", "lengths", "values")
    for word, limit in (("above", wanted.above), ("below", wanted.below)):
        if limit is not None:
            notes.say(wanted.name, f"{word} {limit}: the contract includes the end of a range of times.")
    low, high = wanted.low or wanted.above, wanted.high or wanted.below
    return Datetime(
        format=wanted.format,
        min=None if low is None else str(low).replace(" ", "T"),
        max=None if high is None else str(high).replace(" ", "T"),
        outside="flag" if wanted.lenient else "reject",
    )


def _of_values(wanted: Wanted, values: tuple[Scalar, ...], notes: Notes) -> AnyColumn:
    """Make a column of all it may be: yes and no, whole numbers without a gap, or labels."""
    spelled = _two_spellings(values)
    if spelled is not None:
        return spelled
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values) and wanted.kind not in {"text", "category"}:
        return _of_numbers(wanted, numbers, notes)
    labels = _labels(wanted, values, notes)
    _unused(wanted, notes, "limits", "pattern")
    if not labels:
        raise ContractError(f"Column '{wanted.name}' may have no value at all.", "Give it at least one.")
    return Category(values=labels, unknown="other" if wanted.lenient else "reject")


def _of_numbers(wanted: Wanted, numbers: list[int | float], notes: Notes) -> AnyColumn:
    least, most = _ends(wanted, whole=False)
    within = [it for it in numbers if (least is None or it >= least) and (most is None or it <= most)]
    if not within:
        raise ContractError(f"Column '{wanted.name}' may have no value at all.", "Mend its values or its range.")
    whole = sorted({int(it) for it in within if float(it).is_integer()})
    if any(not float(it).is_integer() for it in within):
        notes.dropped(wanted.name, f"the list of its {len(within)} values", "only their range is, as they are decimals")
        return Number(min=float(min(within)), max=float(max(within)), outside="flag" if wanted.lenient else "reject")
    if len(whole) > 1 and whole[-1] - whole[0] == len(whole) - 1:
        return Integer(min=whole[0], max=whole[-1], outside="flag" if wanted.lenient else "reject")
    return Category(values=tuple(map(str, whole)), unknown="other" if wanted.lenient else "reject")


def _two_spellings(values: tuple[Scalar, ...]) -> Boolean | None:
    """Read ``[true, false]`` and ``[true, false, "Yes", "No"]`` as yes and no, in that order."""
    truths = [value for value in values if isinstance(value, bool)]
    others = [value for value in values if not isinstance(value, bool)]
    if set(truths) != {True, False} or len(truths) != 2:
        return None
    if not others:
        return Boolean()
    texts = [label(other) for other in others]
    if len(others) != 2 or None in texts or texts[0] == texts[1]:
        return None
    first, second = (other if isinstance(other, str) else int(other) for other in others)
    return Boolean(true=first, false=second) if truths[0] else Boolean(true=second, false=first)


def _labels(wanted: Wanted, values: tuple[Scalar, ...], notes: Notes) -> tuple[str, ...]:
    labels: dict[str, None] = {}
    for value in values:
        text = None if isinstance(value, bool) else label(value)
        if not text:
            notes.dropped(wanted.name, f"the value {str(value)[:80]!r}", "no label is written so")
        elif _fits(text, wanted):
            labels.setdefault(text)
    return tuple(labels)


def _fits(text: str, wanted: Wanted) -> bool:
    return (wanted.min_length or 0) <= len(text) <= (LONGEST if wanted.max_length is None else wanted.max_length)


def _ends(wanted: Wanted, *, whole: bool) -> tuple[float | None, float | None]:
    """Give the range with its ends included: the next number where the file excludes them."""
    lows = [
        _inside(wanted.low, up=True, strict=False, whole=whole),
        _inside(wanted.above, up=True, strict=True, whole=whole),
    ]
    highs = [
        _inside(wanted.high, up=False, strict=False, whole=whole),
        _inside(wanted.below, up=False, strict=True, whole=whole),
    ]
    return (
        max((it for it in lows if it is not None), default=None),
        min((it for it in highs if it is not None), default=None),
    )


def _inside(limit: Limit | None, *, up: bool, strict: bool, whole: bool) -> float | None:
    if limit is None or isinstance(limit, str):
        return None
    if not math.isfinite(limit):
        return None if (limit < 0) == up else limit
    if not whole:
        number = float(limit)
        return math.nextafter(number, math.inf if up else -math.inf) if strict else number
    step = (1 if up else -1) if strict and limit == int(limit) else 0
    return (math.ceil(limit) if up else math.floor(limit)) + step


def _unused(wanted: Wanted, notes: Notes, *what: str) -> None:
    """Name what a file says of a column that its kind has no word for."""
    limits = (wanted.low, wanted.high, wanted.above, wanted.below)
    said = {
        "limits": any(limit is not None for limit in limits),
        "pattern": bool(wanted.pattern),
        "lengths": wanted.min_length is not None or wanted.max_length is not None,
        "values": wanted.values is not None,
    }
    words = {"limits": "its range", "pattern": "its pattern", "lengths": "its length", "values": "its list of values"}
    for each in what:
        if said[each]:
            notes.dropped(wanted.name, words[each], "its kind has none")
