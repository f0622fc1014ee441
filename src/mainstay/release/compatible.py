"""What callers would notice: what the champion accepts, the newcomer must accept. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.contract.columns import Boolean, Category, Datetime, Integer, Number, Tensor, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract import Contract
    from mainstay.contract.columns import AnyColumn
    from mainstay.models.task import Task

_MOST_NAMED = 8
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
        Ends of sentences, each naming a column or rule; empty where every caller may go on as before.

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
    held = {rule.holds for rule in old.rules if rule.otherwise == "reject"}
    found += [
        f"the rule '{rule.name}' must hold now ({rule.holds})"
        for rule in new.rules
        if rule.otherwise == "reject" and rule.holds not in held
    ]
    return tuple(found)


def other_question(old: Task, new: Task) -> str:
    """Say how a newcomer answers another question than the champion, as the end of a sentence; empty where it doesn't.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> first = Task(kind="multiclass", target="grade", labels=("a", "b"))
    >>> other_question(first, Task(kind="multiclass", target="grade", labels=("a", "b", "c")))
    'predicts a, b, c, and the champion a, b'

    """
    if old == new:
        return ""
    if old.target != new.target:
        return f"predicts '{new.target}', and the champion '{old.target}'"
    return f"predicts {_said(new)}, and the champion {_said(old)}"


def _said(task: Task) -> str:
    if task.kind == "regression":
        return "an amount"
    labels = task.labels or (task.positive, task.negative)
    return ", ".join(labels[:_MOST_NAMED]) + (", …" if len(labels) > _MOST_NAMED else "")


def _narrower(old: AnyColumn, new: AnyColumn) -> Iterator[str]:
    name = f"'{new.name}'"
    if old.when_missing != "reject" and new.when_missing == "reject":
        yield f"{name} may not be missing any more"
    if old.when_malformed != "reject" and new.when_malformed == "reject":
        yield f"{name} may not hold a value of another kind than {new.type} any more"
    elif new.when_malformed == "reject" and (change := _other_spelling(old, new)):
        yield f"{name} was {change[0]} and is {change[1]} now"
    if isinstance(old, Integer | Number | Tensor) and isinstance(new, Integer | Number | Tensor):
        yield from _narrower_range(name, old, new)
    elif isinstance(old, Datetime) and isinstance(new, Datetime):
        yield from _narrower_times(name, old, new)
    elif isinstance(old, Category) and isinstance(new, Category):
        yield from _narrower_labels(name, old, new)
    elif isinstance(new, Text):
        yield from _narrower_text(name, old, new)


def _other_spelling(old: AnyColumn, new: AnyColumn) -> tuple[str, str] | None:
    """Say what a value was and is now, where one that could be read before can't be read any more."""
    if type(old) is not type(new):
        return None if (type(old), type(new)) in _WIDER else (old.type, new.type)
    if isinstance(old, Boolean) and isinstance(new, Boolean) and not old.spellings.items() <= new.spellings.items():
        return f"spelt {_either(old)}", f"spelt {_either(new)}"
    if isinstance(old, Datetime) and isinstance(new, Datetime) and old.format != new.format:
        return f"spelt {old.format or 'as ISO 8601'}", f"spelt {new.format or 'as ISO 8601'}"
    if isinstance(old, Tensor) and isinstance(new, Tensor) and (old.shape, old.dtype) != (new.shape, new.dtype):
        return f"{old.dtype} of shape {old.shape}", f"{new.dtype} of shape {new.shape}"
    return None


def _narrower_range(name: str, old: Integer | Number | Tensor, new: Integer | Number | Tensor) -> Iterator[str]:
    low, high = _accepted(old)
    least, greatest = _accepted(new)
    if least > low:
        yield f"{name} may not be below {new.min} any more"
    if greatest < high:
        yield f"{name} may not be above {new.max} any more"


def _accepted(column: Integer | Number | Tensor) -> tuple[float, float]:
    if column.outside != "reject":
        return -math.inf, math.inf
    return -math.inf if column.min is None else column.min, math.inf if column.max is None else column.max


def _narrower_times(name: str, old: Datetime, new: Datetime) -> Iterator[str]:
    if new.outside != "reject":
        return
    free = old.outside != "reject"
    if new.earliest is not None and (free or old.earliest is None or old.earliest < new.earliest):
        yield f"{name} may not be before {new.min} any more"
    if new.latest is not None and (free or old.latest is None or old.latest > new.latest):
        yield f"{name} may not be after {new.max} any more"


def _narrower_labels(name: str, old: Category, new: Category) -> Iterator[str]:
    if old.numbered and not new.numbered and new.when_malformed == "reject":
        yield f"{name} may not be a number any more"
    if new.unknown != "reject":
        return
    if old.unknown != "reject":
        yield f"{name} may not be an unknown label any more"
    elif gone := [value for value in old.values if value not in new.values]:
        yield f"{name} may not be {', '.join(map(repr, gone[:5]))} any more"


def _narrower_text(name: str, old: AnyColumn, new: Text) -> Iterator[str]:
    if new.outside != "reject":
        return
    before = old if isinstance(old, Text) and old.outside == "reject" else Text(name=new.name)
    if (new.min_length or 0) > (before.min_length or 0):
        yield f"{name} may not be shorter than {new.min_length} characters any more"
    if new.max_length is not None and (before.max_length is None or before.max_length > new.max_length):
        yield f"{name} may not be longer than {new.max_length} characters any more"
    if new.pattern and new.pattern != before.pattern:
        yield f"{name} must be of the form {new.pattern} now"


def _either(column: Boolean) -> str:
    return f"'{column.true}' or '{column.false}'"
