"""What is studied about the chosen candidate, as far as the budget covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.studies import Studies
from mainstay.training.learning import SHARES, learning_curve
from mainstay.training.staleness import ORIGINS, staleness

if TYPE_CHECKING:
    from mainstay.models.studies import AgePoint, LearningPoint
    from mainstay.training.judge import Judge
    from mainstay.training.lesson import Floats, Learned

_CELL = 1e-7  # seconds a fit of unknown price is taken to need per cell
_MOST_FOLDS = 3


def study(learned: Learned, judge: Judge, times: Floats | None) -> Studies:
    """Study whether more rows would help, and on time-ordered rows how fast the model ages.

    Each study is left out where the recipe can't be fitted again, or the budget doesn't cover it.

    Parameters
    ----------
    learned : Learned
        What the chosen recipe learned.
    judge : Judge
        Holds the rows, and measures.
    times : array, shape (n,), optional
        When each row happened.

    """
    fit, lesson = learned.refit, judge.lesson
    if fit is None or learned.constant:
        return Studies()
    meter, price = lesson.meter, learned.refit_price or _CELL * lesson.X.size
    points: tuple[LearningPoint, ...] = ()
    ages: tuple[AgePoint, ...] = ()
    words = ageing = ""
    folds = min(_MOST_FOLDS, len(lesson.folds.parts), int(meter.left / (price * sum(SHARES))))
    if folds:
        lesson.say("study: would more rows help?")
        meter.spend(price * sum(SHARES) * folds)
        points, words = learning_curve(fit, judge, folds)
    if times is not None and meter.covers(price * ORIGINS / 2) and not meter.late:
        lesson.say("study: how fast does it age?")
        meter.spend(price * ORIGINS / 2)
        ages, ageing = staleness(fit, judge, times)
    return Studies(learning_curve=points, learning=words, staleness=ages, ageing=ageing)
