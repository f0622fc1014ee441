"""What features are good for, as blocks of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.ablation import ALL
from mainstay.render.document import Heading, Status, Table, Text
from mainstay.render.numbers import finding_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.models.ablation import Ablated
    from mainstay.models.report import Report
    from mainstay.render.document import Block, Cell, Tone

_TONES: dict[str, Tone] = {"helps": "good", "unused": "none", "duplicate": "none", "harmful": "bad"}
_MOST = 40


def ablation_blocks(report: Report) -> Iterator[Block]:
    """Lay out which features don't help, and what each costs; nothing where it wasn't studied."""
    features = [one for one in report.ablation if one.feature != ALL]
    if not features:
        return
    yield Heading("Which features are needed")
    idle = [one.feature for one in features if one.use != "helps"]
    if idle:
        together = next((one.lost for one in report.ablation if one.feature == ALL), None)
        more = (
            "" if together is None else f" Without all that don't help, the loss changes by {finding_value(together)}."
        )
        yield Text(f"Nothing surely gets worse without {', '.join(idle)}.{more}")
    else:
        yield Text("Each of them helps.")
    caption = (
        "Loss added where a feature is left out and the model fitted again; those without a number showed by shuffling."
    )
    shown = sorted(features, key=lambda one: one.use == "helps")[:_MOST]
    columns = ("Feature", "", "Loss without it", "Says the same", "Missing", "Owner", "Source")
    yield Table(columns, tuple(map(_row, shown)), caption)


def _row(one: Ablated) -> tuple[Cell, ...]:
    lost = None if one.lost is None else finding_value(one.lost)
    missing = None if one.missing is None else f"{100 * one.missing:.3g} %"
    return (one.feature, Status(one.use, _TONES[one.use]), lost, one.twin or None, missing, one.owner, one.source)
