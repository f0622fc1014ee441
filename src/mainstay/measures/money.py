"""Money: what an answer is worth, and where acting begins to pay.

Everything about a yes/no decision reduces to two amounts, the `Stakes`: what acting gains on a record that is
positive and what it gains (usually a loss) on one that is not, both against taking no action. Acting pays where
the expected gain is above zero (Elkan 2001, The Foundations of Cost-Sensitive Learning). An amount may be an
expression over the columns of a record; `mainstay.measures.amounts` holds what it comes to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from mainstay.measures.amounts import CELLS, Amounts, require_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.measures.amounts import Quantity

    Floats = NDArray[np.float64]

Amount = float | str
"""A number, or an expression over the features of a record: ``"12 * MonthlyCharges"``."""
_NOTHING: Mapping[str, Quantity] = {}


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Costs of the cells: four of a yes/no decision, or two per unit of a planned amount.

    Each is a number, or an expression over the features of a record, such as ``"amount"``.

    Parameters
    ----------
    tp, fp, fn, tn : float or str, optional
        Cost of acting on a positive, acting on a negative, leaving a positive, leaving a negative.
    under, over : float or str, optional
        Cost of each unit planned too little and too much (regression).

    """

    tp: Amount | None = None
    fp: Amount | None = None
    fn: Amount | None = None
    tn: Amount | None = None
    under: Amount | None = None
    over: Amount | None = None

    def __post_init__(self) -> None:
        """Refuse costs that can't be meant: a cell may be negative (a gain), a unit too little or too much may not."""
        for name in CELLS:
            require_amount(name, getattr(self, name))


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many actions there can be.

    Parameters
    ----------
    n : int, optional
        At most so many per period; scoring a file takes the best `n` of it.
    per : {"day", "week", "month"}
        The period (a month is 30.44 days).
    share : float, optional
        At most this share of the records, above 0 and up to 1. Worked out from `n` where rows are split by a column of
        times; asked for where they aren't.

    """

    n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    per: Literal["day", "week", "month"] = "week"
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None

    def __post_init__(self) -> None:
        """Refuse a capacity of nothing."""
        if self.n is None and self.share is None:
            raise ValueError("capacity says neither n (how many per period) nor share (of the records)")


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[money]`` section: what answers are worth.

    Parameters
    ----------
    currency : str
        ISO 4217 code, shown beside every amount.
    value : float or str, optional
        What an action that works is worth. Like every amount a number, or an expression over the features of a record:
        ``"12 * MonthlyCharges"``.
    success_rate : float or str
        How often an action works, 0 to 1.
    action_cost : float or str
        What an action costs, whether it works or not.
    cost : Cost, optional
        The cells themselves, instead of value, success_rate and action_cost.
    capacity : Capacity, optional
        At most this many actions.
    actions : dict of str to str
        Several classes: what to do about each label; the label itself where nothing is said.
    matrix : dict of str to dict of str to float
        Several classes: for each true label what each action costs (a gain is negative).
    default_action : str
        Several classes: what is done about every record without a model; the cheapest where nothing is said.

    """

    currency: str = "EUR"
    value: Amount | None = None
    success_rate: Amount = 1.0
    action_cost: Amount = 0.0
    cost: Cost | None = None
    capacity: Capacity | None = None
    actions: dict[str, str] = {}
    matrix: dict[str, dict[str, float]] = {}
    default_action: str = ""

    def __post_init__(self) -> None:
        """Refuse amounts that can't be meant: everything computed from them would look right and be wrong."""
        for name in ("value", "success_rate", "action_cost"):
            require_amount(name, getattr(self, name))
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"currency is '{self.currency}', expected an ISO 4217 code such as EUR")
        for label, costs in self.matrix.items():
            for action, amount in costs.items():
                if not math.isfinite(amount):
                    raise ValueError(f"matrix says {amount} for {label}, {action}, expected a finite amount")

    @property
    def known(self) -> bool:
        """Whether anything was said about what an answer is worth."""
        return self.value is not None or self.cost is not None or bool(self.matrix)


@dataclass(frozen=True)
class Stakes:
    """What acting gains against not acting: for every record alike, or record by record.

    Parameters
    ----------
    hit : float or array, shape (n,)
        Gain of acting on a record that is positive.
    miss : float or array, shape (n,)
        Gain of acting on a record that is not (a loss is negative).

    Examples
    --------
    >>> stakes(Money(value=300.0, success_rate=0.3, action_cost=15.0))
    Stakes(hit=75.0, miss=-15.0)
    >>> round(break_even(Stakes(75.0, -15.0)), 4)
    0.1667

    """

    hit: Quantity
    miss: Quantity


def amounts_of(money: Money, found: Mapping[str, Quantity] = _NOTHING) -> Amounts:
    """Gather the amounts of the section.

    Parameters
    ----------
    money : Money
        The section.
    found : mapping of str to float or array
        What each amount that is an expression comes to, by its name (``"value"``, ``"fn"``).

    Raises
    ------
    ValueError
        Where an expression isn't among `found`.

    """
    gathered = {}
    for name, amount in named_amounts(money):
        value = found.get(name) if isinstance(amount, str) else amount
        if value is None:
            raise ValueError(f"[money] {name} is worked out record by record, and no record was given")
        gathered[name] = value
    return Amounts(**gathered)


def named_amounts(money: Money) -> Iterator[tuple[str, Amount]]:
    """Give every amount that is said, by its name."""
    whole = (("value", money.value), ("success_rate", money.success_rate), ("action_cost", money.action_cost))
    cells = () if money.cost is None else tuple((name, getattr(money.cost, name)) for name in CELLS)
    yield from ((name, amount) for name, amount in (*whole, *cells) if amount is not None)


def stakes(money: Money | Amounts) -> Stakes | None:
    """Reduce amounts to the two of a yes/no decision; None where they are unknown."""
    of = money if isinstance(money, Amounts) else amounts_of(money)
    if of.fp is not None and of.fn is not None:
        return Stakes(of.fn - _or_zero(of.tp), _or_zero(of.tn) - of.fp)
    if of.value is not None:
        return Stakes(of.value * of.success_rate - of.action_cost, -of.action_cost)
    return None


def _or_zero(amount: Quantity | None) -> Quantity:
    return 0.0 if amount is None else amount


def break_even(stake: Stakes) -> float:
    """Probability above which acting pays, 0 to 1; above 1 (infinity) where acting never pays.

    Where stakes differ between records, that of a record with the mean stakes.
    """
    hit, miss = float(np.mean(stake.hit)), float(np.mean(stake.miss))
    if hit <= 0 and miss <= 0:
        return float("inf")
    if hit >= 0 and miss >= 0:
        return 0.0
    return -miss / (hit - miss)


def expected_gain(score: Quantity, stake: Stakes) -> Quantity:
    """Give what acting is expected to gain at a probability; the same bits for a record as for a row of a table."""
    return score * stake.hit + (1.0 - score) * stake.miss


def gains(positive: NDArray[np.bool_], acted: NDArray[np.bool_], stake: Stakes) -> Floats:
    """Gain of each record against taking no action; shape (n,)."""
    return np.where(acted, np.where(positive, stake.hit, stake.miss), 0.0)


def planning_costs(actual: Floats, planned: Floats, cost: Cost | Amounts) -> Floats:
    """Cost of planning `planned` where `actual` was needed; shape (n,), never negative."""
    under, over = (cost if isinstance(cost, Amounts) else amounts_of(Money(cost=cost))).per_unit
    gap = actual - planned
    return np.where(gap > 0, gap * under, -gap * over)
