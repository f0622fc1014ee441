"""`TableReader`: reads rows of a table as feedback, by whole columns.

What is plainly well written is read by Polars; every other cell by the very functions that read a request
(`mainstay.events.fields`), so that a row is taken exactly where it would be taken over HTTP.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from mainstay.contract import Number
from mainstay.contract.reading import shown
from mainstay.errors import Problem
from mainstay.events.feedback import MOST_PROBLEMS
from mainstay.events.fields import (
    AHEAD,
    NO_ID,
    NOTHING,
    Wrong,
    read_amount,
    read_followed,
    read_id,
    read_label,
    read_time,
)
from mainstay.events.records import Feedback, Kpi
from mainstay.events.scan import TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mainstay.events.outcomes.layout import Layout
    from mainstay.models.task import Task

    Slow = Callable[[Any], object]

_ID = r"^[!-~]{1,128}$"
_MOMENT = r"^[12]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3}|\.\d{6})?Z$"
_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
_NO_WHOM = "is missing; expected whom it is about."
_NO_TIME = "is missing; expected when it happened."
_AMOUNT = Number(name="amount")  # a text is read as every number is: "1_000" is none
_VALUE = "kpi."


@dataclass(frozen=True)
class TableRead:
    """What a part of a table says.

    Parameters
    ----------
    rows : DataFrame
        One row per row: ``row``, its place in the table from 0; ``id`` of the answer, or ``entity`` (pseudonym) and
        ``time``; ``at``, and whether that was ``said``; ``label`` (text, or the amount), ``followed``, and one column
        ``kpi.<name>`` per KPI. Of no use where there are problems.
    problems : tuple of Problem
        Why rows can't be used, the first hundred.
    total : int
        How many can't be.

    """

    rows: pl.DataFrame
    problems: tuple[Problem, ...]
    total: int


class TableReader:
    """Reads tables of one layout.

    Parameters
    ----------
    layout : Layout
        Which column says what.
    task : Task
        What the labels are.
    now : datetime
        When the table arrived.
    pseudonym : callable, optional
        From a cell to the pseudonym of whom it is about; raises `Wrong`.

    """

    def __init__(self, layout: Layout, task: Task, now: dt.datetime, pseudonym: Slow | None = None) -> None:
        self._layout = layout
        self._task = task
        self._now = now
        self._pseudonym = pseudonym

    @property
    def by_entity(self) -> bool:
        """Whether rows say whom they are about, and not which answer."""
        return not self._layout.id

    def read(self, batch: pl.DataFrame, first: int = 0) -> TableRead:
        """Read rows, the first of which is number `first` of the table."""
        layout, cells = self._layout, _Cells(batch)
        told = {name: cells.of(name) for name in (layout.label, layout.followed, *layout.kpis.values()) if name}
        cells.demand(_any_known(told, batch.height), layout.label or next(iter(told)), NOTHING)
        columns = {
            "followed": self._followed(cells),
            **self._about(cells),
            **self._at(cells),
            "label": self._label(cells),
        }
        columns |= {_VALUE + name: _amount(cells, column) for name, column in layout.kpis.items()}
        rows = pl.DataFrame([series.alias(name) for name, series in columns.items()])
        return TableRead(rows.with_row_index("row", first), *cells.problems(first))

    def _about(self, cells: _Cells) -> dict[str, pl.Series]:
        layout = self._layout
        if layout.id:
            ids = cells.of(layout.id)
            cells.demand(ids.is_not_null(), layout.id, NO_ID)
            plain = _plain(ids, pl.String, lambda cell: pl.when(cell.str.contains(_ID)).then(cell))
            return {"id": cells.read(layout.id, plain, read_id)}
        whom = cells.of(layout.entity)
        cells.demand(whom.is_not_null(), layout.entity, _NO_WHOM)
        unread = pl.Series([None], dtype=pl.String).new_from_index(0, len(whom))
        hidden = cells.read(layout.entity, unread, self._pseudonym or str)
        times = self._time(cells, layout.time)
        cells.demand(cells.of(layout.time).is_not_null(), layout.time, _NO_TIME)
        return {"entity": hidden, "time": times}

    def _at(self, cells: _Cells) -> dict[str, pl.Series]:
        name = self._layout.at
        if not name:
            unsaid = pl.Series([self._now], dtype=TIME).new_from_index(0, cells.height)
            return {"at": unsaid, "said": pl.Series([False]).new_from_index(0, cells.height)}
        times = self._time(cells, name)
        return {"at": times.fill_null(self._now), "said": cells.of(name).is_not_null()}

    def _time(self, cells: _Cells, name: str) -> pl.Series:
        found = cells.of(name)
        if isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone:
            plain = found.dt.convert_time_zone("UTC").cast(TIME)
        else:
            plain = _plain(found, pl.String, lambda cell: _moment(pl.when(cell.str.contains(_MOMENT)).then(cell)), TIME)
        low, high = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), self._now + AHEAD
        sure = plain.is_between(low, high)
        return cells.read(name, plain.set(~sure, None), lambda cell: read_time(cell, self._now))

    def _label(self, cells: _Cells) -> pl.Series:
        name, task = self._layout.label, self._task
        if task.kind == "regression":
            return _amount(cells, name) if name else pl.Series([None], dtype=pl.Float64).new_from_index(0, cells.height)
        if not name:
            return pl.Series([None], dtype=pl.String).new_from_index(0, cells.height)
        labels = list(task.labels or (task.positive, task.negative))
        plain = _plain(cells.of(name), pl.String, lambda cell: pl.when(cell.is_in(labels)).then(cell))
        return cells.read(name, plain, lambda cell: read_label(task, cell))

    def _followed(self, cells: _Cells) -> pl.Series:
        name = self._layout.followed
        if not name:
            return pl.Series([None], dtype=pl.Boolean).new_from_index(0, cells.height)
        found = cells.of(name)
        if found.dtype == pl.Boolean:
            return found
        words = {"true": True, "false": False}
        plain = _plain(
            found,
            pl.String,
            lambda cell: cell.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean),
            pl.Boolean,
        )
        return cells.read(name, plain, read_followed)


class _Cells:
    """The cells of a batch, and the first thing that is wrong with each row."""

    def __init__(self, batch: pl.DataFrame) -> None:
        self.height = batch.height
        self._batch = batch
        self._wrong: dict[int, Wrong] = {}

    def of(self, name: str) -> pl.Series:
        """Give a column as JSON would carry it."""
        cells = self._batch[name]
        if isinstance(cells.dtype, pl.Categorical | pl.Enum):
            return cells.cast(pl.String)
        return cells.cast(pl.Float64) if isinstance(cells.dtype, pl.Decimal) else cells

    def demand(self, good: pl.Series, name: str, message: str) -> None:
        """Note rows that lack something."""
        for place in (~good).arg_true():
            self._wrong.setdefault(place, Wrong(name, None, message))

    def read(self, name: str, plain: pl.Series, slow: Slow) -> pl.Series:
        """Read by `slow` the cells that `plain` couldn't."""
        cells = self.of(name)
        places = (plain.is_null() & cells.is_not_null()).arg_true()
        if not len(places):
            return plain
        known: dict[object, object] = {}
        values = []
        for place, cell in zip(places, cells.gather(places), strict=True):
            try:
                if (type(cell), cell) not in known:
                    known[type(cell), cell] = slow(cell)
                values.append(known[type(cell), cell])
            except Wrong as wrong:
                self._wrong.setdefault(place, Wrong(name, wrong.found, wrong.message))
                values.append(None)
        return plain.scatter(places, pl.Series(values, dtype=plain.dtype))

    def problems(self, first: int) -> tuple[tuple[Problem, ...], int]:
        """Say what is wrong, in order of the rows."""
        some = sorted(self._wrong.items())[:MOST_PROBLEMS]
        told = tuple(
            Problem(record=first + place, field=wrong.field, found=shown(wrong.found), message=wrong.message)
            for place, wrong in some
        )
        return told, len(self._wrong)


def feedback_lines(rows: pl.DataFrame, model: str, now: dt.datetime, new_id: Callable[[], str]) -> Iterator[Feedback]:
    """Make the lines of rows that have their ids."""
    names = [name for name in rows.columns if name.startswith(_VALUE)]
    bare = [name.removeprefix(_VALUE) for name in names]
    for name, at, label, followed, *values in rows.select("id", "at", "label", "followed", *names).iter_rows():
        kpis = tuple(Kpi(each, value) for each, value in zip(bare, values, strict=True) if value is not None)
        yield Feedback(
            id=name, event=new_id(), model=model, received=now, at=at, label=label, kpis=kpis, followed=followed
        )


def _any_known(told: Mapping[str, pl.Series], height: int) -> pl.Series:
    known = pl.Series([False]).new_from_index(0, height)
    for series in told.values():
        known |= series.is_not_null()
    return known


def _amount(cells: _Cells, name: str) -> pl.Series:
    found = cells.of(name)
    if found.dtype.is_numeric():
        plain = found.cast(pl.Float64)
        plain = plain.set(~plain.is_finite(), None)
    else:
        plain = _plain(found, pl.String, lambda cell: _AMOUNT.parse_cells(cell, "text"), pl.Float64)
    return cells.read(name, plain, lambda cell: _read_amount(name, cell))


def _read_amount(name: str, cell: object) -> float:
    amount = _AMOUNT.parse(cell) if isinstance(cell, str) else None
    return read_amount(name, cell if amount is None else amount)


def _plain(
    cells: pl.Series,
    kind: type[pl.DataType],
    read: Callable[[pl.Expr], pl.Expr],
    gives: pl.DataType | type[pl.DataType] = pl.String,
) -> pl.Series:
    """Read the cells of a column by an expression where they are of a kind; null elsewhere."""
    if cells.dtype != kind:
        return pl.Series([None], dtype=gives).new_from_index(0, len(cells))
    return cells.to_frame("cell").select(read(pl.col("cell"))).to_series()


def _moment(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_datetime(_FORMAT, time_unit="us", time_zone="UTC", strict=False)
