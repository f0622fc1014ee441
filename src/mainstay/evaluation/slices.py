"""Slices that nobody declared: where the model does badly, found on training rows and confirmed on held-out ones.

The search reads the out-of-fold answers of the training rows: there are more of those, and the held-out rows stay
unseen until they confirm. Where a candidate has none (it was trained elsewhere), half of the held-out rows are searched
and the other half confirms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluation.comparisons import judged_against_idle
from mainstay.evaluation.findings import found
from mainstay.evaluation.levels import levels_of
from mainstay.measures.classes import log_losses as log_losses_of_classes
from mainstay.measures.scores import log_losses
from mainstay.measures.slices import Confirmed, Levels, Slice, confirm, find_slices
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.models.candidate import Training

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

SLICE, WORTH, RATIO = "slice", "slice_worth", "loss_ratio"
LOSS = {"binary": "log loss", "multiclass": "log loss", "regression": "absolute error"}


@dataclass(frozen=True)
class _Side:
    """Rows with the loss of each and their levels."""

    losses: Floats
    columns: tuple[Levels, ...]

    def take(self, places: Places) -> _Side:
        columns = tuple(replace(one, codes=one.codes[places]) for one in self.columns)
        return _Side(self.losses[places], columns)


def find_weak_slices(
    snapshot: Snapshot, training: Training, held: HeldOut, settings: EvaluationSettings, important: Sequence[str]
) -> tuple[Finding, ...]:
    """Find slices of one or two columns where the loss is surely higher than elsewhere.

    Parameters
    ----------
    snapshot, training, held
        Rows and answers.
    settings : EvaluationSettings
        Whether to search, and the fewest rows a slice may have, in the search and among those that confirm it.
    important : sequence of str
        Columns by importance.

    Returns
    -------
    tuple of Finding
        Of each slice that was confirmed, or that is surely harmed: how many times the loss elsewhere the loss there is
        (group ``"slice"``), and by how much the model is better than doing nothing there (``"slice_worth"``, judged).

    """
    if training.chosen.name == "do-nothing" or not settings.slices or snapshot.stand_for(snapshot.test) is not None:
        return ()  # of rows that stand for different numbers of records, the plain loss says nothing about the world
    min_rows = settings.min_segment_rows
    search, test, kept = _sides(snapshot, training, held, min_rows, important)
    slices = find_slices(search.losses, search.columns, min_rows)
    rows = [np.flatnonzero(one.rows(test.columns)) for one in slices]
    large = [place for place, some in enumerate(rows) if some.size >= min_rows]
    slices, rows = tuple(slices[place] for place in large), [rows[place] for place in large]
    told = confirm(test.losses, test.columns, slices, kept.clusters)
    findings = []
    for one, result, some in zip(slices, told, rows, strict=True):
        loss, worth = _slice(kept, test.columns, one, result, some), _worth(kept, one.words(test.columns), some, rows)
        if result.real or worth.failed:
            findings += [loss, worth]
    return tuple(findings)


def _sides(
    snapshot: Snapshot, training: Training, held: HeldOut, min_rows: int, important: Sequence[str]
) -> tuple[_Side, _Side, HeldOut]:
    """Give the rows to search, the rows that confirm, and the latter's answers."""
    train, test = levels_of(snapshot, important)
    kind, folds = snapshot.task.kind, training.chosen.fold_scores
    confirming = _Side(losses_of(kind, held.truth, held.mine.scores), test)
    scored = np.flatnonzero(np.isfinite(folds if folds.ndim == 1 else folds[:, 0]))
    if scored.size >= 4 * min_rows:
        searched = _Side(np.zeros(len(snapshot.train)), train).take(scored)
        return replace(searched, losses=losses_of(kind, snapshot.train.y[scored], folds[scored])), confirming, held
    first, second = _halves(held, training.seed)
    return confirming.take(first), confirming.take(second), held.take(second)


def _halves(held: HeldOut, seed: int) -> tuple[Places, Places]:
    """Cut the held-out rows in two; what hangs together stays together."""
    rng = np.random.default_rng(seed)
    units = np.arange(held.truth.size) if held.clusters is None else np.unique(held.clusters, return_inverse=True)[1]
    chosen = rng.permutation(int(units.max(initial=-1)) + 1) % 2 == 0
    return np.flatnonzero(chosen[units]), np.flatnonzero(~chosen[units])


def losses_of(kind: str, truth: Floats, scores: Floats) -> Floats:
    """Give the loss of each row: log loss, or the absolute error of an amount."""
    if kind == "multiclass":
        return log_losses_of_classes(truth, scores)
    return log_losses(truth, scores) if kind == "binary" else np.abs(truth - scores)


def _slice(held: HeldOut, columns: tuple[Levels, ...], one: Slice, result: Confirmed, rows: Places) -> Finding:
    loss = LOSS[held.yardstick.task.kind]
    words = f"{loss[:1].upper()}{loss[1:]} {number(result.here)} here, {number(result.elsewhere)} elsewhere; "
    words += " ".join(_said(held, rows)) if result.real else "chance may explain it."
    return found(result.ratio, RATIO, where=one.words(columns), group=SLICE, note=words)


def _said(held: HeldOut, rows: Places) -> Iterator[str]:
    """Say whether the model is off there, which a feature may mend, or the rows are hard, which nothing does."""
    truth, scores = held.truth[rows], held.mine.scores[rows]
    if truth.ndim == scores.ndim:
        off = truth - scores
        error = float(np.std(off, ddof=1) / np.sqrt(off.size)) if off.size > 1 else np.inf
        yield f"said {number(float(np.mean(scores)))} on average, was {number(float(np.mean(truth)))}"
        surely = abs(float(np.mean(off))) > 2 * error
        yield "(more than chance: it is off there)." if surely else "(no more than chance: the rows are hard)."


def _worth(held: HeldOut, where: str, rows: Places, all_rows: Sequence[Places]) -> Finding:
    finding = judged_against_idle(held.take(rows), len(all_rows))
    return msgspec.structs.replace(finding, where=where, group=WORTH)
