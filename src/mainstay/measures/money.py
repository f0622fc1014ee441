"""Money: what an answer is worth, and where acting begins to pay.

Everything about a yes/no decision reduces to two amounts, the `Stakes`: what acting gains on a record that is
positive and what it gains (usually a loss) on one that is not, both against taking no action. Acting pays where
the expected gain is above zero (Elkan 2001, The Foundations of Cost-Sensitive Learning).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Costs of the cells: four of a yes/no decision, or two per unit of a planned amount.

    Parameters
    ----------
    tp, fp, fn, tn : float, optional
        Cost of acting on a positive, acting on a negative, leaving a positive, leaving a negative.
    under, over : float, optional
        Cost of each unit planned too little and too much (regression).

    """

    tp: float | None = None
    fp: float | None = None
    fn: float | None = None
    tn: float | None = None
    under: float | None = None
    over: float | None = None

    def __post_init__(self) -> None:
        """Refuse costs that are no numbers; a cell may be negative (a gain), a unit too little or too much may not."""
        for name in ("tp", "fp", "fn", "tn", "under", "over"):
            amount = getattr(self, name)
            if amount is not None and not math.isfinite(amount):
                raise ValueError(f"{name} is {amount}, expected a finite amount")
        for name in ("under", "over"):
            if (getattr(self, name) or 0.0) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more")


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `n` actions per period."""

    n: int
    per: Literal["day", "week", "month"] = "week"


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[money]`` section: what answers are worth.

    Parameters
    ----------
    currency : str
        ISO 4217 code, shown beside every amount.
    value : float, optional
        What an action that works is worth.
    success_rate : float
        How often an action works, 0 to 1.
    action_cost : float
        What an action costs, whether it works or not.
    cost : Cost, optional
        The cells themselves, instead of value, success_rate and action_cost.
    capacity : Capacity, optional
        At most this many actions.

    """

    currency: str = "EUR"
    value: float | None = None
    success_rate: float = 1.0
    action_cost: float = 0.0
    cost: Cost | None = None
    capacity: Capacity | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that can't be meant: everything computed from them would look right and be wrong."""
        amounts = {"value": self.value, "action_cost": self.action_cost}
        for name, amount in amounts.items():
            if amount is not None and not (math.isfinite(amount) and amount >= 0):
                raise ValueError(f"{name} is {amount}, expected a finite amount of 0 or more")
        if not 0 <= self.success_rate <= 1:
            raise ValueError(f"success_rate is {self.success_rate}, expected a share between 0 and 1")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"currency is '{self.currency}', expected an ISO 4217 code such as EUR")

    @property
    def known(self) -> bool:
        """Whether anything was said about what an answer is worth."""
        return self.value is not None or self.cost is not None


class Stakes(msgspec.Struct, frozen=True):
    """What acting gains against not acting.

    Parameters
    ----------
    hit : float
        Gain of acting on a record that is positive.
    miss : float
        Gain of acting on a record that is not (a loss is negative).

    Examples
    --------
    >>> stakes(Money(value=300.0, success_rate=0.3, action_cost=15.0))
    Stakes(hit=75.0, miss=-15.0)
    >>> round(break_even(Stakes(75.0, -15.0)), 4)
    0.1667

    """

    hit: float
    miss: float


def stakes(money: Money) -> Stakes | None:
    """Reduce the section to the two amounts of a yes/no decision; None where they are unknown."""
    cost = money.cost
    if cost is not None and cost.fp is not None and cost.fn is not None:
        return Stakes(cost.fn - (cost.tp or 0.0), (cost.tn or 0.0) - cost.fp)
    if money.value is not None:
        return Stakes(money.value * money.success_rate - money.action_cost, -money.action_cost)
    return None


def break_even(stake: Stakes) -> float:
    """Probability above which acting pays, 0 to 1; above 1 (infinity) where acting never pays."""
    if stake.hit <= 0 and stake.miss <= 0:
        return float("inf")
    if stake.hit >= 0 and stake.miss >= 0:
        return 0.0
    return -stake.miss / (stake.hit - stake.miss)


def gains(positive: NDArray[np.bool_], acted: NDArray[np.bool_], stake: Stakes) -> NDArray[np.float64]:
    """Gain of each record against taking no action; shape (n,)."""
    return np.where(acted, np.where(positive, stake.hit, stake.miss), 0.0)


def planning_costs(actual: NDArray[np.float64], planned: NDArray[np.float64], cost: Cost) -> NDArray[np.float64]:
    """Cost of planning `planned` where `actual` was needed; shape (n,), never negative."""
    gap = actual - planned
    return np.where(gap > 0, gap * (cost.under or 0.0), -gap * (cost.over or 0.0))
