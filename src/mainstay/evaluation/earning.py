"""Money, and what it is made of: per record, per action, at a capacity, and over the share that is acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.held_out import CHAMPION
from mainstay.measures.money import gains, stakes
from mainstay.measures.returns import gain_at_share, ratio_advantage, ratio_estimate
from mainstay.measures.weighing import money_estimate
from mainstay.models.report import MoneyAt
from mainstay.models.yardstick import MONEY, Answers, money_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.amounts import Amounts, Quantity
    from mainstay.measures.finding import Finding

    Floats = NDArray[np.float64]

RETURN, UNLIMITED = "return_on_actions", "money_without_capacity"
GROUP = "money"
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def earned(held: HeldOut) -> Iterator[Finding]:
    """Measure what the chosen candidate earns; nothing where money is unknown.

    Money per 1 000 records first; then what each unit of money that actions cost brings back, alone and against the
    champion; then, where a capacity holds actions back, what would be earned without it.
    """
    stick, mine = held.yardstick, held.mine
    if not money_known(stick.task, stick.money):
        return
    unit = stick.money.currency
    gained = money_estimate(1000 * stick.gains(held.truth, mine), held.clusters, stick.weights)
    yield found(gained, MONEY, unit=unit, group=GROUP, note="Against doing nothing on the same rows.")
    if stick.task.kind != "binary":
        return
    yield from _returns(held)
    if mine.policy.pace is not None:
        stake = stakes(stick.priced)
        acted = mine.policy.acts(mine.scores, mine.amounts, paced=False)
        if stake is not None and acted.sum() > mine.acted.sum():
            free = money_estimate(1000 * gains(held.truth > 0.5, acted, stake), held.clusters, stick.weights)
            note = "If everything that pays could be acted on."
            yield found(free, UNLIMITED, unit=unit, group=GROUP, note=note)


def _returns(held: HeldOut) -> Iterator[Finding]:
    mine = _gained_and_spent(held, held.mine)
    estimate = ratio_estimate(*mine, held.clusters)
    if not np.isfinite(estimate.value):
        return
    note = "Gained against doing nothing, per unit of money that actions cost."
    yield found(estimate, RETURN, group=GROUP, note=note)
    if CHAMPION in held.answers:
        theirs = _gained_and_spent(held, held.answers[CHAMPION])
        ahead = ratio_advantage(mine, theirs, held.clusters)
        if np.isfinite(ahead.value):
            yield found(ahead, f"{RETURN}_over_{CHAMPION}", group=GROUP, note="Above the champion's by this.")


def _gained_and_spent(held: HeldOut, answers: Answers) -> tuple[Floats, Floats]:
    positive, acted = held.truth > 0.5, answers.acted
    mass = 1.0 if held.yardstick.weights is None else held.yardstick.weights
    spent = acted * _cost_of_acting(positive, held.yardstick.priced)
    return mass * held.yardstick.gains(held.truth, answers), mass * spent


def _cost_of_acting(positive: NDArray[np.bool_], amounts: Amounts) -> Floats:
    """Give what acting on each record costs; a cell that gains costs nothing."""
    if amounts.fp is None or amounts.fn is None:
        return np.asarray(np.broadcast_to(amounts.action_cost, positive.shape))
    return np.where(positive, np.maximum(_or_zero(amounts.tp), 0.0), np.maximum(amounts.fp, 0.0))


def _or_zero(amount: Quantity | None) -> Quantity:
    return 0.0 if amount is None else amount


def money_curve(held: HeldOut, share: float | None) -> tuple[MoneyAt, ...]:
    """Measure money for several shares that are acted on, best records first; the capacity's among them.

    Empty for amounts, where money is unknown, and where nothing beat doing nothing.
    """
    stick, mine = held.yardstick, held.mine
    stake = stakes(stick.priced) if stick.task.kind == "binary" and money_known(stick.task, stick.money) else None
    if stake is None or held.chosen == "do-nothing":
        return ()
    gained = 1000 * np.where(held.truth > 0.5, stake.hit, stake.miss)
    ranked = mine.policy.worth(mine.scores, mine.amounts)
    shares = sorted({*SHARES, *(() if share is None else (share,))})
    return tuple(
        MoneyAt(
            share=one,
            money=found(
                gain_at_share(gained, ranked, one, held.clusters, stick.weights),
                MONEY,
                where=f"best {100 * one:.4g} %",
                unit=stick.money.currency,
                group="curve",
                note="The capacity." if one == share else "",
            ),
        )
        for one in shares
    )
