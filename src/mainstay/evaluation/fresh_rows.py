"""Whether newer rows can be trusted: held against what the champion learned from (poisoned retraining data).

Three ways in which rows go bad without breaking the contract, each with a check that a better model can't talk away,
because what it learned from the rows is not asked:

- wrong labels: the newcomer ranks its own held-out rows surely and by much worse than the champion ranked its own;
- a block that came twice: rows that are copies of other rows, beyond what the champion's rows had;
- a column that was shifted (another unit, another meaning): its distribution has moved too far.

A world that really changed looks the same. Then a person says so: waive the gate, or raise its limit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import Category
from mainstay.contract.profile import count_like
from mainstay.data.fingerprint import digest_rows
from mainstay.measures.distances import psi, psi_interval, psi_noise
from mainstay.measures.finding import Finding, Interval, Limit, judge
from mainstay.measures.intervals import wilson
from mainstay.render.numbers import count, measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import ColumnProfile, Contract
    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import Rival
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.models.report import Report

FALL, COPIES, SHIFT = "fall", "copies", "shift"
_SKILL = {"binary": ("roc_auc", 0.5), "multiclass": ("macro_roc_auc", 0.5), "regression": ("r2", 0.0)}
_GROUP = "data"
_Z95 = 1.959963984540054


def held_against(
    snapshot: Snapshot, mine: Sequence[Finding], settings: EvaluationSettings, champion: Rival | None
) -> tuple[Finding, ...]:
    """Hold rows against those of the champion: copies, skill, each feature's distribution, share of positives.

    Parameters
    ----------
    snapshot : Snapshot
        The rows.
    mine : sequence of Finding
        Measures of the newcomer on those held out.
    settings : EvaluationSettings
        The limits.
    champion : Rival or None
        Who answers now; without one only copies are counted.

    """
    if champion is None:
        return (copies_finding(snapshot, settings, None),)
    before = champion.report
    moved = base_rate_finding(snapshot, before)
    return (
        copies_finding(snapshot, settings, before),
        fall_finding(mine, snapshot.task.kind, settings, before),
        *shift_findings(snapshot, settings, champion),
        *(() if moved is None else (moved,)),
    )


def copies_finding(snapshot: Snapshot, settings: EvaluationSettings, before: Report | None) -> Finding:
    """Give the share of rows that repeat another row in everything the model sees and the target.

    Without a champion it is only reported: some tables have few different rows.
    """
    told = np.concatenate([_digests(snapshot, side) for side in ("train", "test")])
    n = told.size
    copies = n - np.unique(told).size
    usual = None if before is None else next((one for one in before.checks if one.measure == COPIES), None)
    share = copies / max(n, 1)
    limit = None if usual is None or usual.value is None else Limit("at_most", usual.value + settings.max_copies)
    note = f"{count(copies)} of {count(n)} rows repeat another row"
    if limit is not None and usual is not None and usual.value is not None:
        note += f"; of the champion's rows {100 * usual.value:.3g} % did"
    return judge(Finding(measure=COPIES, where="rows", value=share, limit=limit, n=n, group=_GROUP, note=f"{note}."))


def _digests(snapshot: Snapshot, side: str) -> NDArray[np.uint64]:
    frame = snapshot.train.frame if side == "train" else snapshot.test.frame
    return digest_rows(frame, sorted(frame.columns))[:, 0]


def fall_finding(mine: Sequence[Finding], kind: str, settings: EvaluationSettings, before: Report) -> Finding:
    """Compare how well the newcomer ranks its held-out rows with how well the champion ranked its own.

    Parameters
    ----------
    mine : sequence of Finding
        Measures of the newcomer.
    kind : str
        What is predicted.
    settings : EvaluationSettings
        With `max_fall`.
    before : Report
        Of the champion.

    Returns
    -------
    Finding
        Share of the champion's skill (ROC AUC above a half, R2 above 0) that is gone; it fails where even the kind end
        of its interval is beyond the limit.

    """
    measure, floor = _SKILL[kind]
    now, then = (next((one for one in every if one.measure == measure), None) for every in (mine, before.measures))
    limit = Limit("at_most", settings.max_fall)
    where = f"{measure_name(measure)} against the champion's"
    if now is None or then is None or now.value is None or then.value is None or then.value - floor <= 0:
        return Finding(measure=FALL, where=where, value=None, group=_GROUP, note="There is no skill to compare with.")
    skill = then.value - floor
    gone = 1 - (now.value - floor) / skill
    # The ratio's error by its first-order expansion; the two are of different rows, so their errors add up.
    error = math.hypot(_error(now), (now.value - floor) / skill * _error(then)) / skill
    low, high = gone - _Z95 * error, gone + _Z95 * error
    return Finding(
        measure=FALL,
        where=where,
        value=gone,
        interval=Interval(low, high),
        limit=limit,
        ok=low <= settings.max_fall,
        n=min(now.n, then.n),
        group=_GROUP,
        note=f"{measure_name(measure)} {now.value:.3f} on these held-out rows, {then.value:.3f} on the champion's: "
        "labels may be wrong, or the world may have changed.",
    )


def _error(finding: Finding) -> float:
    return 0.0 if finding.interval is None else (finding.interval.high - finding.interval.low) / (2 * _Z95)


def shift_findings(snapshot: Snapshot, settings: EvaluationSettings, champion: Rival) -> tuple[Finding, ...]:
    """Measure how far each feature moved against the rows that the champion learned from; the furthest first.

    Every feature that fails is named; where none does, the one that moved most.
    """
    found = sorted(_shifts(snapshot, settings, champion), key=lambda one: -(one.value or 0.0))
    failed = tuple(one for one in found if one.failed)
    return failed or tuple(found[:1])


def _shifts(snapshot: Snapshot, settings: EvaluationSettings, champion: Rival) -> Iterator[Finding]:
    if champion.inputs.encoded_names != snapshot.inputs.encoded_names:
        return
    relabelled = _relabelled(champion.inputs, snapshot.inputs)
    reference = champion.profile
    counted = count_like(reference, snapshot.train.X[snapshot.as_the_world(snapshot.train)])
    for old, new in zip(reference.columns, counted.columns, strict=True):
        if old.name not in relabelled:
            yield _shift(old, new, settings.max_shift)


def _relabelled(old: Contract, new: Contract) -> set[str]:
    """Name the categories whose codes mean other labels than they did."""
    labels = {column.name: column.values for column in old.features if isinstance(column, Category)}
    return {one.name for one in new.features if isinstance(one, Category) and one.values != labels.get(one.name)}


def _shift(old: ColumnProfile, new: ColumnProfile, most: float) -> Finding:
    before, now = (np.asarray([*one.counts, one.missing], dtype=np.int64) for one in (old, new))
    there = (before + now) > 0
    before, now = before[there], now[there]
    cells, n, m = int(there.sum()), int(before.sum()), int(now.sum())
    index = max(0.0, psi(before, now) - psi_noise(cells, n, m))
    interval = psi_interval(index, cells, n, m)
    return Finding(
        measure=SHIFT,
        where=old.name,
        value=index,
        interval=interval,
        limit=Limit("at_most", most),
        ok=interval.low <= most,
        n=m,
        group=_GROUP,
        note="Population stability index against the rows the champion learned from.",
    )


def base_rate_finding(snapshot: Snapshot, before: Report) -> Finding | None:
    """Say how far the share of positives moved; only reported."""
    if snapshot.task.kind != "binary":
        return None
    world = snapshot.train.y[snapshot.as_the_world(snapshot.train)]
    share, n = float(world.mean()), len(world)
    note = (
        f"{100 * share:.3g} % of the training rows are positive; of the champion's {100 * before.base_rate:.3g} % were."
    )
    return Finding(
        measure="base_rate_moved",
        where=snapshot.task.target,
        value=share - before.base_rate,
        interval=_moved(wilson(share, n), before.base_rate),
        n=n,
        group=_GROUP,
        note=note,
    )


def _moved(interval: Interval, by: float) -> Interval:
    return Interval(interval.low - by, interval.high - by)
