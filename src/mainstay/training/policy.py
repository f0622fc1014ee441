"""From out-of-fold scores and costs to a policy: where acting begins, or how much to plan beyond the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.measures.choices import always
from mainstay.models.deriving import act_policy, keep_pace, plan_policy
from mainstay.models.policy import NEVER, Policy
from mainstay.models.yardstick import money_known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.task import Task
    from mainstay.models.yardstick import Yardstick

    Floats = NDArray[np.float64]

NOT_MONEY = "Not money: what an answer is worth isn't known"
_AT = {"binary": NEVER, "regression": 0.5}  # an amount has no threshold


def derive_policy(
    truth: Floats, scores: Floats, yardstick: Yardstick, action: str, *, idle: bool, share: float | None = None
) -> Policy:
    """Derive the policy of one candidate; it follows the money even where candidates are ranked on something else.

    Parameters
    ----------
    truth, scores : array, shape (n,), scores of several classes (n, k)
        Rows with out-of-fold scores.
    yardstick : Yardstick
        Holds task, money and the amounts of these rows.
    action : str
        What the caller does on a positive decision.
    idle : bool
        Whether the candidate stands for doing nothing.
    share : float, optional
        At most this share of the records can be acted on.

    """
    task = yardstick.task
    action = action.strip() or "act"
    if task.kind == "multiclass":
        return _of_classes(yardstick, action, idle=idle)
    if idle:
        words = "Plans the mean of the training rows every time." if task.kind == "regression" else "Never acts."
        return Policy(task=task, action=action, threshold=_AT[task.kind], basis=words)
    if not money_known(task, yardstick.money):
        return _without_money(task, action)
    pricing, amounts = yardstick.pricing, yardstick.priced
    if task.kind == "regression":
        return plan_policy(truth - scores, amounts, task=task, action=action, pricing=pricing)
    weights = yardstick.weights
    policy = act_policy(truth, scores, amounts, task=task, action=action, pricing=pricing, weights=weights)
    return keep_pace(policy, scores, amounts, share, weights)


def _of_classes(yardstick: Yardstick, action: str, *, idle: bool) -> Policy:
    task, choices = yardstick.task, yardstick.choices
    if choices is None or not choices.known:
        words = f"{NOT_MONEY}, so it does what goes with the likeliest label."
        return Policy(task=task, action=action, basis=words, choices=choices)
    if idle:
        same = always(choices, choices.idle)
        return Policy(task=task, action=action, basis=f"Always '{choices.idle}'.", choices=same)
    words = "It does what costs least under the probabilities of the labels (from the matrix of costs)."
    return Policy(task=task, action=action, basis=words, choices=choices)


def _without_money(task: Task, action: str) -> Policy:
    words = "plans the forecast itself" if task.kind == "regression" else "acts on the likelier label"
    return Policy(task=task, action=action, threshold=0.5, basis=f"{NOT_MONEY}, so it {words}.")
