"""What a reader must know before trusting a report, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.money import Money
    from mainstay.models.candidate import Training


def reader_must_know(snapshot: Snapshot, training: Training, money: Money, *, known: bool) -> tuple[str, ...]:
    """Give the sentences: what the numbers are not, and what they stand on."""
    return tuple(_sentences(snapshot, training, money, known=known))


def _sentences(snapshot: Snapshot, training: Training, money: Money, *, known: bool) -> Iterator[str]:
    binary = snapshot.task.kind == "binary"
    if not known:
        missing = "value and action_cost" if binary else "cost = { under = .., over = .. }"
        yield (
            "Not money: [money] doesn't say what an answer is worth, so candidates are ranked on "
            f"{training.yardstick.words}. Set {missing} in mainstay.toml to rank them on what they gain."
        )
    elif not training.yardstick.in_money:
        yield f"Candidates are ranked on {training.yardstick.words}, as [training] says; money is shown beside it."
    if known and not binary:
        yield "Money is what is saved against planning the mean of the training rows every time."
    if money.capacity is not None:
        per = f"{money.capacity.n} actions per {money.capacity.per}"
        yield f"The capacity of {per} is not part of these amounts: they act on every record above the threshold."
    if not binary and (money.value is not None):
        yield "[money] value, success_rate and action_cost speak of a yes/no action and aren't used for an amount."
    yield f"Held out: {snapshot.split}. Candidates were compared on {training.folds}."
    if snapshot.split_kind == "random":
        yield "Rows were held out at random: if the world changes with time, expect less than this in production."
    if training.chosen.name == "do-nothing":
        yield "Nothing beat doing nothing by more than chance: there is no case for this model yet."
    if binary:
        yield "Scores are not recalibrated; the calibration error says how far they can be taken as probabilities."
