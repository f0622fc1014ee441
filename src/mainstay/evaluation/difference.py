"""What changes for whom when one version answers instead of another, on the same rows (rule 24)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.held_out import CHAMPION
from mainstay.evaluation.traits import traits_of
from mainstay.measures.classes import right, top_scores
from mainstay.measures.intervals import proportion_estimate
from mainstay.measures.paired import delong, mcnemar, paired_bootstrap
from mainstay.models.difference import Difference, Mover
from mainstay.models.yardstick import MONEY, money_known
from mainstay.render.numbers import amount, count, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.finding import Finding
    from mainstay.measures.intervals import Clusters
    from mainstay.measures.paired import Paired
    from mainstay.models.yardstick import Answers, Yardstick

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Traits = Callable[[int], tuple[tuple[str, str], ...]]
    """Tells a row, by its place, without telling whose it is."""

CHANGED = "decisions_changed"
BANDS, MOVERS = 5, 6
_GROUP = "difference"
_MATTERS = 0.1
"""An amount counts as changed where it moves by more than this share of the truth's standard deviation."""


@dataclass(frozen=True)
class Pair:
    """Two versions' answers to the same rows.

    Parameters
    ----------
    truth : array, shape (n,)
        What really happened.
    mine, theirs : Answers
        Of the newcomer and of the other version.
    clusters : array of int, shape (n,), or None
        Which rows hang together.
    yardstick : Yardstick
        What answers are worth.
    seed : int
        For intervals that are drawn.
    other : str
        What the other version is called.

    """

    truth: Floats
    mine: Answers
    theirs: Answers
    clusters: Clusters | None
    yardstick: Yardstick
    seed: int
    other: str = CHAMPION

    @property
    def changed(self) -> Flags:
        """Which decisions differ."""
        kind = self.yardstick.task.kind
        if kind == "regression":
            return np.asarray(np.abs(self.mine.planned - self.theirs.planned) > _MATTERS * float(np.std(self.truth)))
        if kind == "multiclass":
            return np.asarray([one != other for one, other in zip(self.mine.done, self.theirs.done, strict=True)])
        return np.asarray(self.mine.acted != self.theirs.acted)


def difference_of(held: HeldOut, snapshot: Snapshot, important: Sequence[str], min_rows: int) -> Difference | None:
    """Say what changes against the champion on the held-out rows; None where it didn't answer them.

    Parameters
    ----------
    held : HeldOut
        The rows, answered by both.
    snapshot : Snapshot
        Where they come from.
    important : sequence of str
        Features by importance, to tell rows by.
    min_rows : int
        Smaller segments are left out.

    """
    if CHAMPION not in held.answers or not held.truth.size:
        return None
    pair = Pair(held.truth, held.mine, held.answers[CHAMPION], held.clusters, held.yardstick, held.seed)
    traits = traits_of(snapshot.inputs, snapshot.train.X, held.X, important)
    return tell_apart(pair, snapshot.test.segments, traits, min_rows)


def tell_apart(pair: Pair, segments: Mapping[str, NDArray[np.str_]], traits: Traits, min_rows: int) -> Difference:
    """Say what changes: how many decisions, for whom, at which scores, and whether it is better.

    Parameters
    ----------
    pair : Pair
        The answers.
    segments : mapping of str to array of str, shape (n,)
        Labels of each row by segment column.
    traits : callable
        Tells a row without telling whose it is.
    min_rows : int
        Smaller segments are left out.

    """
    changed = pair.changed
    return Difference(
        changed=_share(pair, changed, np.ones(changed.size, dtype=np.bool_), "all"),
        segments=tuple(_by_segment(pair, changed, segments, min_rows)),
        bands=tuple(_by_band(pair, changed)),
        tests=tuple(_tests(pair)),
        movers=tuple(_movers(pair, traits)),
    )


def _share(pair: Pair, changed: Flags, among: Flags, where: str) -> Finding:
    hits = changed.astype(np.float64)
    estimate = proportion_estimate(hits, among.astype(np.float64), pair.clusters)
    return found(estimate, CHANGED, where=where, group=_GROUP, note=_direction(pair, changed & among, among))


def _direction(pair: Pair, changed: Flags, among: Flags) -> str:
    if pair.yardstick.task.kind == "regression":
        moved = pair.mine.planned - pair.theirs.planned
        told = f"{count(int((changed & (moved > 0)).sum()))} up, {count(int((changed & (moved < 0)).sum()))} down"
    elif pair.yardstick.task.kind == "multiclass":
        told = _steps(pair, changed)
    else:
        more = int((changed & pair.mine.acted).sum())
        told = f"{count(more)} newly acted on, {count(int(changed.sum()) - more)} no longer"
    if not money_known(pair.yardstick.task, pair.yardstick.money):
        return f"{told}."
    gained = pair.yardstick.gains(pair.truth, pair.mine) - pair.yardstick.gains(pair.truth, pair.theirs)
    worth = 1000 * float(gained[among].mean()) if among.any() else 0.0
    return f"{told}; worth {amount(worth, pair.yardstick.money.currency)} per 1 000 records here."


def _steps(pair: Pair, changed: Flags) -> str:
    """Name the three commonest steps from one decision to another."""
    both = zip(pair.theirs.done, pair.mine.done, changed.tolist(), strict=True)
    steps = Counter((before, after) for before, after, other in both if other)
    return ", ".join(f"{before} to {after} {count(n)}" for (before, after), n in steps.most_common(3)) or "none"


def _by_segment(
    pair: Pair, changed: Flags, segments: Mapping[str, NDArray[np.str_]], min_rows: int
) -> Iterator[Finding]:
    for column, labels in segments.items():
        names, sizes = np.unique(labels, return_counts=True)
        for name in names[sizes >= min_rows][:50]:
            yield _share(pair, changed, labels == name, f"{column}={name}")


def _by_band(pair: Pair, changed: Flags) -> Iterator[Finding]:
    yield from _bands(pair, changed, top_scores(pair.theirs.scores), "score")
    priced = pair.yardstick.priced
    for name in ("value", "fp", "fn", "tp", "tn", "under", "over"):
        worth = getattr(priced, name)
        if isinstance(worth, np.ndarray):
            yield from _bands(pair, changed, worth, name)


def _bands(pair: Pair, changed: Flags, by: Floats, name: str) -> Iterator[Finding]:
    edges = np.unique(np.quantile(by, np.linspace(0, 1, BANDS + 1)))
    if edges.size < 2:
        return
    which = np.clip(np.searchsorted(edges, by, side="right") - 1, 0, edges.size - 2)
    for band in range(edges.size - 1):
        where = f"{name} {number(float(edges[band]))} to {number(float(edges[band + 1]))}"
        yield _share(pair, changed, which == band, where)


def _tests(pair: Pair) -> Iterator[Finding]:
    stick, truth = pair.yardstick, pair.truth
    if stick.task.kind == "binary":
        hit = truth > 0.5
        decided = mcnemar(pair.mine.acted == hit, pair.theirs.acted == hit, pair.clusters)
        yield _told(pair, decided, "right_decisions")
        yield _told(pair, delong(truth, pair.mine.scores, pair.theirs.scores, pair.clusters), "roc_auc")
    if stick.task.kind == "multiclass":
        mine, theirs = (right(truth, one.scores) > 0.5 for one in (pair.mine, pair.theirs))
        yield _told(pair, mcnemar(mine, theirs, pair.clusters), "accuracy")
    if money_known(stick.task, stick.money):
        gained = 1000 * (stick.gains(truth, pair.mine) - stick.gains(truth, pair.theirs))
        money = paired_bootstrap(gained, pair.seed, pair.clusters)
        yield _told(pair, money, MONEY, stick.money.currency)


def _told(pair: Pair, test: Paired, measure: str, unit: str = "") -> Finding:
    rows = f"; better on {count(test.wins)} rows, worse on {count(test.losses)}" if test.wins + test.losses else ""
    note = f"{test.test}, p = {test.p:.2g}{rows}."
    return found(test.advantage, measure, where=f"over {pair.other}", unit=unit, group=_GROUP, note=note)


def _movers(pair: Pair, traits: Traits) -> Iterator[Mover]:
    """Give the rows whose score moved furthest, half of them up and half down; those whose decision changed first.

    Of several classes the score is the probability of the true label.
    """
    mine, theirs = (_of_truth(pair, one.scores) for one in (pair.mine, pair.theirs))
    moved = mine - theirs
    order = np.lexsort((-np.abs(moved), ~pair.changed))
    up = [int(place) for place in order if moved[place] > 0][: MOVERS // 2]
    down = [int(place) for place in order if moved[place] < 0][: MOVERS // 2]
    for place in (*up, *down):
        yield Mover(
            before=float(theirs[place]),
            after=float(mine[place]),
            decided_before=_decided(pair, pair.theirs, place),
            decided=_decided(pair, pair.mine, place),
            truth=_truth(pair, place),
            traits=traits(place),
        )


def _of_truth(pair: Pair, scores: Floats) -> Floats:
    return scores if scores.ndim == 1 else scores[np.arange(len(scores)), pair.truth.astype(np.int64)]


def _decided(pair: Pair, answers: Answers, place: int) -> str:
    if pair.yardstick.task.kind == "regression":
        return number(float(answers.planned[place]))
    if pair.yardstick.task.kind == "multiclass":
        return answers.policy.classes.decide(answers.scores[place])
    return answers.policy.action if answers.acted[place] else "none"


def _truth(pair: Pair, place: int) -> str:
    task = pair.yardstick.task
    if task.kind == "regression":
        return number(float(pair.truth[place]))
    if task.kind == "multiclass":
        return task.labels[int(pair.truth[place])]
    return task.positive if pair.truth[place] > 0.5 else task.negative
