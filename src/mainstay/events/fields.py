"""The fields of feedback: how one value of each is read, the reference for every other way of reading it."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from typing import TYPE_CHECKING

from mainstay.events.records import Kpi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.models.task import Task

LONGEST_ID = 128
AHEAD = dt.timedelta(days=1)
"""How far in the future something may have become true: clocks differ, and days end at different times."""
MOST_KPIS = 32
_MOST_NAMED = 12
NOTHING = "is missing; expected a label, KPIs or whether the decision was followed."
NO_ID = "is missing; expected the id the prediction was answered with."


class Wrong(Exception):  # noqa: N818 - a signal inside this room, not an error
    """One field can't be used."""

    def __init__(self, field: str, found: object, message: str) -> None:
        super().__init__(message)
        self.field, self.found, self.message = field, found, message


def read_label(task: Task, found: object) -> str | float:
    """Read a label of the task: one of its texts, of a yes/no question true/false too, or a finite amount.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> read_label(Task(kind="binary", target="Churn", positive="1", negative="0"), 1)
    '1'

    """
    if task.kind == "regression":
        return read_amount("label", found)
    if task.kind == "multiclass":
        return _one_of(task.labels, found)
    if isinstance(found, bool):
        return task.positive if found else task.negative
    text = _plain(found)
    if text not in (task.positive, task.negative):
        raise Wrong("label", found, f"must be '{task.positive}' or '{task.negative}'.")
    return text


def read_followed(found: object) -> bool:
    """Read whether the decision was followed."""
    if not isinstance(found, bool):
        raise Wrong("followed", found, "must be true or false.")
    return found


def _one_of(labels: tuple[str, ...], found: object) -> str:
    text = str(found).lower() if isinstance(found, bool) else _plain(found)
    if text in labels:
        return text
    near = difflib.get_close_matches(text, labels, n=1)
    more = f", … ({len(labels)} labels)" if len(labels) > _MOST_NAMED else ""
    named = f"one of {', '.join(labels[:_MOST_NAMED])}{more}"
    raise Wrong("label", found, f"must be {named}; did you mean '{near[0]}'?" if near else f"must be {named}.")


def _plain(found: object) -> str:
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return str(found) if isinstance(found, str | int) else ""


def read_amount(field: str, found: object) -> float:
    """Read a finite number."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Wrong(field, found, "must be a number.")
    try:
        amount = float(found)
    except OverflowError:
        amount = math.inf
    if not math.isfinite(amount):
        raise Wrong(field, found, "must be a finite number.")
    return amount


def read_id(found: object) -> str:
    """Read the id of an answer."""
    if found is None:
        raise Wrong("id", found, NO_ID)
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or not found.isprintable():
        raise Wrong("id", found, f"must be the id the prediction was answered with, {LONGEST_ID} characters at most.")
    return found


def read_time(found: object, now: dt.datetime) -> dt.datetime:
    """Read when something became true, UTC; now where it isn't said."""
    if found is None:
        return now
    try:
        at = found if isinstance(found, dt.datetime) else dt.datetime.fromisoformat(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Wrong("at", found, "must be a time such as 2026-11-22T17:03:00Z.") from None
    if at.tzinfo is None:
        raise Wrong("at", found, "must say its time zone: add Z for UTC.")
    try:
        at = at.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise Wrong("at", found, "is beyond the calendar.") from None
    if at > now + AHEAD:
        raise Wrong("at", found, "lies in the future.")
    return at


def read_kpis(found: object) -> tuple[Kpi, ...]:
    """Read numbers by name."""
    if found is None:
        return ()
    if not isinstance(found, dict) or len(found) > MOST_KPIS:
        raise Wrong("kpis", found, f"must be an object of at most {MOST_KPIS} numbers by name.")
    return tuple(_kpi(found, name) for name in sorted(found))  # in one order: then what is said twice is alike


def _kpi(found: Mapping[str, object], name: str) -> Kpi:
    if not 0 < len(name) <= LONGEST_ID or not name.isprintable():
        raise Wrong("kpis", name, "has a name that can't be used.")
    return Kpi(name, read_amount(f"kpis.{name}", found[name]))
