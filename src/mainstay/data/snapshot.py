"""`Snapshot`: the rows a model is learned from and judged on, and what became of every other row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contract.table import learn_fills
from mainstay.data.demands import refuse_wrong_columns
from mainstay.data.holdout import SplitKind, hold_out, plan_split
from mainstay.data.inputs import derive_inputs, refuse_free_text, weigh
from mainstay.data.logged import ID, Logged, split_of, stands_of
from mainstay.data.prior import Prior, read_prior
from mainstay.data.roles import with_roles
from mainstay.data.rows import Rows
from mainstay.data.screen import Wanted, screen
from mainstay.data.segments import label_rows
from mainstay.data.settings import DataSettings, SplitBy
from mainstay.data.sieve import NO_LOSS, UNLABELLED, LedgerLine, explain_losses
from mainstay.data.source import Opened, Source, as_written, open_source, resolve_source, source_of
from mainstay.data.survey import gather, survey
from mainstay.data.target import MIN_ROWS, choose_goal, find_target
from mainstay.data.versions.digest import stamp_of
from mainstay.data.versions.state import restore
from mainstay.data.words import count, rows
from mainstay.errors import DataError
from mainstay.measures.standing_in import effective_rows, resample
from mainstay.models.features import read_code, seen_by
from mainstay.models.pricing import refuse_unsound_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.data.screen import Screened
    from mainstay.models.features import Features
    from mainstay.models.task import Task
    from mainstay.project import Project

__all__ = ["LedgerLine", "Rows", "Snapshot", "Split", "SplitKind", "take_snapshot"]
Split = Literal["train", "test"]
MOST_LABELS = 100


@dataclass(frozen=True)
class Snapshot:
    """A source, frozen: what is learned from, what is held out, what was refused and why.

    Parameters
    ----------
    project : str
        Name of the model.
    contract : Contract
        The contract the rows keep to; fills that had to be learned are in it.
    task : Task
        What is predicted.
    train, test : Rows
        The two sides of the split.
    fingerprint : str
        Digest of the source's content, the same for any layout of the same rows.
    ledger : tuple of LedgerLine
        Every step with its rows in and out; each line starts where the one before ended.
    segments : tuple of str
        Columns whose groups are judged apart.
    quarantine : Path or None
        File of the refused rows, each with its row number and the rules it broke; None where none was refused.
    split : str
        How rows were held out, in words.
    split_kind : {"random", "time", "group"}
        The same for a program.
    time : str
        Column that rows are ordered by, several joined by `` + ``; empty but under a split by time.
    source : Source
        Where the rows came from.
    refused : mapping of str to int
        Rows refused, by rule.
    flags : mapping of str to int
        What the contract's policies did to accepted rows: clipped, imputed, ...
    target_words, positive_why : str
        The target in words; why its positive label counts as yes where that was guessed.
    features : Features, optional
        The project's feature code, where it has some.
    prior : Prior, optional
        What rows stand for, where labels were sampled unevenly.
    opened : Opened, optional
        The source as it was read, to be read again.
    stamp : tuple
        Its files with size and time just before they were read; see `mainstay.data.versions.digest.stamp_of`.

    """

    project: str
    contract: Contract
    task: Task
    train: Rows
    test: Rows
    fingerprint: str
    ledger: tuple[LedgerLine, ...]
    segments: tuple[str, ...]
    quarantine: Path | None
    split: str
    split_kind: SplitKind
    time: str
    source: Source
    refused: Mapping[str, int]
    flags: Mapping[str, int]
    target_words: str = ""
    positive_why: str = ""
    features: Features | None = None
    prior: Prior | None = None
    opened: Opened | None = field(default=None, repr=False)
    stamp: tuple[tuple[str, int, int], ...] = ()

    @property
    def inputs(self) -> Contract:
        """What the model sees, column by column of `X`: the contract, or what feature code makes of it."""
        return seen_by(self.contract, self.features)

    @property
    def rows_read(self) -> int:
        """How many rows the source holds."""
        return next(line.rows_in for line in self.ledger if line.step == "read")

    @property
    def rows_lost(self) -> int:
        """How many of them are in quarantine."""
        return sum(line.rows_in - line.rows_out for line in self.ledger if line.step not in NO_LOSS)

    @property
    def rows_unlabelled(self) -> int:
        """How many of these have no outcome; they are no loss, there is nothing to learn from them."""
        return sum(line.rows_in - line.rows_out for line in self.ledger if line.step == UNLABELLED)

    @property
    def stands(self) -> str:
        """What rows stand for beside themselves, for a reader; empty where each is one record."""
        weighed = self.opened.stream.stands if self.opened else ""
        words = (self.prior.words if self.prior else "", f"{weighed}." if weighed else "")
        return " ".join(each for each in words if each)

    def stand_for(self, rows: Rows) -> NDArray[np.float64] | None:
        """Give how many records of the world each row stands for; shape (n,). None where each stands for one."""
        if self.prior is None:
            return rows.stands
        mass = self.prior.weigh(rows.y)
        return mass if rows.stands is None else mass * rows.stands

    def as_the_world(self, rows: Rows) -> NDArray[np.int64]:
        """Give places of rows that are together as the world is: as many as rows of equal weight would say as much."""
        if rows.stands is None:
            return np.arange(len(rows)) if self.prior is None else self.prior.thin(rows.y)
        mass = rows.stands if self.prior is None else self.prior.weigh(rows.y) * rows.stands
        return resample(mass, round(effective_rows(mass)))


def take_snapshot(project: Project, contract: Contract, *, source: Source | Logged | Path | None = None) -> Snapshot:
    """Read the project's source, hold it against the contract and split it.

    Refused rows are written to ``.mainstay/quarantine/``, named after the fingerprint. Nothing is random but the seed
    in ``[data]``: the same content gives the same snapshot, however its file is laid out.

    Parameters
    ----------
    project : Project
        Its ``[data]`` section says what to read and how to split.
    contract : Contract
        What a record must look like.
    source : Source, Logged or Path, optional
        Another one instead of the project's own: a file, or what `mainstay.data.from_events` gave.

    Raises
    ------
    DataError
        Where the source can't be read, the target isn't there, or nothing can be learned from what is left.
    ProjectError
        Where ``[data]`` names a column the source doesn't have; an amount of ``[money]`` can't be worked out of the
        contract's records; or ``features.py`` can't be used.

    """
    refuse_unsound_amounts(project.money, contract, project.file)
    code = read_code(project.root)
    refuse_free_text(contract, code)
    settings = with_roles(project.section("data", DataSettings), contract, project)
    asked = _source(project, contract, settings, source)
    if asked.path is not None:
        restore(asked.path)
    stamp = stamp_of(asked.path) if asked.path is not None else ()
    opened = open_source(asked)
    names = opened.schema.names()
    settings = split_of(settings, names)
    target = find_target(names, settings.target, opened.source.name)
    refuse_wrong_columns(project, contract, settings, names)
    found = survey(opened, most=settings.max_rows, seed=settings.seed)
    deciding = gather(opened, found, [target, *_split_columns(settings, target)])
    goal = choose_goal(deciding.get_column(target), settings.positive, classes=settings.classes)
    plan = plan_split(deciding, project, settings)
    labels = deciding.get_column(target).drop_nulls().unique(maintain_order=True).head(MOST_LABELS)
    wanted = Wanted(contract, goal.task, labels, settings)
    left = screen(opened, found, wanted, project.books / "quarantine")
    if plan.keys is not None:
        plan = replace(plan, keys=plan.keys[found.places(left.index)])
    _refuse_too_few(left)
    choose_goal(left.told.get_column(target), goal.task.positive, classes=settings.classes)
    held = hold_out(plan, left.digests, left.y, goal.task)
    filled = learn_fills(contract, left.good.filter(~held))
    features, X = derive_inputs(filled, code, left.good, ~held, goal.task.target)
    whole = Rows(
        X=X,
        y=left.y,
        segments=label_rows(left.good, left.told, settings.segments, ~held, own=_personal(contract)),
        times=np.asarray(plan.keys, dtype=np.float64) if plan.kind == "time" else None,
        groups=np.asarray(plan.keys, dtype=np.str_) if plan.kind == "group" else None,
        index=left.index,
        frame=left.good,
        weights=weigh(contract, left.good, left.index, opened.source.name),
        stands=stands_of(left.good),
    )
    order = np.arange(len(left.y)) if whole.times is None else np.argsort(whole.times, kind="stable")
    return Snapshot(
        project=project.name,
        contract=filled,
        task=goal.task,
        train=whole.take(order[~held[order]]),
        test=whole.take(order[held[order]]),
        fingerprint=found.fingerprint,
        ledger=(*opened.stream.before, *left.ledger, LedgerLine("split", len(left.y), len(left.y), plan.words(held))),
        segments=settings.segments,
        quarantine=left.quarantine,
        split=plan.words(held),
        split_kind=plan.kind,
        time=plan.column if plan.kind == "time" else "",
        source=opened.source,
        refused=left.counts,
        flags=left.flags,
        target_words=goal.words,
        positive_why=goal.why,
        features=features,
        prior=None if ID in names else read_prior(project, settings, goal.task, left.y[~held]),
        opened=opened,
        stamp=stamp,
    )


def _personal(contract: Contract) -> frozenset[str]:
    return frozenset(column.name for column in contract.columns if column.personal)


def _source(
    project: Project, contract: Contract, settings: DataSettings, other: Source | Logged | Path | None
) -> Source:
    """Give what is to be read: the project's own source, or another in its place, read in the same way."""
    tensors = tuple(column.name for column in contract.columns if column.type == "tensor")
    if other is None:
        said = resolve_source(project, settings)
    elif isinstance(other, Logged):
        said = as_written(other.source, settings)
    else:
        said = other if isinstance(other, Source) else as_written(source_of(other), settings)
    span = None if said.span is None else replace(said.span, contract=contract)
    return replace(said, tensors=tensors, span=span)


def _split_columns(settings: DataSettings, target: str) -> tuple[str, ...]:
    by = settings.split_by
    return tuple(name for name in by.columns if name != target) if isinstance(by, SplitBy) else ()


def _refuse_too_few(left: Screened) -> None:
    if left.told.height >= MIN_ROWS:
        return
    usable = f"{rows(left.told.height)} of {count(left.ledger[0].rows_in)} can be used"
    raise DataError(
        f"Only {usable} ({explain_losses(left.ledger)}); at least {MIN_ROWS} are needed.",
        f"Look at the refused rows in {left.quarantine} and mend them, or the contract.",
    )
