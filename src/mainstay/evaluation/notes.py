"""What a reader must know before trusting a report, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.money_notes import money_notes
from mainstay.evaluation.training_notes import told_by_training

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.snapshot import Snapshot
    from mainstay.measures.money import Money
    from mainstay.models.candidate import Training


def reader_must_know(snapshot: Snapshot, training: Training, money: Money, *, known: bool) -> tuple[str, ...]:
    """Give the sentences: what the numbers are not, and what they stand on."""
    return tuple(_sentences(snapshot, training, money, known=known))


def _sentences(snapshot: Snapshot, training: Training, money: Money, *, known: bool) -> Iterator[str]:
    yield from money_notes(snapshot, training, money, known=known)
    if snapshot.stands:
        yield snapshot.stands
    yield f"Held out: {snapshot.split}. Candidates were compared on {training.folds}."
    if snapshot.split_kind == "random":
        yield "Rows were held out at random: if the world changes with time, expect less than this in production."
    if training.chosen.name == "do-nothing":
        yield "Nothing beat doing nothing by more than chance: there is no case for this model yet."
    yield from told_by_training(training)
