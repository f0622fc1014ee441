"""`Yardstick`: the one measure that candidates are ranked on and a report leads with; money wherever money is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.measures.catalogue import DEFAULT, find_measure
from mainstay.measures.intervals import mean_estimate
from mainstay.measures.measure import Setting
from mainstay.measures.money import Money, gains, planning_costs, stakes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.intervals import Clusters, Estimate
    from mainstay.measures.measure import Measure
    from mainstay.models.policy import Policy
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

MONEY = "money_per_1000"


@dataclass(frozen=True)
class Answers:
    """Scores of some rows, shape (n,), and the policy that turns them into decisions."""

    scores: Floats
    policy: Policy


@dataclass(frozen=True)
class Yardstick:
    """What candidates are ranked on.

    Money is what each record gains against doing nothing: taking no action, or planning the training mean every time.

    Parameters
    ----------
    task : Task
        What is predicted.
    money : Money
        What answers are worth.
    base : float
        Mean of the target in the training rows: the base rate, or the amount that doing nothing plans.
    measure : Measure or None
        The declared measure; None for money.

    """

    task: Task
    money: Money
    base: float
    measure: Measure | None = None

    @property
    def in_money(self) -> bool:
        """Whether this is money."""
        return self.measure is None

    @property
    def name(self) -> str:
        """Its name in findings: ``"money_per_1000"`` or the measure's."""
        return MONEY if self.measure is None else self.measure.name

    @property
    def unit(self) -> str:
        """Currency, or empty."""
        return self.money.currency if self.in_money else ""

    @property
    def better(self) -> Literal["higher", "lower"]:
        """Which way is good."""
        return "higher" if self.measure is None else self.measure.better

    @property
    def words(self) -> str:
        """Its name for a reader, who is told where it is not money."""
        if self.measure is None:
            return f"{self.money.currency} per 1 000 records"
        return f"{self.measure.label} (not money)"

    def gains(self, truth: Floats, answers: Answers) -> Floats:
        """Give what each record gains against doing nothing, in the currency; zeros where money is unknown."""
        return money_gains(truth, answers, self.money, self.base)

    def estimate(self, truth: Floats, answers: Answers, clusters: Clusters | None = None, seed: int = 7) -> Estimate:
        """Measure one set of answers, with interval."""
        if self.measure is None:
            return mean_estimate(1000 * self.gains(truth, answers), clusters)
        setting = Setting(threshold=answers.policy.threshold, clusters=clusters, seed=seed)
        return self.measure.estimate(truth, answers.scores, setting)

    def advantage(
        self, truth: Floats, mine: Answers, other: Answers, clusters: Clusters | None = None, seed: int = 7
    ) -> Estimate:
        """Measure by how much one set of answers is better than another on the same rows; positive is better."""
        if self.measure is None:
            return mean_estimate(1000 * (self.gains(truth, mine) - self.gains(truth, other)), clusters)
        setting = Setting(clusters=clusters, seed=seed)
        first, second = ((answers.scores, answers.policy.threshold) for answers in (mine, other))
        return self.measure.advantage(truth, first, second, setting)


def choose_yardstick(task: Task, money: Money, base: float, measure: str = "") -> Yardstick:
    """Choose what to rank on: the declared measure, else money where it is known, else log loss or RMSE.

    Raises
    ------
    ProjectError
        Where the declared measure can't be ranked on.

    """
    if not measure and money_known(task, money):
        return Yardstick(task, money, base)
    return Yardstick(task, money, base, find_measure(measure or DEFAULT[task.kind], task.kind))


def money_known(task: Task, money: Money) -> bool:
    """Say whether the money section says what this kind of answer is worth."""
    if task.kind == "binary":
        return stakes(money) is not None
    cost = money.cost
    return cost is not None and cost.under is not None and cost.over is not None and cost.under + cost.over > 0


def money_gains(truth: Floats, answers: Answers, money: Money, base: float) -> Floats:
    """Give what each record gains against doing nothing; shape (n,), zeros where money is unknown."""
    policy = answers.policy
    stake = stakes(money)
    if policy.task.kind == "binary":
        acted = answers.scores >= policy.threshold
        return np.zeros(truth.shape) if stake is None else gains(truth > 0.5, acted, stake)
    if money.cost is None:
        return np.zeros(truth.shape)
    without = planning_costs(truth, np.full(truth.shape, base), money.cost)
    return without - planning_costs(truth, answers.scores + policy.shift, money.cost)
