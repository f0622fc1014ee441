"""`Policy`: from a score to a prediction and a decision."""

from __future__ import annotations

import msgspec

from mainstay.models.task import Task

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
        Binary: act on scores at or above it, 0 to 1; `NEVER` where acting never pays.
    shift : float
        Regression: added to the predicted amount to get the amount to plan, because too little and too much
        cost differently (the newsvendor quantile of the residuals).
    basis : str
        Where the threshold or shift comes from, for the reader.
    fallback : float, optional
        The score of a record that the contract keeps from the model (a policy "fallback"): what doing nothing says,
        the base rate or mean of the training rows. None in versions that were made before there was one.

    """

    task: Task
    action: str = "act"
    threshold: float = 0.5
    shift: float = 0.0
    basis: str = "not money"
    fallback: float | None = None

    def predict(self, score: float) -> str | float:
        """Give the prediction: the likelier label, or the amount."""
        if self.task.kind == "regression":
            return score
        return self.task.positive if score >= 0.5 else self.task.negative

    def decide(self, score: float) -> str | float:
        """Give the decision: the action or ``"none"``, or the amount to plan."""
        if self.task.kind == "regression":
            return score + self.shift
        return self.action if score >= self.threshold else NO_ACTION
