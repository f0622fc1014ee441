"""Folds: which training rows are scored by a model that never saw them, or anything that hangs together with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.rows import Rows
    from mainstay.models.task import Task
    from mainstay.training.gap import Gap

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]


_KINDS = 10  # distinct rows for each fold, at least


@dataclass(frozen=True)
class Folds:
    """How the training rows are cut.

    Parameters
    ----------
    parts : tuple of (array, array)
        For each fold the places of the rows that are learned from and of those that are scored.
    words : str
        The same for a reader.
    timed : bool
        Whether each fold is scored by what came before it.

    """

    parts: tuple[tuple[Places, Places], ...]
    words: str
    timed: bool = False

    @property
    def stretch(self) -> float:
        """By how much a standard error over out-of-fold rows is too small (Nadeau and Bengio 2003)."""
        return float(np.sqrt(1 + sum(scored.size / learned.size for learned, scored in self.parts)))

    @property
    def scored(self) -> Places:
        """Places of the rows that some fold scores, ascending."""
        return np.sort(np.concatenate([scored for _, scored in self.parts]))

    def inside(self, fold: int) -> Folds:
        """Cut the rows that a fold learns from, for a search that must not see the ones it scores (nested folds).

        The other folds, without the rows of this one; in order of time the folds before it.
        """
        allowed = self.parts[fold][0]
        others = [part for k, part in enumerate(self.parts) if k != fold]
        parts = ((np.intersect1d(learn, allowed), np.intersect1d(score, allowed)) for learn, score in others)
        whole = tuple((learn, score) for learn, score in parts if learn.size and score.size)
        return replace(self, parts=whole, words=f"{len(whole)} folds inside fold {fold + 1}")

    def few(self, most: int) -> Folds:
        """Keep at most so many folds, the last ones, which in order of time learned from the most rows."""
        if most >= len(self.parts):
            return self
        words = f"{self.words}; {most} of them used, to keep to the budget"
        return replace(self, parts=self.parts[-most:], words=words)


def cut_folds(rows: Rows, task: Task, folds: int, seed: int, gap: Gap | None = None) -> Folds:
    """Cut training rows as the snapshot was split.

    By time: each block is scored by what was learned from all blocks before it (the first is never scored). By group:
    no group is on both sides. Else at random, each label evenly spread, and rows with the same features together, since
    a copy of a row is the answer to it. Of several classes a fold counts only where every label was learned from.

    Parameters
    ----------
    rows, task : Rows, Task
        What is learned from, and what is predicted.
    folds : int
        How many are wanted.
    seed : int
        Of what is drawn.
    gap : Gap, optional
        What is left out between the rows that are learned from and those that are scored, in order of time.

    Raises
    ------
    DataError
        Where one label is too rare, or there are too few groups, for two folds.

    """
    if rows.times is not None:
        return _of_every_label(_by_time(rows.times, folds, gap), rows.y, task)
    if rows.groups is not None:
        return _of_every_label(_by_group(rows.groups, folds, seed), rows.y, task)
    if task.kind == "regression":
        return _at_random(rows.X, np.zeros(len(rows.y)), folds, seed)
    return _at_random(rows.X, rows.y, _affordable(rows.y, task, folds), seed)


def _of_every_label(folds: Folds, y: Floats, task: Task) -> Folds:
    """Leave out the folds that learn nothing of some label: what they say of it is no score at all."""
    if task.kind != "multiclass":
        return folds
    parts = tuple(part for part in folds.parts if np.unique(y[part[0]]).size == len(task.labels))
    if not parts:
        counts = np.bincount(y.astype(np.int64), minlength=len(task.labels))
        raise DataError(
            f"Every fold lacks a label of '{task.target}' in the rows it learns from; the rarest is "
            f"'{task.labels[int(np.argmin(counts))]}' with {int(counts.min())} training rows.",
            "Bring more rows of it, join it with another label, or split at random.",
        )
    left_out = len(folds.parts) - len(parts)
    more = f"; {left_out} more left out, which had not learned from every label" if left_out else ""
    return replace(folds, parts=parts, words=folds.words + more)


def _affordable(y: Floats, task: Task, folds: int) -> int:
    labels = task.labels or (task.negative, task.positive)
    counts = np.bincount(y.astype(np.int64), minlength=len(labels))
    rare = int(counts.min())
    if rare < 4:
        label = labels[int(np.argmin(counts))]
        raise DataError(
            f"Only {rare} training rows are '{label}'; at least 4 are needed to learn and to judge.",
            "Bring more rows of that label.",
        )
    return min(folds, rare // 2)


def _at_random(X: Floats, y: Floats, folds: int, seed: int) -> Folds:
    rng = np.random.default_rng(seed)
    _, first, key = np.unique(_digests(X), return_index=True, return_inverse=True)
    if first.size < _KINDS * folds:  # rows of a handful of kinds are no copies of each other: each is dealt alone
        first, key = np.arange(len(X)), np.arange(len(X))
    shuffled = rng.permutation(first.size)
    dealt = shuffled[np.argsort(y[first[shuffled]], kind="stable")]  # label by label, at random within each
    fold_of_key = np.empty(first.size, dtype=np.int64)
    fold_of_key[dealt] = np.arange(first.size) % folds
    return Folds(_parts(fold_of_key[key.ravel()], folds), f"{folds} folds at random, each label evenly spread")


def _digests(X: Floats) -> NDArray[np.uint64]:
    """Give equal rows an equal number, column by column, so that a large table isn't copied."""
    found = np.zeros(len(X), dtype=np.uint64)
    for j in range(X.shape[1]):
        column = np.where(np.isnan(X[:, j]), np.nan, X[:, j] + 0.0)  # one NaN for all, and no -0.0
        found = (found ^ np.ascontiguousarray(column).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found


def _by_group(groups: NDArray[np.str_], folds: int, seed: int) -> Folds:
    names, key, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if names.size < 2:
        raise DataError("All training rows are of one group, so nothing can be held out.", "Split by another column.")
    folds = min(folds, names.size)
    shuffled = np.random.default_rng(seed).permutation(names.size)
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    load, fold_of_group = np.zeros(folds), np.empty(names.size, dtype=np.int64)
    for group in order:  # largest first into the emptiest fold
        fold_of_group[group] = int(np.argmin(load))
        load[fold_of_group[group]] += sizes[group]
    return Folds(_parts(fold_of_group[key], folds), f"{folds} folds of whole groups ({names.size} groups)")


def _by_time(times: Floats, folds: int, gap: Gap | None) -> Folds:
    order = np.argsort(times, kind="stable")
    starts = np.searchsorted(times[order], times[order][np.arange(1, folds + 1) * len(times) // (folds + 1)])
    starts = np.unique(starts[starts > 0])  # rows of one moment stay in one block
    if not starts.size:
        raise DataError(
            "All training rows are of one moment, so no fold can follow another.", "Split by another column."
        )
    ends = np.append(starts[1:], len(times))
    reach = [start if gap is None else gap.before(times[order], int(start)) for start in starts]
    parts = tuple(
        (np.sort(order[:until]), np.sort(order[start:end]))
        for until, start, end in zip(reach, starts, ends, strict=True)
        if until > 0
    )
    if not parts:
        raise DataError(
            f"[training] gap leaves out everything that could be learned from before a fold ({gap}).",
            "Make the gap shorter, or bring rows of a longer time.",
        )
    words = f"{len(parts)} folds in order of time, each scored by what was learned from all before it"
    return Folds(parts, words if gap is None else f"{words} with a gap of {gap}", timed=True)


def _parts(fold: Places, folds: int) -> tuple[tuple[Places, Places], ...]:
    return tuple((np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds))
