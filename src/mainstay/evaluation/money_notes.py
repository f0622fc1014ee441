"""What a reader must know about the money of a report, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mainstay.contract.table import as_served
from mainstay.data.volume import capacity_share
from mainstay.measures.money import named_amounts
from mainstay.render.numbers import count, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.measure import Kind
    from mainstay.measures.money import Capacity, Money
    from mainstay.models.candidate import Training

_MISSING: Final[Mapping[Kind, str]] = {
    "binary": "value and action_cost",
    "multiclass": "[money.matrix]",
    "regression": "cost = { under = .., over = .. }",
}


def money_notes(snapshot: Snapshot, training: Training, money: Money, *, known: bool) -> Iterator[str]:
    """Give the sentences: whether it is money at all, what it is against, and what it leaves out."""
    kind, stick = snapshot.task.kind, training.yardstick
    if not known:
        missing = _MISSING[kind]
        yield (
            "Not money: [money] doesn't say what an answer is worth, so candidates are ranked on "
            f"{stick.words}. Set {missing} in mainstay.toml to rank them on what they gain."
        )
    elif not stick.in_money:
        yield f"Candidates are ranked on {stick.words}, as [training] says; money is shown beside it."
    if known:
        yield from _against(training, kind)
        yield from _amounts(snapshot, training)
    if known and kind == "binary" and money.capacity is not None:
        yield _capacity(money.capacity, capacity_share(money.capacity, snapshot))
    if kind == "regression" and money.value is not None:
        yield "[money] value, success_rate and action_cost speak of a yes/no action and aren't used for an amount."
    if kind == "multiclass":
        yield from _not_of_classes(money)


def _against(training: Training, kind: Kind) -> Iterator[str]:
    """Say what money is counted against, where it isn't taking no action."""
    choices = training.yardstick.choices
    if choices is not None:
        yield f"Money is what is saved against '{choices.idle}' for every record, which is done without a model."
    if kind == "regression":
        yield "Money is what is saved against planning the mean of the training rows every time."


def _not_of_classes(money: Money) -> Iterator[str]:
    """Say what of the section isn't used where there are several classes."""
    if money.value is not None or money.cost is not None:
        yield "[money] value, success_rate, action_cost and cost aren't used for several classes: set [money.matrix]."
    if money.capacity is not None:
        yield "[money] capacity isn't kept where there are several classes: every record gets its cheapest action."


def _amounts(snapshot: Snapshot, training: Training) -> Iterator[str]:
    """Say which amounts differ between records, and how often the mean stands in for one."""
    pricing = training.yardstick.pricing
    if pricing is None:
        return
    said = dict(named_amounts(pricing.money))
    told = ", ".join(f"{name} = {said[name]}" for name in pricing.means)
    yield f"Amounts are worked out for each record, and so is the decision: {told}."
    stood_in = pricing.of_table(as_served(snapshot.contract, snapshot.train.frame)).stood_in
    for name, gone in stood_in.items():
        if gone.any():
            yield (
                f"In {count(int(gone.sum()))} of {count(gone.size)} training rows {name} can't be worked out (missing, "
                f"negative or not finite); such a record counts with the mean, {number(pricing.means[name])}."
            )


def _capacity(capacity: Capacity, share: float | None) -> str:
    said = f"{capacity.n} actions per {capacity.per}"
    if capacity.n is None:
        said = f"{capacity.share:.3g} of the records"
    if share is None:
        return (
            f"The capacity of {said} is not part of these amounts, because nothing says how many records come in: they "
            "act on every record that pays. Split by a column of times, or set capacity = { share = .. }."
        )
    from_n = f", {share:.3g} of the records that come in" if capacity.share is None else ""
    return f"Amounts keep to the capacity of {said}{from_n}: only the best records are acted on."
