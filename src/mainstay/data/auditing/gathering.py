"""One pass over the rows: what can be counted batch by batch, and the sample that is looked at together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.auditing.repeats import RepeatCounter, Repeats
from mainstay.data.auditing.sampling import RowSampler, Sampled
from mainstay.data.auditing.tally import Tally, merge, tally
from mainstay.data.facts import Facts
from mainstay.data.inputs import FALLBACK, leave_fallbacks
from mainstay.data.sieve import UNLABELLED, LedgerLine, Sieve, add_counts
from mainstay.data.target import choose_goal, encode_target, stray_words
from mainstay.data.words import count, rows
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Contract
    from mainstay.models.task import Task

MOST_QUARANTINED = 100_000
"""Refused rows that are written down; the others are counted."""
_STEPS = ("read", UNLABELLED, "target", "contract", "fallback")


@dataclass(frozen=True)
class Brief:
    """What is known about a table before it is audited.

    Parameters
    ----------
    name : str
        The model, or the table.
    source, words : str
        Where the rows come from, and how they are written.
    fingerprint : str
        Of their content.
    contract : Contract, optional
        What a row must look like; without one nothing is refused and every column may be a feature.
    target, positive : str
        Column of the truth and its label that counts as yes; may be empty.
    time : str, or tuple of str
        Column that says when a row was known, or the parts of a time, the most significant first; may be empty.
    entity : str
        Column that says who a row is about; may be empty.
    least : float
        Score the data must reach.
    classes : bool
        Whether numbers in the target are labels.

    """

    name: str
    source: str
    words: str = ""
    fingerprint: str = ""
    contract: Contract | None = None
    target: str = ""
    positive: str = ""
    time: str | tuple[str, ...] = ""
    entity: str = ""
    least: float = 60.0
    classes: bool = False

    @property
    def times(self) -> tuple[str, ...]:
        """The columns of `time`."""
        return ((self.time,) if self.time else ()) if isinstance(self.time, str) else self.time


@dataclass(frozen=True)
class Gathered:
    """What one pass found.

    Parameters
    ----------
    tallies : tuple of Tally
        In the order of the source.
    sample : Sampled
        The rows to look at together.
    repeats : Repeats
        Rows that are there more than once.
    task : Task or None
        What is predicted; None where no target is named or it can't be learned.
    ledger : tuple of LedgerLine
        Steps of all rows.
    broken : dict of str to int
        Rows refused, by rule.
    flags : dict of str to int
        Accepted rows per thing a policy did to them.
    refused : polars.DataFrame
        The refused rows, the first hundred thousand of them.
    notes : tuple of str
        What wasn't done, and why.

    """

    tallies: tuple[Tally, ...]
    sample: Sampled
    repeats: Repeats
    task: Task | None
    ledger: tuple[LedgerLine, ...]
    broken: dict[str, int]
    flags: dict[str, int]
    refused: pl.DataFrame
    notes: tuple[str, ...]


def gather(batches: Iterable[pl.DataFrame], brief: Brief) -> Gathered:
    """Read all rows once.

    Parameters
    ----------
    batches : iterable of polars.DataFrame
        In the order of the source, all of one schema.
    brief : Brief
        What is known beforehand.

    Raises
    ------
    DataError
        Where there isn't a single row.

    """
    feed = iter(batches)
    first = next(feed, None)
    if first is None or not first.height:
        raise DataError(f"{brief.source} holds not one row.", "Give a source with at least one.")
    task, notes = _task(first, brief)
    ids = _ids(first, brief)
    tallies: dict[str, Tally] = {}
    sampler = RowSampler(first.width)
    repeats = RepeatCounter(first.columns, ids, _features(first.columns, ids, brief), brief.target)
    checker = _Checker(brief.contract, task)
    start = 0
    batch: pl.DataFrame | None = first
    while batch is not None:
        for cells in batch.get_columns():
            tallies[cells.name] = merge(tallies[cells.name], tally(cells, start)) if start else tally(cells)
        sampler.add(batch)
        repeats.add(batch)
        checker.add(batch, start)
        start += batch.height
        batch = next(feed, None)
    return Gathered(
        tallies=tuple(tallies.values()),
        sample=sampler.take(),
        repeats=repeats.take(),
        task=task,
        ledger=checker.ledger(brief),
        broken=checker.broken,
        flags=checker.flags,
        refused=checker.refused(),
        notes=(*notes, *checker.notes()),
    )


class _Checker:
    """Holds each batch against the contract, as training does with the whole table."""

    def __init__(self, contract: Contract | None, task: Task | None) -> None:
        self._contract, self._task = contract, task
        self._steps: dict[str, list[int]] = {step: [0, 0] for step in _STEPS}
        self._reasons: dict[str, dict[str, int]] = {step: {} for step in _STEPS}
        self._out: list[pl.DataFrame] = []
        self._kept = self._left = 0
        self.broken: dict[str, int] = {}
        self.flags: dict[str, int] = {}

    def add(self, batch: pl.DataFrame, start: int) -> None:
        sieve = Sieve.of(batch, "")
        sieve = replace(sieve, index=sieve.index + start)
        self._note("read", batch.height, batch.height, {})
        if self._task is not None:
            unknown = np.isnan(encode_target(batch[self._task.target], self._task))
            gone = batch[self._task.target].is_null().to_numpy()
            sieve = sieve.refuse(UNLABELLED, gone, f"{self._task.target}: missing, so nothing can be learned")
            self._note(UNLABELLED, batch.height, sieve.frame.height, dict(sieve.counts))
            before = sieve
            odd = unknown[~gone]
            sieve = sieve.refuse("target", odd, f"{self._task.target}: {stray_words(self._task)}")
            new = {why: n for why, n in sieve.counts.items() if why not in before.counts}
            self._note("target", before.frame.height, sieve.frame.height, new)
        if self._contract is not None:
            before = sieve
            sieve, checked = sieve.check(self._contract)
            new = {rule: n for rule, n in sieve.counts.items() if rule not in before.counts}
            self._note("contract", before.frame.height, sieve.frame.height, new)
            self.flags = add_counts(self.flags, checked.flags)
            before = sieve
            sieve, _ = leave_fallbacks(sieve, checked)
            fallen = before.frame.height - sieve.frame.height
            self._note("fallback", before.frame.height, sieve.frame.height, {FALLBACK: fallen})
        self.broken = add_counts(self.broken, sieve.counts)
        self._keep(sieve.quarantined)

    def ledger(self, brief: Brief) -> tuple[LedgerLine, ...]:
        """Give every step that was taken, with the reasons of all batches."""
        lines = []
        for step, (rows_in, rows_out) in self._steps.items():
            if not rows_in:
                continue
            if step in ("fallback", UNLABELLED) and rows_in == rows_out:
                continue
            reasons = sorted(self._reasons[step].items(), key=lambda pair: (-pair[1], pair[0]))
            told = "; ".join(f"{rule} ({rows(n)})" for rule, n in reasons if n) or "every row keeps to it"
            words = f"{brief.source}, {brief.words}" if brief.words else brief.source
            lines.append(LedgerLine(step, rows_in, rows_out, words if step == "read" else told))
        return tuple(lines)

    def refused(self) -> pl.DataFrame:
        return pl.concat(self._out, how="vertical_relaxed") if self._out else pl.DataFrame()

    def notes(self) -> tuple[str, ...]:
        if not self._left:
            return ()
        kept, left = count(self._kept), count(self._left)
        return (f"Only the first {kept} refused rows are in quarantine; {left} more are only counted.",)

    def _note(self, step: str, rows_in: int, rows_out: int, reasons: dict[str, int]) -> None:
        self._steps[step][0] += rows_in
        self._steps[step][1] += rows_out
        told = self._reasons[step]
        for rule, n in reasons.items():
            told[rule] = told.get(rule, 0) + n

    def _keep(self, out: pl.DataFrame) -> None:
        room = max(0, MOST_QUARANTINED - self._kept)
        self._left += max(0, out.height - room)
        self._kept += min(out.height, room)
        if out.height and room:
            self._out.append(out.head(room))


def _task(first: pl.DataFrame, brief: Brief) -> tuple[Task | None, tuple[str, ...]]:
    if not brief.target or brief.target not in first.columns:
        return None, ("No target is named, so leaks and labels weren't looked at.",)
    try:
        return choose_goal(first[brief.target], brief.positive, classes=brief.classes).task, ()
    except DataError as error:
        return None, (f"Leaks and labels weren't looked at. {error.message}",)


def _ids(first: pl.DataFrame, brief: Brief) -> tuple[str, ...]:
    """Name the columns that tell rows apart by their nature: by the contract, or by what they look like."""
    if brief.contract is not None:
        ids = {column.name for column in brief.contract.columns if column.role == "id"} | {brief.entity}
        known = {column.name for column in brief.contract.columns}
    else:
        ids, known = {brief.entity}, set()
    return tuple(
        name
        for name in first.columns
        if name != brief.target and (name in ids or (name not in known and _looks_like_id(first[name])))
    )


def _looks_like_id(cells: pl.Series) -> bool:
    facts = Facts(cells)
    return facts.distinct == facts.known and (facts.named_like_an_id or facts.counter)


def _features(names: Sequence[str], ids: Sequence[str], brief: Brief) -> tuple[str, ...]:
    if brief.contract is not None:
        return brief.contract.feature_names
    return tuple(name for name in names if name not in ids and name not in (brief.target, *brief.times))
