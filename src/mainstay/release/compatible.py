"""What callers would notice: what the champion accepts, the newcomer must accept. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.contract.columns import Boolean, Category, Integer, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract import Contract
    from mainstay.contract.columns import AnyColumn

_WIDER = {(Integer, Number)}  # every record with the first kind is accepted by the second


def differences(old: Contract, new: Contract) -> tuple[str, ...]:
    """List what a caller of `old` could send and `new` would refuse.

    Parameters
    ----------
    old, new : Contract
        Of the champion and of the newcomer.

    Returns
    -------
    tuple of str
        Ends of sentences, each naming a column; empty where every caller may go on as before.

    """
    known = {column.name: column for column in old.columns if column.checked}
    found: list[str] = []
    for column in new.columns:
        if not column.checked:
            continue
        before = known.get(column.name)
        if before is not None:
            found += _narrower(before, column)
        elif column.when_missing == "reject":
            found.append(f"'{column.name}' is needed, and callers don't send it yet")
    return tuple(found)


def _narrower(old: AnyColumn, new: AnyColumn) -> Iterator[str]:
    name = f"'{new.name}'"
    if old.when_missing != "reject" and new.when_missing == "reject":
        yield f"{name} may not be missing any more"
    if type(old) is not type(new) and (type(old), type(new)) not in _WIDER:
        yield f"{name} was {old.type} and is {new.type} now"
    elif isinstance(old, Integer | Number) and isinstance(new, Integer | Number):
        yield from _narrower_range(name, old, new)
    elif isinstance(old, Category) and isinstance(new, Category):
        yield from _narrower_labels(name, old, new)
    elif isinstance(old, Boolean) and isinstance(new, Boolean) and not old.spellings.items() <= new.spellings.items():
        yield f"{name} was spelt {_either(old)} and is spelt {_either(new)} now"


def _narrower_range(name: str, old: Integer | Number, new: Integer | Number) -> Iterator[str]:
    low, high = _accepted(old)
    least, greatest = _accepted(new)
    if least > low:
        yield f"{name} may not be below {new.min} any more"
    if greatest < high:
        yield f"{name} may not be above {new.max} any more"


def _accepted(column: Integer | Number) -> tuple[float, float]:
    if column.outside != "reject":
        return -math.inf, math.inf
    return -math.inf if column.min is None else column.min, math.inf if column.max is None else column.max


def _narrower_labels(name: str, old: Category, new: Category) -> Iterator[str]:
    if old.numbered and not new.numbered:
        yield f"{name} may not be a number any more"
    if new.unknown == "other":
        return
    if old.unknown == "other":
        yield f"{name} may not be an unknown label any more"
    elif gone := [value for value in old.values if value not in new.values]:
        yield f"{name} may not be {', '.join(map(repr, gone[:5]))} any more"


def _either(column: Boolean) -> str:
    return f"'{column.true}' or '{column.false}'"
