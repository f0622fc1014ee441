"""Reading feedback: what callers say really happened, from a request's body or from rows of a file."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from typing import TYPE_CHECKING

from mainstay.contract.body import parse_body
from mainstay.contract.reading import shown
from mainstay.errors import Problem, RecordError
from mainstay.events.ids import IdMaker
from mainstay.events.records import Feedback, Kpi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mainstay.models.task import Task

FIELDS = ("id", "label", "at", "kpis", "followed")
_MOST_PROBLEMS = 100
_LONGEST_ID = 128
_MOST_KPIS = 32
_AHEAD = dt.timedelta(days=1)
_SHOWN = 80
_MOST_NAMED = 12
_BY_ENTITY = (
    "says whom it is about, and this call takes the id of the answer. By whom and when it is told from a file: "
    "mainstay feedback FILE."
)


class _Wrong(Exception):  # noqa: N818 - a signal inside this file, not an error
    """One field can't be used."""

    def __init__(self, field: str, found: object, message: str) -> None:
        super().__init__(message)
        self.field, self.found, self.message = field, found, message


class FeedbackReader:
    """Reads feedback about one model.

    Parameters
    ----------
    model : str
        Its name.
    task : Task
        What it predicts: says which labels there are.
    max_records : int
        How many one request may hold.
    entity : str
        Name of the column that says whom a record is about; empty where there is none.

    """

    def __init__(self, model: str, task: Task, *, max_records: int = 1000, entity: str = "") -> None:
        self.model = model
        self.task = task
        self.max_records = max_records
        self._whom = {entity, "entity"} - {""}
        self._new_id = IdMaker()

    def decode(self, body: bytes, now: dt.datetime, new_id: Callable[[], str] | None = None) -> list[Feedback]:
        """Decode a request: one JSON object, or an array of them.

        Parameters
        ----------
        body : bytes
            As it came.
        now : datetime
            When it arrived.
        new_id : callable, optional
            Makes the ids of its lines.

        Raises
        ------
        BodyError
            Where the body isn't JSON.
        RecordError
            Where something is refused; then none of it is taken.

        """
        parsed = parse_body(body, self.max_records)
        told = self.read(parsed.records, now, new_id)
        parsed.raise_oddities()
        _refuse_repeated(parsed.repeated)
        return told

    def read(self, rows: Iterable[object], now: dt.datetime, new_id: Callable[[], str] | None = None) -> list[Feedback]:
        """Read rows that are mappings already; raises RecordError as `decode` does."""
        make = new_id or self._new_id
        told: list[Feedback] = []
        problems: list[Problem] = []
        total = 0
        for place, row in enumerate(rows):
            try:
                told.append(self._one(row, now, make))
            except _Wrong as wrong:
                total += 1
                if total <= _MOST_PROBLEMS:
                    found = shown(wrong.found)
                    problems.append(Problem(record=place, field=shown(wrong.field), found=found, message=wrong.message))
        if problems:
            raise RecordError(problems, total)
        return told

    def _one(self, row: object, now: dt.datetime, new_id: Callable[[], str]) -> Feedback:
        if not isinstance(row, dict):
            raise _Wrong("", row, "is no feedback; expected an object with 'id' and 'label'.")
        for field in row:
            if field not in FIELDS:
                if field in self._whom:
                    raise _Wrong(field, row[field], _BY_ENTITY)
                near = difflib.get_close_matches(str(field)[:_SHOWN], FIELDS, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(FIELDS)}."
                raise _Wrong(str(field)[:_SHOWN], row[field], f"is no field of feedback. {hint}")
        label, kpis, followed = row.get("label"), row.get("kpis"), row.get("followed")
        if label is None and not kpis and followed is None:
            raise _Wrong("label", label, "is missing; expected a label, KPIs or whether the decision was followed.")
        if followed is not None and not isinstance(followed, bool):
            raise _Wrong("followed", followed, "must be true or false.")
        return Feedback(
            id=_id(row.get("id")),
            event=new_id(),
            model=self.model,
            received=now,
            at=_time(row.get("at"), now),
            label=None if label is None else read_label(self.task, label),
            kpis=_kpis(kpis),
            followed=followed,
        )


def _refuse_repeated(repeated: Mapping[int, Sequence[str]]) -> None:
    """Refuse a field that is there twice: of two labels nobody knows which one is meant."""
    problems = [
        Problem(record=place, field=shown(name[:_SHOWN]), found="", message="is there twice; send it once.")
        for place, names in sorted(repeated.items())
        for name in names
    ]
    if problems:
        raise RecordError(problems[:_MOST_PROBLEMS], len(problems))


def read_label(task: Task, found: object) -> str | float:
    """Read a label of the task: one of its texts, of a yes/no question true/false too, or a finite amount.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> read_label(Task(kind="binary", target="Churn", positive="1", negative="0"), 1)
    '1'

    """
    if task.kind == "regression":
        return _amount("label", found)
    if task.kind == "multiclass":
        return _one_of(task.labels, found)
    if isinstance(found, bool):
        return task.positive if found else task.negative
    text = _plain(found)
    if text not in (task.positive, task.negative):
        raise _Wrong("label", found, f"must be '{task.positive}' or '{task.negative}'.")
    return text


def _one_of(labels: tuple[str, ...], found: object) -> str:
    text = str(found).lower() if isinstance(found, bool) else _plain(found)
    if text in labels:
        return text
    near = difflib.get_close_matches(text, labels, n=1)
    more = f", … ({len(labels)} labels)" if len(labels) > _MOST_NAMED else ""
    named = f"one of {', '.join(labels[:_MOST_NAMED])}{more}"
    raise _Wrong("label", found, f"must be {named}; did you mean '{near[0]}'?" if near else f"must be {named}.")


def _plain(found: object) -> str:
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return str(found) if isinstance(found, str | int) else ""


def _amount(field: str, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _Wrong(field, found, "must be a number.")
    try:
        amount = float(found)
    except OverflowError:
        amount = math.inf
    if not math.isfinite(amount):
        raise _Wrong(field, found, "must be a finite number.")
    return amount


def _id(found: object) -> str:
    if found is None:
        raise _Wrong("id", found, "is missing; expected the id the prediction was answered with.")
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_ID or not found.isprintable():
        raise _Wrong("id", found, f"must be the id the prediction was answered with, {_LONGEST_ID} characters at most.")
    return found


def _time(found: object, now: dt.datetime) -> dt.datetime:
    if found is None:
        return now
    try:
        at = found if isinstance(found, dt.datetime) else dt.datetime.fromisoformat(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _Wrong("at", found, "must be a time such as 2026-11-22T17:03:00Z.") from None
    if at.tzinfo is None:
        raise _Wrong("at", found, "must say its time zone: add Z for UTC.")
    try:
        at = at.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        raise _Wrong("at", found, "is beyond the calendar.") from None
    if at > now + _AHEAD:
        raise _Wrong("at", found, "lies in the future.")
    return at


def _kpis(found: object) -> tuple[Kpi, ...]:
    if found is None:
        return ()
    if not isinstance(found, dict) or len(found) > _MOST_KPIS:
        raise _Wrong("kpis", found, f"must be an object of at most {_MOST_KPIS} numbers by name.")
    return tuple(_kpi(found, name) for name in sorted(found))  # in one order: then what is said twice is alike


def _kpi(found: Mapping[str, object], name: str) -> Kpi:
    if not 0 < len(name) <= _LONGEST_ID or not name.isprintable():
        raise _Wrong("kpis", name, "has a name that can't be used.")
    return Kpi(name, _amount(f"kpis.{name}", found[name]))
