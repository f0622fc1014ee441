"""`Policy`: from a score to a prediction and a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.measures.choices import Choices
from mainstay.measures.money import expected_gain, stakes
from mainstay.measures.thresholds import shift_at
from mainstay.models.pricing import NO_RECORD, Pricing, told
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.measures.amounts import Amounts
    from mainstay.models.model import Score

    Floats = NDArray[np.float64]

NO_ACTION = "none"
NEVER = 2.0  # a threshold above every probability; infinity has no place in JSON


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """From a score to a prediction and a decision.

    Parameters
    ----------
    task : Task
        What is predicted.
    action : str
        What the caller does on a positive decision.
    threshold : float
        Binary: act on scores at or above it, 0 to 1; `NEVER` where acting never pays. Where amounts differ between
        records, that of a record with the mean amounts, for the reader alone.
    shift : float
        Regression: added to the predicted amount to get the amount to plan, because too little and too much
        cost differently (the newsvendor quantile of the residuals).
    basis : str
        Where the threshold or shift comes from, for the reader.
    fallback : float or tuple of float, optional
        The score of a record that the contract keeps from the model (a policy "fallback"): what doing nothing says,
        the base rate, the shares of the labels or the mean of the training rows. None in versions that were made before
        there was one.
    pricing : Pricing, optional
        How amounts are worked out for a record, where they differ between records: then it acts where the expected
        gain is above `margin`, and plans by the record's own costs.
    margin : float
        Expected gain above which it acts, in the currency.
    quantiles : tuple of float
        Regression with `pricing`: the residuals' quantiles at `measures.thresholds.LEVELS`.
    pace : float, optional
        Acts only from here on, so that actions keep to the capacity: a score, or where amounts differ between records
        an expected gain. Scoring a file, which sees all its records at once, takes the best of them instead.
    choices : Choices, optional
        Several classes: what can be done about a record, and what it costs.

    """

    task: Task
    action: str = "act"
    threshold: float = 0.5
    shift: float = 0.0
    basis: str = "not money"
    fallback: float | tuple[float, ...] | None = None
    pricing: Pricing | None = None
    margin: float = 0.0
    quantiles: tuple[float, ...] = ()
    pace: float | None = None
    choices: Choices | None = None

    def predict(self, score: Score) -> str | float:
        """Give the prediction: the likelier label, the likeliest of several, or the amount."""
        if self.task.kind == "binary":
            return self.task.positive if score >= 0.5 else self.task.negative
        if self.task.kind == "multiclass":
            return self.task.labels[int(np.argmax(score))]
        return score  # type: ignore[return-value]  # an amount is a plain number

    def decide(self, score: Score, record: Mapping[str, Any] = NO_RECORD) -> str | float:
        """Give the decision: the action or ``"none"``, the action that costs least, or the amount to plan.

        Parameters
        ----------
        score : float or array, shape (k,)
            The model's.
        record : mapping of str to value
            The features as served; only looked at where amounts differ between records. What it lacks, the training
            means stand in for.

        """
        if self.pricing is not None:
            return self._decide_priced(float(score), self.pricing.of_record(record)[0])
        if self.task.kind == "binary":
            acts = score >= self.threshold and (self.pace is None or score >= self.pace)
            return self.action if acts else NO_ACTION
        if self.task.kind == "multiclass":
            return self.classes.decide(np.asarray(score))
        return score + self.shift  # type: ignore[return-value]  # an amount is a plain number

    def settle(self, score: Score, record: Mapping[str, Any]) -> tuple[str | float, tuple[str, ...]]:
        """Decide by a record's own amounts, and tell which of them can't be worked out, so that the mean stands in."""
        if self.pricing is None:
            return self.decide(score, record), ()
        amounts, stood_in = self.pricing.of_record(record)
        return self._decide_priced(float(score), amounts), told(stood_in, self.pricing) if stood_in else ()

    @property
    def idle(self) -> str:
        """What is decided where nothing is to be done; empty where there is no such thing, as of amounts."""
        if self.task.kind == "binary":
            return NO_ACTION
        return self.classes.idle if self.task.kind == "multiclass" else ""

    def hold_back(self, decision: str | float) -> tuple[str | float, str | None]:
        """Keep a decision from being acted on: gives what is decided instead, and what would have been.

        Examples
        --------
        >>> policy = Policy(task=Task(kind="binary", target="y", positive="1", negative="0"), action="call")
        >>> policy.hold_back("call"), policy.hold_back("none")
        (('none', 'call'), ('none', None))

        """
        idle = self.idle
        return (idle, str(decision)) if idle and decision != idle else (decision, None)

    def worth(self, scores: Floats, amounts: Amounts) -> Floats:
        """Give what records are ranked by: the expected gain of acting, or the score where amounts are the same."""
        stake = stakes(amounts)
        if self.pricing is None or stake is None:
            return scores
        return np.asarray(expected_gain(scores, stake))

    def acts(self, scores: Floats, amounts: Amounts, *, paced: bool = True) -> NDArray[np.bool_]:
        """Decide for many records at once: to the bit as `decide`.

        Parameters
        ----------
        scores : array, shape (n,)
            The model's.
        amounts : Amounts
            Of the same records, by this policy's own pricing; not looked at without one.
        paced : bool
            Whether to keep to the capacity.

        Returns
        -------
        array of bool, shape (n,)
            Which are acted on: of several classes those that get another action than without a model.

        """
        if self.task.kind == "multiclass":
            return self.classes.acts(self.classes.decide_all(scores))
        ranked = self.worth(scores, amounts)
        acted = ranked >= self.threshold if self.pricing is None else ranked > self.margin
        return acted & (ranked >= self.pace) if paced and self.pace is not None else acted

    def plans(self, scores: Floats, amounts: Amounts) -> Floats:
        """Give the amounts to plan for many records at once: to the bit as `decide`."""
        if self.pricing is None:
            return scores + self.shift
        return np.asarray(scores + shift_at(self.quantiles, amounts, self.shift))

    def decisions(self, scores: Floats, amounts: Amounts) -> list[str | float]:
        """Give the decisions of many records at once."""
        if self.task.kind == "multiclass":
            return [*self.classes.decide_all(scores)]
        if self.task.kind == "regression":
            return [*self.plans(scores, amounts).tolist()]
        return [self.action if act else NO_ACTION for act in self.acts(scores, amounts).tolist()]

    @property
    def classes(self) -> Choices:
        """What can be done about a record of several classes: where nothing else is said, what its label is called."""
        return self.choices or Choices(labels=self.task.labels, of_label=self.task.labels)

    def left_to_fallback(self, n: int) -> Floats:
        """Give the fallback's scores of `n` records, for the model's to be written over; zeros where there is none."""
        if self.task.kind != "multiclass":
            return np.full(n, self.fallback or 0.0)
        width = len(self.task.labels)
        return np.tile(np.asarray(self.fallback or (0.0,) * width, dtype=np.float64), (n, 1))

    def one_left_to_fallback(self) -> Score:
        """Give the fallback's score of one record, as a model gives its own."""
        said = self.left_to_fallback(1)
        return float(said[0]) if said.ndim == 1 else said[0]

    def _decide_priced(self, score: float, amounts: Amounts) -> str | float:
        if self.task.kind == "regression":
            return score + float(shift_at(self.quantiles, amounts, self.shift))
        stake = stakes(amounts)
        gain = expected_gain(score, stake) if stake is not None else -1.0
        acts = gain > self.margin and (self.pace is None or gain >= self.pace)
        return self.action if acts else NO_ACTION
