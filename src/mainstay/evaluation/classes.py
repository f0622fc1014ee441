"""What a report says of several classes beside its measures: which label is taken for which, and each label's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluation.findings import found
from mainstay.measures.classes import confusion
from mainstay.measures.intervals import proportion_estimate
from mainstay.models.yardstick import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.evaluation.held_out import HeldOut
    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

GROUP = "label"


def with_classes(report: Report, held: HeldOut, train_y: NDArray[np.float64]) -> Report:
    """Add to a report what it says of several classes; any other report stays as it is.

    Parameters
    ----------
    report : Report
        Everything else.
    held : HeldOut
        The held-out rows, answered.
    train_y : array, shape (n_train,)
        Codes of the training rows.

    """
    labels = report.policy.task.labels
    if not labels:
        return report
    predicted = held.mine.scores.argmax(axis=1)
    counts = confusion(held.truth, predicted, len(labels))
    return msgspec.structs.replace(
        report,
        shares=usual(train_y, report.policy.task)[1],
        predicted_shares=tuple((counts.sum(axis=0) / max(1, counts.sum())).tolist()),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        labels=tuple(_of_labels(held, predicted, labels)),
    )


def _of_labels(held: HeldOut, predicted: NDArray[np.int64], labels: tuple[str, ...]) -> Iterator[Finding]:
    for code, label in enumerate(labels):
        true, said = ((codes == code).astype(np.float64) for codes in (held.truth, predicted))
        recall, precision = (
            proportion_estimate(said, true, held.clusters),
            proportion_estimate(true, said, held.clusters),
        )
        yield found(recall, "recall", where=label, group=GROUP, note="Of the rows that are so, the share predicted so.")
        yield found(precision, "precision", where=label, group=GROUP, note="Of the rows predicted so, the share right.")
