"""From the event log to rows that can be learned from: as they were served, with the outcomes known at a moment."""

from __future__ import annotations

import datetime as dt
import getpass
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from mainstay.contract import FILE, load_contract
from mainstay.contract.table import check_table
from mainstay.data.logged.columns import DEGRADED, ENTITY, ID, TIME, WEIGHT
from mainstay.data.logged.effects import with_effects
from mainstay.data.logged.span import Span
from mainstay.data.logged.treated import all_rows, untreated
from mainstay.data.roles import with_roles
from mainstay.data.settings import DataSettings
from mainstay.data.sieve import Step, ledger_of
from mainstay.data.sources.base import Source, Stream, held
from mainstay.data.words import count, lasting, rows
from mainstay.errors import DataError
from mainstay.events import Access, IdMaker, open_log
from mainstay.events.read import FEATURE, read_feedback, scan_predictions
from mainstay.events.truth import ORDER

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.data.sieve import LedgerLine
    from mainstay.events import EventLog
    from mainstay.project import Project

SHADOW, YOUNG, NO_MODEL = "shadow", "young", "no model"
LOGGED = "logged"
"""The first step: what the log holds of the span."""
_GIVEN = ("id", "time", "role", "answer", "entity", "degraded", "fallback")
_DECIDED = ("decision", "control", "intended", "sampled")
_FALLEN = "the contract keeps them from the model, so that the fallback answered"
_NOBODY = "answers that nobody was given"


@dataclass(frozen=True)
class Logged:
    """Rows of the event log, ready for `take_snapshot`.

    Parameters
    ----------
    span : Span
        Which part of the log.
    frame : DataFrame
        One row per request, in order of time: each feature as it was served, the target (null while its outcome wasn't
        known), and ``mainstay.id``, ``mainstay.time``, ``mainstay.degraded``, ``mainstay.weight`` (how many records it
        stands for); ``mainstay.entity`` (a pseudonym) where somebody was asked about twice.
    ledger : tuple of LedgerLine
        What became of every prediction of the span.
    words : str
        What the weights do, for a reader; empty where all weigh the same.

    """

    span: Span
    frame: pl.DataFrame
    ledger: tuple[LedgerLine, ...]
    words: str = ""

    @property
    def source(self) -> Source:
        """The same as a source, which `take_snapshot` takes in place of the project's own."""
        return Source("", span=self.span)


def from_events(
    project: Project,
    since: dt.datetime | None,
    until: dt.datetime,
    *,
    known_at: dt.datetime | None = None,
    contract: Contract | None = None,
    log: EventLog | None = None,
    by: str = "",
) -> Logged:
    """Read the log of a project as rows to learn from.

    A row holds what the model saw, bit for bit: the features as they were served, after the policies of the contract.
    Nothing is joined to them later but the outcome, as it was known at `known_at`; so the same span gives the same
    rows, whenever it is read. Answers younger than ``[monitoring] label_delay`` at that moment are left out, even those
    whose outcome is known: outcomes that come early aren't like the others (cancellations are known at once, loyalty
    takes a month). Answers of shadows are left out, and of records that were acted on; see ``[data] treated``. Where
    the fallback answered because the model failed, the record is there: its features are what they are. One that the
    contract keeps from the model isn't.

    That somebody read it is written into the stream ``audit`` of the log.

    Parameters
    ----------
    project : Project
        Whose log.
    since, until : datetime
        Answers from the first moment on (None: from the beginning), until just before the second, UTC.
    known_at : datetime, optional
        Outcomes that had arrived by then; by `until` unless given.
    contract : Contract, optional
        Says which features there are; the project's own unless given.
    log : EventLog, optional
        Another log than the project's own.
    by : str
        Who asks, for the audit; who runs the process unless given.

    Raises
    ------
    DataError
        Where the log holds nothing of the span; or records were acted on, and none was kept from it.
    StoreError
        Where it can't be written down that somebody read.

    """
    return read_log(Span(project, since, until, known_at or until, contract, log), by=by)


def open_events(source: Source) -> Stream:
    """Open the log as a source."""
    if source.span is None:
        raise DataError("Nothing says whose event log is meant.", "Name it: mainstay.data.from_events(project, …).")
    found = read_log(source.span)
    stream = held(found.frame, f"the event log {found.span.words}", unchanged=lambda: None)
    return replace(stream, before=found.ledger, stands=found.words)


def read_log(span: Span, *, by: str = "") -> Logged:
    """Read a span of the log; raises as `from_events`."""
    project = span.project
    contract = span.contract or load_contract(span.rules.root / FILE)
    settings = with_roles(span.rules.section("data", DataSettings), contract, span.rules)
    log = span.log or open_log(project)
    around = _around(log, span, contract, settings)
    found = around.filter(_inside(span))
    if not found.height:
        raise DataError(
            f"The event log of {project.name} holds no answer {span.words}.",
            "Serve first, or name another span: since, until.",
        )
    due, steps = _due(found, span, settings.target)
    answered, fallen = _by_models(due, contract)
    if not answered.height:
        raise DataError(
            f"None of {rows(found.height)} of the event log can be learned from: {_why((*steps, fallen))}.",
            f"Wait until outcomes are due ([monitoring] label_delay, {lasting(span.delay)}), or name an earlier span.",
        )
    left, step, words = all_rows(answered) if settings.treated == "keep" else untreated(answered, span.delay)
    _note(log, span, left.height, by)
    ledger = _ledger(found.height, span, (*steps, fallen, step), words)
    return Logged(replace(span, contract=contract), _table(left, contract, settings.target), ledger, words)


def _inside(span: Span) -> pl.Expr:
    until = pl.col("time") < span.until
    return until if span.since is None else until & (pl.col("time") >= span.since)


def _around(log: EventLog, span: Span, contract: Contract, settings: DataSettings) -> pl.DataFrame:
    """Read the answers of the span, and those whose actions reach into it, with what was known of each."""
    begin, end = (None if span.since is None else span.since - span.delay), max(span.until, span.known_at)
    columns = (*_GIVEN, *_DECIDED, *(FEATURE + name for name in contract.feature_names))
    found = scan_predictions(log, contract, begin, end, span.project.name, columns=columns).frame.sort("time", "id")
    labelled = found.join(_known(log, span, begin, settings.target), on="id", how="left", maintain_order="left")
    given = (pl.col("role") != "shadow") & pl.col("answer").is_null()
    marked = labelled.with_columns(given.alias("given"))
    effects = with_effects(marked.filter("given"), span.rules, settings, span.delay)
    return pl.concat([effects, marked.filter(~pl.col("given"))], how="diagonal").sort("time", "id")


def _known(log: EventLog, span: Span, begin: dt.datetime | None, target: str) -> pl.DataFrame:
    """Give one row per prediction id with its outcome and whether it was acted on as decided, as known at the moment.

    Of several the latest to become true counts, as in `mainstay.events.truth`; but labels stay texts here, since what
    the target's labels are is read off the rows, as of any source.
    """
    columns = ("id", "label", *ORDER, "followed")
    ordered = read_feedback(log, begin, span.known_at, span.project.name, columns=columns).sort(ORDER)
    label = ordered.filter(pl.col("label").is_not_null()).group_by("id").agg(pl.col("label").last().alias(target))
    done = ordered.filter(pl.col("followed").is_not_null()).group_by("id").agg(pl.col("followed").last())
    return label.join(done, on="id", how="full", coalesce=True)


def _due(found: pl.DataFrame, span: Span, target: str) -> tuple[pl.DataFrame, tuple[Step, ...]]:
    """Keep the answers that a caller got and whose outcome is due."""
    given = found.filter("given")
    is_due = pl.col("time") <= span.known_at - span.delay
    due, early = given.filter(is_due), given.filter(~is_due)[target].count()
    known = f"; the outcome of {count(early)} is known, and those known early aren't like the others" if early else ""
    why = f"younger than outcomes take, {lasting(span.delay)}{known}"
    shadows, young = found.height - given.height, given.height - due.height
    return due, (Step(SHADOW, shadows, {_NOBODY: shadows}), Step(YOUNG, young, {why: young}))


def _by_models(answered: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, Step]:
    """Leave out the records that the contract keeps from the model; where the model failed, they are what they are."""
    fallen = answered.filter("fallback")
    features = pl.DataFrame([fallen[FEATURE + name].alias(name) for name in contract.feature_names])
    checked = check_table(contract, features)
    good = fallen[checked.rows].filter(~checked.fallback)
    left = answered.join(fallen.join(good, on="id", how="anti"), on="id", how="anti")
    taken = answered.height - left.height
    return left, Step(NO_MODEL, taken, {_FALLEN: taken})


def _table(left: pl.DataFrame, contract: Contract, target: str) -> pl.DataFrame:
    features = [pl.col(FEATURE + name).alias(name) for name in contract.feature_names]
    whose = pl.coalesce("entity", "id").alias(ENTITY)
    table = left.select(
        *features,
        pl.col(target).cast(pl.String),
        pl.col("id").alias(ID),
        pl.col("time").alias(TIME),
        (pl.col("degraded") | pl.col("fallback")).alias(DEGRADED),
        pl.col("weight").alias(WEIGHT),
        whose,
    )
    return table if table[ENTITY].n_unique() < table.height else table.drop(ENTITY)


def _ledger(n: int, span: Span, steps: tuple[Step, ...], words: str) -> tuple[LedgerLine, ...]:
    first, *lines = ledger_of(n, f"answers {span.words}, each request once", steps)
    first = type(first)(LOGGED, first.rows_in, first.rows_out, first.reason)
    last = type(first)("weights", lines[-1].rows_out if lines else n, lines[-1].rows_out if lines else n, words)
    return (first, *lines, last) if words else (first, *lines)


def _why(steps: tuple[Step, ...]) -> str:
    return "; ".join(f"{reason} ({rows(n)})" for step in steps for reason, n in step.counts.items() if n)


def _note(log: EventLog, span: Span, n: int, by: str) -> None:
    """Write down that somebody read what is said of people, before they get it."""
    who = by
    with suppress(KeyError, OSError):
        who = who or getpass.getuser()
    read = Access(
        id=IdMaker()(),
        at=dt.datetime.now(dt.UTC),
        model=span.project.name,
        kind="train",
        by=who or "unknown",
        subject=span.words,
        events=n,
    )
    log.append("audit", [read])
    log.close()
