"""Reading feedback: what callers say really happened, from a request's body."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mainstay.contract.body import parse_body
from mainstay.contract.reading import shown
from mainstay.errors import Problem, RecordError
from mainstay.events.fields import NOTHING, Wrong, read_followed, read_id, read_kpis, read_label, read_time
from mainstay.events.ids import IdMaker
from mainstay.events.records import Feedback

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mainstay.models.task import Task

FIELDS = ("id", "label", "at", "kpis", "followed")
MOST_PROBLEMS = 100
_SHOWN = 80
_BY_ENTITY = (
    "says whom it is about, and this call takes the id of the answer. By whom and when it is told from a file: "
    "mainstay feedback FILE."
)


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
            except Wrong as wrong:
                total += 1
                if total <= MOST_PROBLEMS:
                    found = shown(wrong.found)
                    problems.append(Problem(record=place, field=shown(wrong.field), found=found, message=wrong.message))
        if problems:
            raise RecordError(problems, total)
        return told

    def _one(self, row: object, now: dt.datetime, new_id: Callable[[], str]) -> Feedback:
        if not isinstance(row, dict):
            raise Wrong("", row, "is no feedback; expected an object with 'id' and 'label'.")
        for field in row:
            if field not in FIELDS:
                if field in self._whom:
                    raise Wrong(field, row[field], _BY_ENTITY)
                near = difflib.get_close_matches(str(field)[:_SHOWN], FIELDS, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(FIELDS)}."
                raise Wrong(str(field)[:_SHOWN], row[field], f"is no field of feedback. {hint}")
        label, kpis, followed = row.get("label"), row.get("kpis"), row.get("followed")
        if label is None and not kpis and followed is None:
            raise Wrong("label", label, NOTHING)
        agreed = None if followed is None else read_followed(followed)
        return Feedback(
            id=read_id(row.get("id")),
            event=new_id(),
            model=self.model,
            received=now,
            at=read_time(row.get("at"), now),
            label=None if label is None else read_label(self.task, label),
            kpis=read_kpis(kpis),
            followed=agreed,
        )


def _refuse_repeated(repeated: Mapping[int, Sequence[str]]) -> None:
    """Refuse a field that is there twice: of two labels nobody knows which one is meant."""
    problems = [
        Problem(record=place, field=shown(name[:_SHOWN]), found="", message="is there twice; send it once.")
        for place, names in sorted(repeated.items())
        for name in names
    ]
    if problems:
        raise RecordError(problems[:MOST_PROBLEMS], len(problems))
