"""Invariance and directional expectation on held-out records (CheckList: Ribeiro et al. 2020, ACL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.behaviour.changes import moved, set_to, spelled
from mainstay.evaluation.findings import found
from mainstay.measures.finding import Finding, Limit
from mainstay.measures.intervals import proportion_estimate
from mainstay.render.numbers import count, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.evaluation.behaviour.bench import Bench, Changed
    from mainstay.evaluation.behaviour.settings import Directional, Invariance

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]

GROUP = "behaviour"
HELD_OUT = ("invariance", "directional")
_EXACT = 1e-9  # scores of equal records differ by less than this, however they were summed
_EXAMPLES = 2


@dataclass(frozen=True)
class Moves:
    """How far scores went after a change, and what became of the decisions.

    Parameters
    ----------
    by : array, shape (m,)
        New score less old one; of several classes the largest of them, without a sign. NaN without an answer.
    decided : array of bool, shape (m,)
        Whether the decision changed.

    """

    by: Floats
    decided: Booleans


def measure_invariance(bench: Bench, test: Invariance) -> Finding:
    """Say how many records are answered alike after a change that must not matter.

    A record that is refused only after the change isn't answered alike; one that had no answer before isn't counted.
    """
    changed = bench.changed(bench.changer.changed(bench.records, test.change), test.change.column)
    moves = _moves(bench, changed)
    stays = ~moves.decided if test.keep == "decision" else np.abs(moves.by) <= test.tolerance + _EXACT
    what = "are decided otherwise" if test.keep == "decision" else f"move by more than {number(test.tolerance)}"
    limit = Limit("at_least", test.at_least)
    return _judged(bench, changed, moves, stays, ("invariance", test.name or test.change.words, what, limit))


def measure_direction(bench: Bench, test: Directional) -> Finding:
    """Say for how many records the score goes the expected way after a change, or stays."""
    column = bench.changer.column(test.column)
    frames = [set_to(bench.records, column, value) for value in test.values]
    if test.by:
        frames = [moved(bench.records, column, test.by)]
    changed = bench.changed(frames, test.column)
    moves = _moves(bench, changed)
    ahead = moves.by if test.expect == "up" else -moves.by
    what = f"go {'down' if test.expect == 'up' else 'up'} by more than {number(test.tolerance)}"
    limit = Limit("at_least", test.at_least)
    return _judged(bench, changed, moves, ahead >= -test.tolerance - _EXACT, ("directional", test.words, what, limit))


def _moves(bench: Bench, changed: Changed) -> Moves:
    before, after = bench.plain.take(changed.places), changed.answers
    gap = after.scores - before.scores
    by = gap if gap.ndim == 1 else np.abs(gap).max(axis=1)
    return Moves(by, np.asarray(before.decisions != after.decisions, dtype=bool))


def _judged(
    bench: Bench, changed: Changed, moves: Moves, holds: Booleans, said: tuple[str, str, str, Limit]
) -> Finding:
    measure, where, what, limit = said
    counted = bench.plain.answered[changed.places]
    passed = holds & changed.answers.answered & counted
    clusters = bench.held.clusters
    hanging = changed.places if clusters is None else clusters[changed.places]
    estimate = proportion_estimate(passed.astype(np.float64)[counted], np.ones(int(counted.sum())), hanging[counted])
    if not counted.any():
        none = "No held-out record comes out changed."
        return Finding(measure=measure, where=where, value=None, limit=limit, group=GROUP, note=none)
    note = " ".join(_sentences(bench, changed, moves, counted & ~passed, (what, int(counted.sum()))))
    return found(estimate, measure, where=where, group=GROUP, limit=limit, note=note)


def _sentences(bench: Bench, changed: Changed, moves: Moves, failed: Booleans, said: tuple[str, int]) -> Iterator[str]:
    what, n = said
    refused = failed & ~changed.answers.answered
    wrong = failed & ~refused
    far = float(np.nanmax(np.abs(moves.by))) if np.isfinite(moves.by).any() else 0.0
    yield f"{count(int(wrong.sum()))} of {count(n)} {what}, the furthest by {number(far)}."
    if refused.any():
        yield f"{count(int(refused.sum()))} are refused after the change."
    both = changed.answers.answered & bench.plain.answered[changed.places]
    yield f"Decisions change in {count(int((moves.decided & both).sum()))}."
    worst = np.flatnonzero(wrong)[np.argsort(-np.abs(moves.by[wrong]), kind="stable")[:_EXAMPLES]]
    if worst.size:
        yield f"For example {'; '.join(_example(bench, changed, int(place)) for place in worst)}."


def _example(bench: Bench, changed: Changed, place: int) -> str:
    """Show a failing record by what was changed alone: a report is kept, and holds nobody's record."""
    old = bench.records.row(int(changed.places[place]), named=True)
    new = changed.records.row(place, named=True)
    shown = [
        f"{name} {spelled(column, new[name])} instead of {spelled(column, old[name])}"
        for name in bench.records.columns
        if new[name] != old[name] and (column := bench.changer.column(name)) is not None
    ]
    before, after = bench.plain.scores[changed.places[place]], changed.answers.scores[place]
    if np.ndim(before):
        before, after = np.max(before), after[int(np.argmax(before))]
    return f"{', '.join(shown)}: {number(float(before))} becomes {number(float(after))}"
