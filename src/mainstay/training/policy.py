"""From out-of-fold scores and costs to a policy: where acting begins, or how much to plan beyond the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.measures.money import stakes
from mainstay.measures.thresholds import choose_threshold, planning_shift
from mainstay.models.policy import NEVER, Policy
from mainstay.models.yardstick import money_known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.yardstick import Yardstick

    Floats = NDArray[np.float64]

NOT_MONEY = "Not money: what an answer is worth isn't known"


def derive_policy(truth: Floats, scores: Floats, yardstick: Yardstick, action: str, *, idle: bool) -> Policy:
    """Derive the policy of one candidate; it follows the money even where candidates are ranked on something else.

    Parameters
    ----------
    truth, scores : array, shape (n,)
        Rows with out-of-fold scores.
    yardstick : Yardstick
        Holds task and money.
    action : str
        What the caller does on a positive decision.
    idle : bool
        Whether the candidate stands for doing nothing.

    """
    task, money = yardstick.task, yardstick.money
    action = action.strip() or "act"
    if task.kind == "regression":
        return _planning(truth, scores, yardstick, action, idle=idle)
    if idle:
        return Policy(task=task, action=action, threshold=NEVER, basis="Never acts.")
    stake = stakes(money)
    if stake is None:
        return Policy(task=task, action=action, threshold=0.5, basis=f"{NOT_MONEY}, so it acts on the likelier label.")
    found = choose_threshold(truth, scores, stake)
    return Policy(task=task, action=action, threshold=min(found.value, NEVER), basis=found.basis)


def _planning(truth: Floats, scores: Floats, yardstick: Yardstick, action: str, *, idle: bool) -> Policy:
    task, cost = yardstick.task, yardstick.money.cost
    if idle:
        return Policy(task=task, action=action, basis="Plans the mean of the training rows every time.")
    if not money_known(task, yardstick.money) or cost is None:
        return Policy(task=task, action=action, basis=f"{NOT_MONEY}, so it plans the forecast itself.")
    under, over = cost.under or 0.0, cost.over or 0.0
    words = (
        f"A unit too little costs {under:g}, one too much {over:g}: enough in {under / (under + over):.0%} of cases."
    )
    return Policy(task=task, action=action, shift=planning_shift(truth - scores, under, over), basis=words)
