"""By how much the chosen candidate is better than something simpler, on the same held-out rows, and in each segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.held_out import CHAMPION, EVERYBODY, IDLE, LINEAR
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.measures.intervals import student
from mainstay.measures.money import stakes
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.intervals import Estimate

_NOTHING = 1e-12  # an advantage of exactly zero is none
MOST_SEGMENTS = 200


def compare(held: HeldOut) -> tuple[Finding, ...]:
    """Compare the chosen candidate with doing nothing, one answer for all, the linear baseline and the champion.

    It must beat what needs no model by more than the standard error of the difference. Against the linear baseline it
    fails only where it is surely worse, behind by over two of them: an equal one must not fail by chance.
    """
    names = [IDLE, *((EVERYBODY,) if held.yardstick.in_money else ()), LINEAR, CHAMPION]
    there = [name for name in names if name in held.answers and (name == IDLE or name != held.chosen)]
    return tuple(_against(held, name, must_win=name in {IDLE, EVERYBODY}) for name in there)


def _against(held: HeldOut, name: str, *, must_win: bool) -> Finding:
    ahead = _advantage(held, name)
    error = ahead.error if np.isfinite(ahead.error) else 0.0
    limit = Limit("at_least", max(error, _NOTHING) if must_win else -2 * error)
    sense = "must be ahead by more than one standard error" if must_win else "may be behind by two standard errors"
    note = f"Better by this on the same rows; {sense}."
    return found(
        ahead,
        held.yardstick.name,
        where=f"over {name}",
        unit=held.yardstick.unit,
        group="comparison",
        limit=None if name == CHAMPION else limit,
        note=note if name != CHAMPION else "Better than the champion by this on the same rows.",
    )


def _advantage(held: HeldOut, name: str) -> Estimate:
    return held.yardstick.advantage(held.truth, held.mine, held.answers[name], held.clusters, held.seed)


def by_segment(
    held: HeldOut, segments: Mapping[str, NDArray[np.str_]], min_rows: int
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Measure the primary measure in each segment, and the advantage over doing nothing there.

    A segment fails where the chosen candidate is surely worse than doing nothing: with the confidence shared out
    over all segments (Bonferroni), so that many segments don't raise a false alarm.

    Returns
    -------
    measured, ahead : tuple of Finding
        One each per segment, largest segment of each column first; the first `MOST_SEGMENTS` of all.

    """
    places = list(_places(segments))[:MOST_SEGMENTS]
    judged = sum(rows.size >= min_rows for _, rows in places)
    measured, ahead = [], []
    for where, rows in places:
        here = held.take(rows)
        stick = here.yardstick
        estimate = stick.estimate(here.truth, here.mine, here.clusters, here.seed)
        few = rows.size < min_rows
        note = f"{rows.size} rows: too few to judge." if few else ""
        measured.append(found(estimate, stick.name, where=where, unit=stick.unit, group="segment", note=note))
        better = _advantage(here, IDLE)
        finding = found(better, stick.name, where=where, unit=stick.unit, group="segment", note=note)
        ahead.append(finding if few else _judged(finding, better, judged, least_error(here)))
    return tuple(measured), tuple(ahead)


def judged_against_idle(here: HeldOut, judged: int) -> Finding:
    """Say how much better than doing nothing some rows are served, judged as one of `judged` places at once."""
    better, stick = _advantage(here, IDLE), here.yardstick
    return _judged(found(better, stick.name, unit=stick.unit), better, judged, least_error(here))


def least_error(here: HeldOut) -> float:
    """Say how unsure yes/no money on these rows is at least, by the scores themselves; 0 for anything else.

    Where few are positive, a segment may by luck hold none of those acted on: then all its actions lost, and all lost
    alike, so that the spread that was seen says nothing about the luck.
    """
    stick, mine = here.yardstick, here.mine
    stake = stakes(stick.priced) if stick.in_money and stick.task.kind == "binary" else None
    if stake is None:
        return 0.0
    spread = mine.acted * mine.scores * (1 - mine.scores) * (stake.hit - stake.miss) ** 2
    mass = np.ones(spread.size) if stick.weights is None else stick.weights
    return 1000 * float(np.sqrt(np.sum(mass**2 * spread)) / np.sum(mass))


def _judged(finding: Finding, ahead: Estimate, judged: int, least: float) -> Finding:
    if finding.value is None or not np.isfinite(ahead.error):
        return finding
    reach = student(1 - 0.1 / judged, ahead.n - 1) * max(ahead.error, least)  # one-sided 95 %, shared out
    note = f"Better than doing nothing here by this; may be behind by no more than luck explains ({number(reach)})."
    return judge(msgspec.structs.replace(finding, limit=Limit("at_least", -reach), note=note))


def _places(segments: Mapping[str, NDArray[np.str_]]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    for column, labels in segments.items():
        names, counts = np.unique(labels, return_counts=True)
        for name in names[np.argsort(-counts, kind="stable")]:
            yield f"{column}={name}", np.flatnonzero(labels == name)
