"""`feedback`: what really happened, taken in from a file of any size: all of it, or none where a row is malformed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mainstay.contract.reading import complaint, read
from mainstay.data.quarantine import Quarantine
from mainstay.data.source import open_source, source_of
from mainstay.data.words import listing
from mainstay.errors import Problem, RecordError
from mainstay.events import IdMaker, open_pseudonyms
from mainstay.events.fields import Wrong
from mainstay.events.outcomes import Known, Matcher, TableReader, feedback_lines, lay_out, read_answers
from mainstay.events.outcomes.matching import AMBIGUOUS
from mainstay.events.read import read_feedback, scan_predictions
from mainstay.events.sampling import is_kept
from mainstay.events.truth import made_at
from mainstay.release import open_books
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.contract import AnyColumn
    from mainstay.data.source import Opened
    from mainstay.events import EventLog
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books

_MOST_PROBLEMS = 100
_PORTION = 20_000  # lines written at once
_SLACK = dt.timedelta(hours=1)
"""A prediction is logged after its id was made, and clocks differ."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of outcomes.

    Parameters
    ----------
    rows : int
        Of the file.
    accepted : int
        Outcomes written to the log.
    repeated : int
        Outcomes that say what is known already; not written again.
    matched : int
        Rows matched to an answer by whom and when they are about.
    unmatched, ambiguous : int
        Those of them that fit no answer, or several; they stand with the reason in `unmatched_to`.
    unknown : int
        Accepted outcomes whose id fits no prediction in the log; kept, and never mixed into a measure.
    unsampled : int
        Accepted outcomes whose prediction ``[events] mode = "sample"`` left out of the log.
    corrected : int
        Answers that were told another label before; the latest counts.
    conflicting : int
        Those of them whose latest labels became true at the same moment.
    unmatched_to : str
        Where rows that weren't taken are; empty where there are none.
    ignored : tuple of str
        Columns that say nothing here.

    """

    rows: int
    accepted: int
    unknown: int
    repeated: int = 0
    matched: int = 0
    unmatched: int = 0
    ambiguous: int = 0
    unsampled: int = 0
    corrected: int = 0
    conflicting: int = 0
    unmatched_to: str = ""
    ignored: tuple[str, ...] = ()


def describe_taken(taken: Taken) -> tuple[str, ...]:
    """Say what became of a file of outcomes, a sentence for each thing that happened."""
    left = taken.unmatched + taken.ambiguous
    told = [
        f"{counted(taken.accepted, 'outcome')} taken",
        f"{counted(taken.repeated, 'outcome')} known already, and not written again" if taken.repeated else "",
        f"{taken.unsampled} for answers that the log keeps no line of, since it keeps a share of them"
        if taken.unsampled
        else "",
        f"{taken.unknown} for ids nobody predicted; they are kept, and in no measure" if taken.unknown else "",
        f"{counted(taken.corrected, 'answer')} told another label before; the latest counts" if taken.corrected else "",
        f"{taken.conflicting} of them told two labels for the same moment; the last one counts"
        if taken.conflicting
        else "",
        f"{counted(left, 'row')} not taken, {taken.ambiguous} of them since several answers fit; they stand with the "
        f"reason in {taken.unmatched_to}"
        if left
        else "",
        f"columns that say nothing here: {listing(taken.ignored)}" if taken.ignored else "",
    ]
    return tuple(each for each in told if each)


@dataclass(frozen=True)
class _Checked:
    """A file whose every row can be used: how many, and since when the answers they are about may have been given."""

    rows: int
    since: dt.datetime | None


def take_feedback(project: Project, source: Path, *, within: dt.timedelta | None = None) -> Taken:
    """Write the outcomes of a file to the log: all of them, or none where a row can't be used.

    Parameters
    ----------
    project : Project
        Whose outcomes.
    source : Path
        Rows by the id of the answer, or by whom they are about and when it happened.
    within : timedelta, optional
        How long after its answer an outcome may happen, where rows say whom they are about.

    Raises
    ------
    RecordError
        Where a row can't be used; it names rows and columns.
    DataError
        Where the file can't be read, or its columns don't say enough.

    """
    now = dt.datetime.now(dt.UTC)
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, books.release_in_force().champion, run=False)
        opened = open_source(source_of(source))
        task, column = bundle.policy.task, bundle.contract.entity
        layout = lay_out(
            opened.schema.names(), opened.source.name, target=task.target, entity=column.name if column else ""
        )
        reader = TableReader(layout, task, now, None if column is None else _hider(column, str))
        checked = _check(opened, reader, within, now)
        if layout.entity and column is not None:
            reader = TableReader(layout, task, now, _hider(column, open_pseudonyms(project.books)))
        known = Known(read_feedback(books.log, checked.since, model=project.name), task)
        about = _About(books, bundle, checked.since, within if layout.entity else None, by_entity=reader.by_entity)
        # Rows that are kept aside name whom they are about as the contract does: so erasing a person finds them.
        whom = {layout.entity: column.name} if column and column.name not in opened.schema else {}
        sink = _Sink(books.log, project.name, now, known, about)
        with Quarantine(project.books / "quarantine", f"{source.stem}.unmatched") as quarantine:
            first = 0
            for batch in opened.batches():
                left = sink.take(batch, reader.read(batch, first).rows, first)
                quarantine.add(left.rename(whom, strict=False))
                first += batch.height
        ignored = (*layout.ignored, *opened.skipped)
        return sink.taken(checked.rows, str(quarantine.path or ""), ignored)


class _Sink:
    """Takes in rows that can be used, a batch at a time, and counts what becomes of them."""

    def __init__(self, log: EventLog, model: str, now: dt.datetime, known: Known, about: _About) -> None:
        self._log, self._model, self._now, self._new_id = log, model, now, IdMaker()
        self._known, self._about = known, about
        self._counts = dict.fromkeys(("accepted", "repeated", "matched", "unmatched", "ambiguous"), 0)

    def take(self, batch: pl.DataFrame, rows: pl.DataFrame, first: int) -> pl.DataFrame:
        """Write the news of a batch; returns the rows that fit no answer, with the place of each and the reason."""
        left = batch.clear().with_columns(pl.lit(0).alias("row"), pl.lit("").alias("why"))
        if self._about.matcher is not None:
            met = self._about.matcher.match(rows)
            left, rows = self._unmatched(batch, met, first), met.filter(pl.col("why").is_null())
        news = self._known.news(rows)
        for part in news.iter_slices(_PORTION):
            self._log.append("feedback", feedback_lines(part, self._model, self._now, self._new_id))
        self._about.see(news["id"])
        self._add(accepted=news.height, repeated=rows.height - news.height)
        return left

    def taken(self, rows: int, unmatched_to: str, ignored: tuple[str, ...]) -> Taken:
        """Say what became of all rows."""
        corrected, conflicting = self._known.disagreements()
        unknown, unsampled = self._about.strangers()
        return Taken(
            rows=rows,
            unknown=unknown,
            unsampled=unsampled,
            corrected=corrected,
            conflicting=conflicting,
            unmatched_to=unmatched_to,
            ignored=ignored,
            **self._counts,
        )

    def _unmatched(self, batch: pl.DataFrame, met: pl.DataFrame, first: int) -> pl.DataFrame:
        left = met.filter(pl.col("why").is_not_null()).select("row", "why")
        ambiguous = int((left["why"] == AMBIGUOUS).sum())
        self._add(matched=met.height - left.height, unmatched=left.height - ambiguous, ambiguous=ambiguous)
        places = left["row"] - first
        return batch[places.to_list()].with_columns(left["row"].alias("row"), left["why"].alias("why"))

    def _add(self, **counts: int) -> None:
        for name, count in counts.items():
            self._counts[name] += count


class _About:
    """Which answers rows are about.

    Parameters
    ----------
    books : Books
        Whose log.
    bundle : Bundle
        The champion.
    since : datetime, optional
        Since when the answers may have been given.
    within : timedelta, optional
        How long after its answer an outcome may happen.
    by_entity : bool
        Whether rows say whom they are about; else they have ids.

    """

    def __init__(
        self, books: Books, bundle: Bundle, since: dt.datetime | None, within: dt.timedelta | None, *, by_entity: bool
    ) -> None:
        self._books, self._bundle = books, bundle
        self.matcher: Matcher | None = None
        self._known, self._strange = pl.Series(dtype=pl.String), [pl.Series("id", dtype=pl.String)]
        if by_entity:
            answers = read_answers(books.log, bundle.contract, since, None, books.project.name)
            self.matcher = Matcher(answers, within)
        else:
            self._known = self._ids(since)

    def see(self, ids: pl.Series) -> None:
        """Take note of the ids of rows."""
        if self.matcher is None:
            self._strange.append(ids.filter(~ids.is_in(self._known.implode())))

    def strangers(self) -> tuple[int, int]:
        """Count rows whose id fits no answer of the log, and those that were left out by sampling."""
        ids = pl.concat(self._strange)
        if ids.len():  # an id says when it was made; a simulated past it doesn't know
            ids = ids.filter(~ids.is_in(self._ids(None).implode()))
        events = self._books.log.settings
        kept = [is_kept(name, events.rate) for name in ids]
        return sum(kept), len(kept) - sum(kept)

    def _ids(self, since: dt.datetime | None) -> pl.Series:
        model = self._books.project.name
        wanted = ("id", "answer")
        found = scan_predictions(self._books.log, self._bundle.contract, since, None, model, columns=wanted).frame
        return found.filter(pl.col("answer").is_null())["id"]


def _check(opened: Opened, reader: TableReader, within: dt.timedelta | None, now: dt.datetime) -> _Checked:
    """Read every row once before anything is written."""
    problems: list[Problem] = []
    total, rows = 0, 0
    since: dt.datetime | None = now
    for batch in opened.batches():
        found = reader.read(batch, rows)
        problems += found.problems[: _MOST_PROBLEMS - len(problems)]
        total, rows = total + found.total, rows + batch.height
        if not total:
            begun = _earliest(found.rows)
            since = None if since is None or begun is None else min(since, begun)
    if problems:
        raise RecordError(problems, total)
    if since is not None and reader.by_entity:
        since = None if within is None else since - within
    return _Checked(rows, None if since is None else since - _SLACK)


def _earliest(rows: pl.DataFrame) -> dt.datetime | None:
    """Give the first moment that rows are about; None where an id is none of ours, which tells no time."""
    made = pl.from_epoch(made_at(), "ms").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    times = rows["time"] if "time" in rows.columns else rows.select(made).to_series()
    first = times.min()
    return first if isinstance(first, dt.datetime) and not times.null_count() else None


def _hider(column: AnyColumn, pseudonym: Callable[[str], str]) -> Callable[[object], str]:
    """Make what turns a cell into the pseudonym that the log has for it: read as in a request, then hashed."""

    def hide(cell: object) -> str:
        reading = read(column, cell)
        if reading.rule or reading.value is None:
            raise Wrong(column.name, cell, complaint(column, cell, reading.rule or "missing", ()))
        return pseudonym(str(reading.value))

    return hide
