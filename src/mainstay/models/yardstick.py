"""`Yardstick`: the one measure that candidates are ranked on and a report leads with; money wherever money is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.errors import ProjectError
from mainstay.measures.amounts import UNSAID, Amounts
from mainstay.measures.catalogue import DEFAULT, find_measure
from mainstay.measures.choices import saved
from mainstay.measures.matrix import read_choices
from mainstay.measures.measure import Setting
from mainstay.measures.money import Money, amounts_of, gains, planning_costs, stakes
from mainstay.measures.weighing import advantage_weighed, measure_weighed, money_estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.measures.choices import Choices
    from mainstay.measures.intervals import Clusters, Estimate
    from mainstay.measures.measure import Measure
    from mainstay.models.policy import Policy
    from mainstay.models.pricing import Pricing
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

MONEY = "money_per_1000"


@dataclass(frozen=True)
class Answers:
    """What some rows were answered.

    Parameters
    ----------
    scores : array, shape (n,) or (n, k)
        Their scores.
    policy : Policy
        What turned them into decisions.
    amounts : Amounts
        What the policy works out for these rows, where amounts differ between records; by the policy's own money, which
        may not be that of the yardstick.

    """

    scores: Floats
    policy: Policy
    amounts: Amounts = UNSAID

    @staticmethod
    def of(scores: Floats, policy: Policy, served: Callable[[], pl.DataFrame]) -> Answers:
        """Answer rows; `served` gives their features as served, where the policy needs to see them."""
        priced = UNSAID if policy.pricing is None else policy.pricing.of_table(served()).amounts
        return Answers(scores, policy, priced)

    @property
    def acted(self) -> NDArray[np.bool_]:
        """Which of them are acted on."""
        return self.policy.acts(self.scores, self.amounts)

    @property
    def done(self) -> list[str | float]:
        """What is decided for each."""
        return self.policy.decisions(self.scores, self.amounts)

    @property
    def planned(self) -> Floats:
        """How much is planned for each."""
        return self.policy.plans(self.scores, self.amounts)

    def take(self, places: NDArray[np.integer] | NDArray[np.bool_]) -> Answers:
        """Give those of the rows at `places`."""
        return Answers(self.scores[places], self.policy, self.amounts.take(places))

    def judged_by(self, measure: Measure) -> tuple[Floats, float]:
        """Give scores and threshold for a measure.

        Where no threshold of the score makes the decisions, because amounts differ between records or actions keep to a
        capacity, measures of decisions see the decisions themselves.
        """
        policy = self.policy
        if not measure.of_decisions or (policy.pricing is None and policy.pace is None):
            return self.scores, policy.threshold
        return self.acted.astype(np.float64), 0.5


@dataclass(frozen=True)
class Yardstick:
    """What candidates are ranked on.

    Money is what each record gains against doing nothing: taking no action, the same action for everybody (several
    classes), or planning the training mean every time.

    Parameters
    ----------
    task : Task
        What is predicted.
    money : Money
        What answers are worth.
    base : float
        Mean of the target in the training rows: the base rate, or the amount that doing nothing plans; of several
        classes the share of the commonest label.
    measure : Measure or None
        The declared measure; None for money.
    pricing : Pricing, optional
        How amounts are worked out, where they differ between records.
    amounts : Amounts, optional
        What they are on the rows to be measured; see `on`.
    weights : array, shape (n,), optional
        How many records of the world each of these rows stands for.
    choices : Choices or None
        Several classes: what can be done about a record, and what it costs.

    """

    task: Task
    money: Money
    base: float
    measure: Measure | None = None
    pricing: Pricing | None = None
    amounts: Amounts | None = None
    weights: Floats | None = None
    choices: Choices | None = None

    @property
    def priced(self) -> Amounts:
        """The amounts of the rows to be measured."""
        return amounts_of(self.money) if self.amounts is None else self.amounts

    def on(self, amounts: Amounts | None, weights: Floats | None = None) -> Yardstick:
        """Give the yardstick for rows with these amounts and weights."""
        return replace(self, amounts=amounts, weights=weights)

    def at(self, places: NDArray[np.integer] | NDArray[np.bool_]) -> Yardstick:
        """Give the yardstick for some of its rows."""
        here = self if self.measure is None else replace(self, measure=self.measure.at(places))
        if self.amounts is None and self.weights is None:
            return here
        return here.on(
            None if self.amounts is None else self.amounts.take(places),
            None if self.weights is None else self.weights[places],
        )

    def on_rows(self, frame: pl.DataFrame) -> Yardstick:
        """Give the yardstick for these rows, where a project's own measure wants to see them."""
        return self if self.measure is None else replace(self, measure=self.measure.on_rows(frame))

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
        if not money_known(self.task, self.money):
            return np.zeros(truth.shape)
        if self.choices is not None:
            return saved(truth, answers.policy.classes.decide_all(answers.scores), self.choices)
        return money_gains(truth, answers, self.priced, self.base)

    def estimate(self, truth: Floats, answers: Answers, clusters: Clusters | None = None, seed: int = 7) -> Estimate:
        """Measure one set of answers, with interval."""
        if self.measure is None:
            return money_estimate(1000 * self.gains(truth, answers), clusters, self.weights)
        return self.of(self.measure, truth, answers, clusters, seed)

    def of(
        self, measure: Measure, truth: Floats, answers: Answers, clusters: Clusters | None = None, seed: int = 7
    ) -> Estimate:
        """Measure another measure on the same rows, with interval."""
        setting = Setting(clusters=clusters, seed=seed)
        return measure_weighed(measure, truth, answers.judged_by(measure), setting, self.weights)

    def advantage(
        self, truth: Floats, mine: Answers, other: Answers, clusters: Clusters | None = None, seed: int = 7
    ) -> Estimate:
        """Measure by how much one set of answers is better than another on the same rows; positive is better."""
        if self.measure is None:
            more = 1000 * (self.gains(truth, mine) - self.gains(truth, other))
            return money_estimate(more, clusters, self.weights)
        setting = Setting(clusters=clusters, seed=seed)
        first, second = mine.judged_by(self.measure), other.judged_by(self.measure)
        return advantage_weighed(self.measure, truth, first, second, setting, self.weights)


def usual(y: Floats, task: Task, weights: Floats | None = None) -> tuple[float, tuple[float, ...]]:
    """Give what is usual in some rows: the mean of the target, or of several classes the largest share and all shares.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> usual(np.array([0.0, 2.0, 2.0, 1.0]), Task(kind="multiclass", target="grade", labels=("a", "b", "c")))
    (0.5, (0.25, 0.25, 0.5))

    """
    if not task.labels:
        return float(np.mean(y) if weights is None else np.average(y, weights=weights)), ()
    counts = np.bincount(y.astype(np.int64), weights=weights, minlength=len(task.labels))
    shares = tuple((counts / (max(1, y.size) if weights is None else weights.sum())).tolist())
    return max(shares), shares


def choose_yardstick(  # noqa: PLR0917 - as a training says them
    task: Task,
    money: Money,
    base: float,
    measure: str = "",
    pricing: Pricing | None = None,
    shares: Sequence[float] = (),
    own: Sequence[Measure] = (),
) -> Yardstick:
    """Choose what to rank on: the declared measure, else money where it is known, else log loss or RMSE.

    Parameters
    ----------
    task : Task
        What is predicted.
    money : Money
        The ``[money]`` section.
    base : float
        Mean of the target in the training rows; of several classes the share of the commonest label.
    measure : str
        The declared measure; empty where none is.
    pricing : Pricing, optional
        How amounts are worked out, where they differ between records.
    shares : sequence of float
        Several classes: the share of each label in the training rows.
    own : sequence of Measure
        The project's own measures.

    Raises
    ------
    ProjectError
        Where the declared measure can't be ranked on, or ``[money]`` speaks of another kind of target.

    """
    choices = _choices(task, money, shares)
    if not measure and money_known(task, money):
        return Yardstick(task, money, base, pricing=pricing, choices=choices)
    found = find_measure(measure or DEFAULT[task.kind], task.kind, own)
    return Yardstick(task, money, base, found, pricing, choices=choices)


def _choices(task: Task, money: Money, shares: Sequence[float]) -> Choices | None:
    if task.kind == "multiclass":
        return read_choices(task.labels, money, np.asarray(shares, dtype=np.float64))
    if money.matrix:
        cells = "tp, fp, fn, tn" if task.kind == "binary" else "under, over"
        raise ProjectError(
            f"[money] matrix is for a target with several classes; '{task.target}' has not.",
            f"Give its costs as cost = {{ {cells} }}.",
        )
    return None


def money_known(task: Task, money: Money) -> bool:
    """Say whether the money section says what this kind of answer is worth."""
    cost = money.cost
    if task.kind == "multiclass":
        return bool(money.matrix)
    if task.kind == "binary":
        return money.value is not None or (cost is not None and cost.fp is not None and cost.fn is not None)
    if cost is None or cost.under is None or cost.over is None:
        return False
    return isinstance(cost.under, str) or isinstance(cost.over, str) or cost.under + cost.over > 0


def money_gains(truth: Floats, answers: Answers, amounts: Amounts, base: float) -> Floats:
    """Give what each record gains against doing nothing; shape (n,)."""
    if answers.policy.task.kind == "binary":
        stake = stakes(amounts)
        return np.zeros(truth.shape) if stake is None else gains(truth > 0.5, answers.acted, stake)
    without = planning_costs(truth, np.full(truth.shape, base), amounts)
    return without - planning_costs(truth, answers.planned, amounts)
