"""`Snapshot`: the rows a model is learned from and judged on, and what became of every other row."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contract.table import encode_table, learn_fills
from mainstay.data.fingerprint import fingerprint
from mainstay.data.holdout import SplitKind, hold_out, plan_split
from mainstay.data.quarantine import write_quarantine
from mainstay.data.rows import Rows
from mainstay.data.segments import label_rows
from mainstay.data.settings import DataSettings, SplitBy
from mainstay.data.sieve import LedgerLine, Sieve, explain_losses
from mainstay.data.source import read_table, resolve_source
from mainstay.data.target import MIN_ROWS, choose_goal, encode_target, find_target
from mainstay.data.words import count, listing, rows
from mainstay.errors import ContractError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.models.task import Task
    from mainstay.project import Project

__all__ = ["LedgerLine", "Rows", "Snapshot", "Split", "SplitKind", "take_snapshot"]
Split = Literal["train", "test"]


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
        Column that rows are ordered by; empty but under a split by time.
    source : Path
        The file the rows came from.
    refused : mapping of str to int
        Rows refused, by rule.
    flags : mapping of str to int
        What the contract's policies did to accepted rows: clipped, imputed, ...
    target_words, positive_why : str
        The target in words; why its positive label counts as yes where that was guessed.

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
    source: Path
    refused: Mapping[str, int]
    flags: Mapping[str, int]
    target_words: str = ""
    positive_why: str = ""

    @property
    def rows_read(self) -> int:
        """How many rows the source holds."""
        return self.ledger[0].rows_in

    @property
    def rows_lost(self) -> int:
        """How many of them are in quarantine."""
        return self.rows_read - len(self.train) - len(self.test)


def take_snapshot(project: Project, contract: Contract, *, source: Path | None = None) -> Snapshot:
    """Read the project's source, hold it against the contract and split it.

    Refused rows are written to ``.mainstay/quarantine/``, named after the fingerprint. Nothing is random but the seed
    in ``[data]``: the same content gives the same snapshot, however its file is laid out.

    Parameters
    ----------
    project : Project
        Its ``[data]`` section says what to read and how to split.
    contract : Contract
        What a record must look like.
    source : Path, optional
        Another file instead of the project's own.

    Raises
    ------
    DataError
        Where the source can't be read, the target isn't there, or nothing can be learned from what is left.
    ProjectError
        Where ``[data]`` names a column the source doesn't have.

    """
    settings = project.section("data", DataSettings)
    path = source or resolve_source(project, settings)
    table = read_table(path, missing=settings.missing)
    target = find_target(table.frame.columns, settings.target, path.name)
    _refuse_wrong_columns(project, contract, settings, table.frame.columns)
    goal = choose_goal(table.frame[target], settings.positive)
    digest = fingerprint(table.frame)
    sieve = _refuse_unlabelled(Sieve.of(table.frame, f"{path.name}, {table.words}"), goal.task)
    sieve, plan = plan_split(sieve, project, settings)
    sieve, checked = sieve.check(contract)
    if plan.keys is not None:
        plan = replace(plan, keys=plan.keys[checked.rows.to_numpy()])
    quarantine = write_quarantine(sieve.quarantined, project.books / "quarantine", digest[:16])
    _refuse_too_few(sieve, quarantine)
    choose_goal(sieve.frame[target], goal.task.positive)
    y = encode_target(sieve.frame[target], goal.task)
    content = [name for name in contract.feature_names if name in sieve.frame.columns]
    held = hold_out(plan, sieve.frame.select(*content, target), y, goal.task)
    filled = learn_fills(contract, checked.good.filter(~held))
    whole = Rows(
        X=encode_table(filled, checked.good),
        y=y,
        segments=label_rows(checked.good, sieve.frame, settings.segments, ~held),
        times=np.asarray(plan.keys, dtype=np.float64) if plan.kind == "time" else None,
        groups=np.asarray(plan.keys, dtype=np.str_) if plan.kind == "group" else None,
        index=sieve.index,
        frame=checked.good,
    )
    order = np.arange(len(y)) if whole.times is None else np.argsort(whole.times, kind="stable")
    return Snapshot(
        project=project.name,
        contract=filled,
        task=goal.task,
        train=whole.take(order[~held[order]]),
        test=whole.take(order[held[order]]),
        fingerprint=digest,
        ledger=(*sieve.ledger, LedgerLine("split", len(y), len(y), plan.words(held))),
        segments=settings.segments,
        quarantine=quarantine,
        split=plan.words(held),
        split_kind=plan.kind,
        time=plan.column if plan.kind == "time" else "",
        source=path,
        refused=sieve.counts,
        flags=checked.flags,
        target_words=goal.words,
        positive_why=goal.why,
    )


def _refuse_wrong_columns(project: Project, contract: Contract, settings: DataSettings, names: Sequence[str]) -> None:
    """Refuse, before any row is looked at, a project that names columns the source or the contract doesn't have."""
    by = settings.split_by
    asked = [("segments", name) for name in settings.segments]
    if isinstance(by, SplitBy):
        asked.append(("split_by", by.time or by.group))
    if settings.entity:
        asked.append(("entity", settings.entity))
    for key, name in asked:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Its columns: {listing(list(names))}."
            raise project.file.error("data", key, f"names '{name}', which the source doesn't have.", hint)
    if settings.target in contract.feature_names:
        raise ContractError(
            f"'{settings.target}' is the target and a feature: the model would be told the answer.",
            "Remove its table from contract.toml.",
        )
    absent = [column.name for column in contract.features if column.name not in names and column.missing == "reject"]
    if absent:
        lacking = listing([repr(name) for name in absent], 5)
        raise DataError(
            f"The source lacks {lacking}, which the contract demands in every record.",
            "Give a source that has them, or remove their tables from contract.toml.",
        )


def _refuse_unlabelled(sieve: Sieve, task: Task) -> Sieve:
    cells = sieve.frame[task.target]
    sieve = sieve.refuse("target", cells.is_null().to_numpy(), f"{task.target}: missing, so nothing can be learned")
    unreadable = np.isnan(encode_target(sieve.frame[task.target], task))
    return sieve.refuse("target", unreadable, f"{task.target}: not a number")


def _refuse_too_few(sieve: Sieve, quarantine: Path | None) -> None:
    if sieve.frame.height >= MIN_ROWS:
        return
    usable = f"{rows(sieve.frame.height)} of {count(sieve.ledger[0].rows_in)} can be used"
    raise DataError(
        f"Only {usable} ({explain_losses(sieve.ledger)}); at least {MIN_ROWS} are needed.",
        f"Look at the refused rows in {quarantine} and mend them, or the contract.",
    )
