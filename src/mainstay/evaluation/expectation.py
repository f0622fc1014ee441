"""How far single records are spread in what they bring: what an experiment has to see through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.money import planning_costs
from mainstay.models.expectation import Spread
from mainstay.models.yardstick import money_known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.amounts import Amounts

    Floats = NDArray[np.float64]


def outcome_spread(held: HeldOut) -> Spread | None:
    """Work out how far single records are spread in what they bring: what an experiment has to see through.

    The gain against doing nothing alone would make it look too easy: in an experiment, what records bring anyway
    differs as well. Whether an action works is drawn with its success rate. None where money isn't known, and for
    several classes.
    """
    stick = held.yardstick
    if not money_known(stick.task, stick.money) or stick.task.kind == "multiclass" or held.truth.size < 2:
        return None
    if stick.task.kind == "regression":
        without = -planning_costs(held.truth, np.full(held.truth.shape, stick.base), stick.priced)
        mine = -planning_costs(held.truth, held.mine.planned, stick.priced)
        return Spread(float(np.std(mine)), float(np.std(without)))
    return _of_actions(held.truth > 0.5, held.mine.acted, stick.priced)


def _of_actions(positive: NDArray[np.bool_], acted: NDArray[np.bool_], amounts: Amounts) -> Spread:
    if amounts.value is None:
        cells = [0.0 if cell is None else cell for cell in (amounts.tp, amounts.fp, amounts.fn, amounts.tn)]
        left = -np.where(positive, cells[2], cells[3])
        mine = np.where(acted, -np.where(positive, cells[0], cells[1]), left)
        return Spread(float(np.std(mine)), float(np.std(left)))
    at_stake = np.broadcast_to(np.asarray(amounts.value), positive.shape)
    rate = np.broadcast_to(np.asarray(amounts.success_rate), positive.shape)
    left = np.where(positive, -at_stake, 0.0)
    mine = np.where(acted, np.where(positive, -at_stake * (1 - rate), 0.0) - amounts.action_cost, left)
    luck = np.where(acted & positive, at_stake**2 * rate * (1 - rate), 0.0)
    return Spread(float(np.sqrt(np.var(mine) + np.mean(luck))), float(np.std(left)))
