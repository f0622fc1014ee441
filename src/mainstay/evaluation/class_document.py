"""What a report says of several classes, as blocks of its page: the confusion matrix and each label's own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Heading, Table
from mainstay.render.numbers import finding_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.models.report import Report
    from mainstay.render.document import Block, Cell

MOST_SHOWN = 12
"""Labels of a matrix that can be read on a page; of more only the labels' own numbers are shown."""


def class_blocks(report: Report) -> Iterator[Block]:
    """Draw which label is taken for which, and how well each is known; nothing for other tasks."""
    names = report.policy.task.labels
    if not report.confusion:
        return
    yield Heading("Which label is taken for which")
    if len(names) <= MOST_SHOWN:
        rows = tuple(_row(name, row) for name, row in zip(names, report.confusion, strict=True))
        caption = "Held-out rows by true label (down) and predicted label (across)."
        yield Table(("True label", *names, "Rows"), rows, caption)
    found = {(finding.measure, finding.where): finding for finding in report.labels}
    table: list[tuple[Cell, ...]] = []
    for place, name in enumerate(names):
        recall, precision = found.get(("recall", name)), found.get(("precision", name))
        share = report.shares[place] if place < len(report.shares) else None
        shown = [finding_value(one) if one is not None else None for one in (recall, precision)]
        table.append((name, share, *shown))
    yield Table(("Label", "Share in training", "Recall", "Precision"), tuple(table), "With 95 % intervals.")


def _row(name: str, counts: tuple[int, ...]) -> tuple[Cell, ...]:
    return (name, *counts, sum(counts))
