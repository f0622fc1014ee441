"""What the money depends on: each amount halved and doubled, and how far it can move before the model stops paying.

Twice each time: with the decisions as they are, which says what a wrong amount in the project file costs, and with the
policy derived again from the training rows, which says what the model would be worth in such a world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract.table import as_served
from mainstay.evaluation.findings import found
from mainstay.measures.amounts import CELLS, Amounts
from mainstay.measures.money import amounts_of, named_amounts
from mainstay.measures.returns import turning_point
from mainstay.measures.weighing import money_estimate
from mainstay.models.deriving import act_policy, keep_pace, plan_policy
from mainstay.models.yardstick import MONEY, Answers, money_gains, money_known
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.finding import Finding
    from mainstay.models.candidate import Training
    from mainstay.models.policy import Policy
    from mainstay.models.pricing import Pricing

    Floats = NDArray[np.float64]

FACTORS = (0.5, 2.0)
GROUP = "sensitivity"
TURNS = "turning_point"


@dataclass(frozen=True)
class Unseen:
    """Training rows with scores of models that had not seen them: what a policy is derived from.

    Parameters
    ----------
    truth, scores : array, shape (n,)
        The rows.
    amounts : Amounts
        What answers on them are worth.
    share : float, optional
        At most this share of the records can be acted on.
    pricing : Pricing, optional
        How amounts are worked out, where they differ between records.
    weights : array, shape (n,), optional
        How many records each row stands for.

    """

    truth: Floats
    scores: Floats
    amounts: Amounts
    share: float | None
    pricing: Pricing | None
    weights: Floats | None

    def derive(self, policy: Policy, name: str, factor: float) -> Policy:
        """Derive the policy again, with one amount multiplied."""
        task, action, pricing = policy.task, policy.action, self.pricing
        amounts = scaled(self.amounts, name, factor)
        if task.kind == "regression":
            return plan_policy(self.truth - self.scores, amounts, task=task, action=action, pricing=pricing)
        truth, scores, weights = self.truth, self.scores, self.weights
        made = act_policy(truth, scores, amounts, task=task, action=action, pricing=pricing, weights=weights)
        return keep_pace(made, scores, amounts, self.share, weights)


def what_money_depends_on(
    snapshot: Snapshot, training: Training, held: HeldOut, share: float | None
) -> tuple[Finding, ...]:
    """Measure money at other amounts; empty for several classes, without money, or where nothing beat doing nothing.

    Parameters
    ----------
    snapshot, training
        Hold the training rows and their out-of-fold scores.
    held : HeldOut
        The held-out rows, answered.
    share : float, optional
        At most this share of the records can be acted on.

    Returns
    -------
    tuple of Finding
        For each amount its turning point, then money at each factor, decisions kept and derived again.

    """
    stick = held.yardstick
    plain = stick.task.kind != "multiclass" and money_known(stick.task, stick.money)
    if not plain or training.chosen.name == "do-nothing":
        return ()
    unseen = _unseen(snapshot, training, share)
    return tuple(finding for name in amounts_that_count(held) for finding in _of_amount(held, unseen, name))


def amounts_that_count(held: HeldOut) -> tuple[str, ...]:
    """Name the amounts that money comes from; those that are 0 everywhere are left out."""
    task, money = held.yardstick.task, held.yardstick.money
    cells = money.cost is not None and money.cost.fp is not None and money.cost.fn is not None
    if task.kind == "regression":
        wanted: tuple[str, ...] = ("under", "over")
    else:
        wanted = CELLS[:4] if cells else ("value", "success_rate", "action_cost")
    said = [name for name, _ in named_amounts(money) if name in wanted]
    return tuple(name for name in said if np.any(getattr(held.yardstick.priced, name)))


def scaled(amounts: Amounts, name: str, factor: float) -> Amounts:
    """Multiply one amount; nothing works more often than always."""
    made = amounts.scaled(name, factor)
    return made if name != "success_rate" else replace(made, success_rate=np.minimum(made.success_rate, 1.0))


def _unseen(snapshot: Snapshot, training: Training, share: float | None) -> Unseen:
    scores, pricing = training.chosen.fold_scores, training.yardstick.pricing
    scored = np.flatnonzero(np.isfinite(scores))
    mass = snapshot.stand_for(snapshot.train)
    weights = None if mass is None else mass[scored]
    if pricing is None:
        amounts = amounts_of(training.yardstick.money)
    else:
        amounts = pricing.of_table(as_served(snapshot.contract, snapshot.train.frame)).amounts.take(scored)
    return Unseen(snapshot.train.y[scored], scores[scored], amounts, share, pricing, weights)


def _of_amount(held: HeldOut, unseen: Unseen, name: str) -> Iterator[Finding]:
    yield _turning_point(held, name)
    mine = held.mine
    for factor in FACTORS:
        amounts = scaled(held.yardstick.priced, name, factor)
        derived = unseen.derive(mine.policy, name, factor)
        # The model decides by the amounts it knows: the old ones where decisions are kept, the new ones where not.
        again = Answers(mine.scores, derived, amounts if derived.pricing is not None else mine.amounts)
        for how, answers in (("decisions kept", mine), ("derived again", again)):
            gained = 1000 * money_gains(held.truth, answers, amounts, held.yardstick.base)
            yield found(
                money_estimate(gained, held.clusters, held.yardstick.weights),
                MONEY,
                where=f"{name} x {factor:g}, {how}",
                unit=held.yardstick.money.currency,
                group=GROUP,
            )


def _turning_point(held: HeldOut, name: str) -> Finding:
    stick, mine = held.yardstick, held.mine
    now = money_gains(held.truth, mine, stick.priced, stick.base)
    without = money_gains(held.truth, mine, stick.priced.scaled(name, 0.0), stick.base)
    mass = 1.0 if stick.weights is None else stick.weights
    estimate = turning_point(mass * without, mass * (now - without), held.clusters)
    finding = found(estimate, TURNS, where=name, group=GROUP)
    return _explained(
        finding, name, pays=float(np.mean(mass * now)) > 0, rises=float(np.mean(mass * (now - without))) > 0
    )


def _explained(finding: Finding, name: str, *, pays: bool, rises: bool) -> Finding:
    verb = "It pays" if pays else "It would pay"
    if finding.value is None:
        said = f"With these decisions it {'pays' if pays else 'loses'} whatever {name} is."
    else:
        said = f"{verb} as long as {name} is {'above' if rises else 'below'} {number(finding.value)} times what it is."
    return msgspec.structs.replace(finding, note=said)
