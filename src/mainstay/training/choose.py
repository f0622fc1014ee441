"""Choose the simplest candidate within one standard error of the best (Breiman et al. 1984), the error being paired.

Out-of-fold scores come from models that share most of their rows, so a difference over rows alone looks surer than it
is. Its error is stretched as Nadeau and Bengio (2003) do: by ``sqrt(1 + sum of scored / learned rows over the folds)``,
1.5 for five folds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.amounts import UNSAID
from mainstay.models.yardstick import Answers
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from mainstay.measures.intervals import Clusters, Estimate
    from mainstay.models.candidate import Candidate
    from mainstay.models.yardstick import Yardstick
    from mainstay.training.lesson import Lesson


def choose(
    candidates: tuple[Candidate, ...], lesson: Lesson, yardstick: Yardstick, clusters: Clusters | None
) -> tuple[int, tuple[Candidate, ...]]:
    """Choose one, and write into each why it was chosen or not.

    The standard error is that of the difference between two candidates on the same rows, so what makes a row hard for
    both doesn't blur the comparison.

    Returns
    -------
    place : int
        Which one was chosen.
    candidates : tuple of Candidate
        The same, with `why` filled in.

    """
    scored = lesson.folds.scored
    truth = lesson.y[scored]
    hanging = None if clusters is None else clusters[scored]
    yardstick = yardstick.at(scored)
    amounts = yardstick.amounts or UNSAID
    answers = [Answers(candidate.fold_scores[scored], candidate.policy, amounts) for candidate in candidates]
    sign = 1.0 if yardstick.better == "higher" else -1.0
    values = [sign * yardstick.estimate(truth, one, hanging, lesson.seed).value for one in answers]
    best = int(np.nanargmax(values))
    stretch = lesson.folds.stretch
    behind = [
        _stretched(yardstick.advantage(truth, answers[best], one, hanging, lesson.seed), stretch) for one in answers
    ]
    place = next(k for k in range(len(candidates)) if k == best or _within_one_error(behind[k]))
    words = [_why(k, place, best, candidates, behind[k], yardstick) for k in range(len(candidates))]
    return place, tuple(replace(one, why=why) for one, why in zip(candidates, words, strict=True))


def _stretched(gap: Estimate, factor: float) -> Estimate:
    return replace(gap, error=gap.error * factor)


def _within_one_error(behind: Estimate) -> bool:
    return bool(behind.value <= (behind.error if np.isfinite(behind.error) else 0.0))


def _why(  # noqa: PLR0917 - a sentence about one of several
    k: int, place: int, best: int, candidates: tuple[Candidate, ...], behind: Estimate, yardstick: Yardstick
) -> str:
    gap = f"{number(behind.value)} ± {number(behind.error)} {yardstick.words}"
    if k == place == best:
        simplest = "the simplest and " if k == 0 else ""
        return f"{candidates[k].name} was chosen: {simplest}the best on training rows it had not seen."
    if k == place:
        return (
            f"{candidates[k].name} was chosen: {candidates[best].name} did better by {gap} (one standard error) on "
            f"training rows it had not seen, which is within that error, and {candidates[k].name} is simpler."
        )
    if k == best:
        return f"Best on training rows it had not seen, but {candidates[place].name} is simpler and within one error."
    return f"Worse than {candidates[best].name} by {gap} (one standard error) on training rows it had not seen."
