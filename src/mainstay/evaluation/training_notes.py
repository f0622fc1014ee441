"""What training has to say to the reader of a report, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.models.candidate import Training


def told_by_training(training: Training) -> Iterator[str]:
    """Say whether scores are calibrated, and what was cut short or beat nothing."""
    if training.yardstick.task.kind != "regression":
        yield _calibration(training)
    yield from training.notes


def _calibration(training: Training) -> str:
    said = training.chosen.parameters.get("calibrated")
    if said:
        return f"Scores are calibrated by {said}, as that helped by more than its standard error on rows not seen."
    why = ": no curve helped by more than its standard error on rows not seen"
    return f"Scores are not recalibrated{why}. The calibration error says how far they can be taken as probabilities."
