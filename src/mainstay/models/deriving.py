"""From out-of-fold scores and amounts to a policy: where acting begins, or how much to plan beyond the forecast.

Pure. Training derives the policy that is released; evaluation derives it again at other amounts, to say what the
verdict depends on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.measures.money import break_even, expected_gain, stakes
from mainstay.measures.thresholds import (
    LEVELS,
    choose_margin,
    choose_threshold,
    pace_of,
    planning_shift,
    weighted_quantiles,
)
from mainstay.models.policy import NEVER, Policy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.amounts import Amounts
    from mainstay.models.pricing import Pricing
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]


def act_policy(
    truth: Floats,
    scores: Floats,
    amounts: Amounts,
    *,
    task: Task,
    action: str,
    pricing: Pricing | None = None,
    weights: Floats | None = None,
) -> Policy:
    """Derive where acting begins.

    Parameters
    ----------
    truth, scores : array, shape (n,)
        Rows with scores of a model that had not learned from them.
    amounts : Amounts
        What answers on these rows are worth; known.
    task, action
        What is predicted, and what the caller does on a positive decision.
    pricing : Pricing, optional
        How amounts are worked out for a record, where they differ.
    weights : array, shape (n,), optional
        How many records each row stands for.

    Raises
    ------
    ValueError
        Where the amounts don't say what acting is worth.

    """
    stake = stakes(amounts)
    if stake is None:
        raise ValueError("what acting is worth isn't known")
    if pricing is None:
        found = choose_threshold(truth, scores, stake, weights)
        return Policy(task=task, action=action, threshold=min(found.value, NEVER), basis=found.basis)
    found = choose_margin(truth, np.asarray(expected_gain(scores, stake)), stake, weights)
    return Policy(
        task=task,
        action=action,
        threshold=min(break_even(stake), NEVER),
        margin=found.value,
        pricing=pricing,
        basis=found.basis,
    )


def plan_policy(
    residuals: Floats, amounts: Amounts, *, task: Task, action: str, pricing: Pricing | None = None
) -> Policy:
    """Derive how much to plan beyond the forecast.

    Parameters
    ----------
    residuals : array, shape (n,)
        What was needed minus what a model forecast that had not learned from these rows.
    amounts : Amounts
        What a unit too little and too much costs on them; known.
    task, action, pricing
        As in `act_policy`.

    """
    under, over = amounts.per_unit
    shift = planning_shift(residuals, under, over)
    if pricing is None:
        enough = under / (under + over)
        words = f"A unit too little costs {under:g}, one too much {over:g}: enough in {enough:.0%} of cases."
        return Policy(task=task, action=action, shift=shift, basis=words)
    weights = np.broadcast_to(np.add(under, over), residuals.shape)
    quantiles = weighted_quantiles(residuals, weights, LEVELS)
    words = f"Plans by what a unit too little and too much costs for each record: {shift:+.3g} where all are alike."
    return Policy(
        task=task, action=action, shift=shift, quantiles=tuple(quantiles.tolist()), pricing=pricing, basis=words
    )


def keep_pace(
    policy: Policy, scores: Floats, amounts: Amounts, share: float | None, weights: Floats | None = None
) -> Policy:
    """Raise where acting begins so that at most `share` of the records is acted on; as it is where that is unknown."""
    never = policy.pricing is None and policy.threshold >= NEVER
    if share is None or policy.task.kind == "regression" or never:
        return policy
    pace = pace_of(policy.worth(scores, amounts), share, weights)
    wanted = float(np.average(policy.acts(scores, amounts, paced=False), weights=weights))
    words = f" At most {share:.3g} of the records can be acted on, so only the best are."
    return msgspec.structs.replace(policy, pace=pace, basis=policy.basis + (words if wanted > share else ""))
