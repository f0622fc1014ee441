"""What answers are worth: by their outcomes where these are known, by their calibrated scores where they are not.

Both are per record and against doing nothing, in the currency of ``[money]``. The expectation from scores holds as
far as the scores are calibrated, and can't see what changed the outcomes without changing the features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.money import Money, amounts_of, expected_gain, gains, planning_costs, stakes
from mainstay.models.yardstick import money_known
from mainstay.monitoring import class_worth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.models.report import Report
    from mainstay.monitoring.served import Served

    Floats = NDArray[np.float64]

_EDGE = 1e-9


@dataclass(frozen=True)
class Expected:
    """What scores lead one to expect of each record.

    Parameters
    ----------
    mean : array, shape (n,)
        Expected value of each record.
    variance : array, shape (n,)
        Variance of what may come instead.

    """

    mean: Floats
    variance: Floats

    @property
    def error(self) -> float:
        """Standard error of the mean that outcomes of such records will show: the records' spread and chance's."""
        n = self.mean.size
        if n < 2:
            return float("nan")
        return float(np.sqrt((np.var(self.mean, ddof=1) + np.mean(self.variance)) / n))


def realised_worth(served: Served, money: Money, report: Report) -> Floats | None:
    """Give what each answer gained, for answers whose outcome is known; None where money is unknown.

    Amounts: what planning the answer cost less than planning the training mean every time.
    """
    task = report.policy.task
    if not money_known(task, money):
        return None
    if task.kind == "multiclass":
        return class_worth.realised(served, class_worth.choices_in(report, money))
    amounts = served.amounts or amounts_of(money)
    if task.kind == "binary":
        stake = stakes(amounts)
        return None if stake is None else gains(served.labels > 0.5, served.acted, stake)
    without = planning_costs(served.labels, np.full(served.rows, report.base_rate), amounts)
    return without - planning_costs(served.labels, served.planned, amounts)


def expected_worth(served: Served, money: Money, report: Report) -> Expected | None:
    """Give what each answer is expected to gain if the scores are calibrated; None where money is unknown, or amounts.

    Amounts have no such expectation: their scores say nothing of their errors.
    """
    kind = report.policy.task.kind
    if kind == "multiclass":
        found = class_worth.expected(served, class_worth.choices_in(report, money))
        return None if found is None else Expected(*found)
    if kind == "regression":
        return None
    stake = stakes(served.amounts or amounts_of(money))
    if stake is None:
        return None
    s = served.scores
    mean = np.where(served.acted, expected_gain(s, stake), 0.0)
    return Expected(mean, np.where(served.acted, s * (1 - s) * (stake.hit - stake.miss) ** 2, 0.0))


def expected_loss(served: Served) -> Expected:
    """Give the log loss each answer is expected to have if the scores are calibrated, of two labels or of several."""
    if served.by_label is None:
        return expected_log_loss(served.scores)
    return Expected(*class_worth.entropy(served.by_label[np.isfinite(served.by_label).all(axis=1)]))


def expected_log_loss(scores: Floats) -> Expected:
    """Give the log loss each yes/no answer is expected to have if the scores are calibrated: their entropy, nats.

    Examples
    --------
    >>> expected_log_loss(np.array([0.5])).mean.round(3)
    array([0.693])

    """
    s = np.clip(scores, _EDGE, 1 - _EDGE)
    return Expected(-s * np.log(s) - (1 - s) * np.log1p(-s), s * (1 - s) * np.log(s / (1 - s)) ** 2)
