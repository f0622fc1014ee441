"""Every row of a source held against its target, its split and its contract, batch by batch.

All rows are checked and every refused one goes to quarantine; of the good ones, those that the sample keeps stay in
memory. A source that fits into memory is one batch of which all rows are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.fingerprint import digest_rows
from mainstay.data.holdout import refuse_unplaced
from mainstay.data.inputs import leave_fallbacks
from mainstay.data.logged.columns import traceless
from mainstay.data.quarantine import Quarantine
from mainstay.data.repeats import Repeats
from mainstay.data.sieve import UNLABELLED, LedgerLine, Sieve, add_counts, add_steps, ledger_of, told_counts
from mainstay.data.sources.base import pick
from mainstay.data.survey import demand_same
from mainstay.data.target import as_amounts, encode_target, stray_words
from mainstay.data.words import count

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.data.settings import DataSettings
    from mainstay.data.sieve import Step
    from mainstay.data.source import Opened
    from mainstay.data.survey import Survey
    from mainstay.models.task import Task


@dataclass(frozen=True)
class Screened:
    """What is left of a source.

    Parameters
    ----------
    told : polars.DataFrame
        Of the good rows that the sample keeps, the target and the segments as they were read.
    digests : array, shape (n, 2)
        Of each of these rows, what tells it from others for a random split: features and target, as they were read.
    good : polars.DataFrame
        The same rows, typed by the contract.
    y : array
        Their encoded target.
    index : array of int
        Their numbers in the source, from 0.
    ledger : tuple of LedgerLine
        Every step with its rows in and out.
    counts, flags : mapping of str to int
        Rows refused, by rule; what policies did to accepted rows.
    quarantine : Path or None
        File of the refused rows.

    """

    told: pl.DataFrame
    digests: NDArray[np.uint64]
    good: pl.DataFrame
    y: NDArray[np.float64]
    index: NDArray[np.int64]
    ledger: tuple[LedgerLine, ...]
    counts: Mapping[str, int]
    flags: Mapping[str, int]
    quarantine: Path | None


@dataclass(frozen=True)
class Wanted:
    """What the rows are held against.

    Parameters
    ----------
    contract : Contract
        What a record must look like.
    task : Task
        What is predicted.
    labels : polars.Series
        A few cells of the target, of each label, so that a batch's labels are read as the whole column's are.
    settings : DataSettings
        How rows are held out.

    """

    contract: Contract
    task: Task
    labels: pl.Series
    settings: DataSettings


def screen(opened: Opened, found: Survey, wanted: Wanted, folder: Path) -> Screened:
    """Check every row, and keep the good rows of the sample.

    Parameters
    ----------
    opened : Opened
        The source.
    found : Survey
        Its fingerprint, after which the quarantine's file is named, and the rows the sample keeps.
    wanted : Wanted
        What the rows are held against.
    folder : Path
        Of the quarantine.

    Raises
    ------
    DataError
        Where the source can't be read to its end, or the quarantine can't be written.

    """
    repeats = Repeats(wanted.contract)
    kept: list[_Kept] = []
    steps: tuple[Step, ...] = ()
    flags: dict[str, int] = {}
    first = 0
    with Quarantine(folder, found.fingerprint[:16]) as quarantine:
        for batch in opened.batches():
            sieve = _refuse_unlabelled(Sieve.of(batch, "", first), wanted)
            sieve = refuse_unplaced(sieve, wanted.settings)
            sieve, checked = leave_fallbacks(*repeats.refuse(*sieve.check(wanted.contract)))
            quarantine.add(traceless(sieve.quarantined))
            steps, flags = add_steps(steps, sieve.steps), add_counts(flags, checked.flags)
            kept.append(_keep(sieve, checked.good, found, wanted))
            first += batch.height
    demand_same(opened, found, first)
    ledger = ledger_of(first, f"{opened.source.name}, {opened.words}", steps)
    told = pl.concat([each.told for each in kept])
    good = pl.concat([each.good for each in kept])
    return Screened(
        told=told,
        digests=np.concatenate([each.digests for each in kept]),
        good=good,
        y=_encoded(told.get_column(wanted.task.target), wanted),
        index=np.concatenate([each.index for each in kept]),
        ledger=(*ledger, *_sampled(ledger[-1].rows_out, told.height, found)),
        counts=told_counts(steps),
        flags=flags,
        quarantine=quarantine.path,
    )


@dataclass(frozen=True)
class _Kept:
    told: pl.DataFrame
    digests: NDArray[np.uint64]
    good: pl.DataFrame
    index: NDArray[np.int64]


def _keep(sieve: Sieve, good: pl.DataFrame, found: Survey, wanted: Wanted) -> _Kept:
    """Keep the good rows of a batch that are in the sample."""
    frame, index = sieve.frame, sieve.index
    if found.kept is not None:
        chosen = np.flatnonzero(np.isin(index, found.kept, assume_unique=True))
        # Taken by place: a filter would keep the texts of the whole batch in memory behind those of its few rows.
        frame, good, index = frame[chosen], good[chosen], index[chosen]
    told = pick(frame, list(dict.fromkeys((wanted.task.target, *wanted.settings.segments))))
    names = [name for name in wanted.contract.feature_names if name in frame.columns]
    # in the contract's order: neither what the columns are called nor how the file orders them decides the split
    return _Kept(told, digest_rows(frame, [*names, wanted.task.target]), good, index)


def _sampled(good: int, kept: int, found: Survey) -> tuple[LedgerLine, ...]:
    if found.kept is None:
        return ()
    told = f"{count(good)} rows, {count(kept)} kept, drawn evenly by their content; the others are not used"
    return (LedgerLine("sample", good, kept, told),)


def _refuse_unlabelled(sieve: Sieve, wanted: Wanted) -> Sieve:
    target = wanted.task.target
    missing = sieve.frame.get_column(target).is_null().to_numpy()
    sieve = sieve.refuse(UNLABELLED, missing, f"{target}: missing, so nothing can be learned")
    unreadable = np.isnan(_encoded(sieve.frame.get_column(target), wanted))
    return sieve.refuse("target", unreadable, f"{target}: {stray_words(wanted.task)}")


def _encoded(cells: pl.Series, wanted: Wanted) -> NDArray[np.float64]:
    """Encode the target of a batch as if its labels were read with the whole column."""
    labels = wanted.labels.cast(cells.dtype)
    if not as_amounts(labels).null_count():
        cells = pl.select(pl.when(as_amounts(cells).is_not_null()).then(cells)).to_series()
    both = pl.concat([labels.rename(wanted.task.target), cells.rename(wanted.task.target)])
    return encode_target(both, wanted.task)[len(labels) :]
