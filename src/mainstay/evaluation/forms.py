"""Two forms of one model beside each other on held-out rows: what the faster one gains in time, and what it loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluation.findings import found
from mainstay.evaluation.held_out import IDLE
from mainstay.measures.catalogue import measures_of
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.measures.measure import Setting
from mainstay.models.convert import parity
from mainstay.models.convert.clock import Clocked
from mainstay.render.document import Findings, Heading, Table
from mainstay.render.numbers import count, finding_value, measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.evaluation.held_out import HeldOut
    from mainstay.models.convert import Tolerated
    from mainstay.render.document import Block

GROUP = "optimization"
BEFORE, AFTER = "before", "after"
_SHOWN = {
    "binary": ("log_loss", "roc_auc", "accuracy"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse", "mae"),
}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One form of a model.

    Parameters
    ----------
    name : str
        Its candidate's name.
    where : {"before", "after"}
        Which of the two.
    clocked : Clocked
        How long it took.
    size : int
        Bytes on the disk.

    """

    name: str
    where: str
    clocked: Clocked
    size: int


def compare_forms(
    held: HeldOut, before: Form, after: Form, tolerated: Tolerated, tolerance: float
) -> tuple[Finding, ...]:
    """Measure two forms of a model on the same held-out rows.

    Parameters
    ----------
    held : HeldOut
        With the answers of both, and of doing nothing.
    before, after : Form
        The two.
    tolerated : Tolerated
        How far their scores and decisions may be apart.
    tolerance : float
        Share of what the first gains over doing nothing that the second may lose: the whole interval of the loss must
        lie below it.

    Returns
    -------
    tuple of Finding
        Those with a limit first; then time, size and measures, each before and after.

    """
    mine, other = held.answers[before.name], held.answers[after.name]
    return (
        *parity(mine, other, tolerated),
        _loss(held, before.name, after.name, tolerance),
        *(each for form in (before, after) for each in _costs(form)),
        *(each for form in (before, after) for each in _measures(held, form)),
    )


def _loss(held: HeldOut, before: str, after: str, tolerance: float) -> Finding:
    """Say how much of the primary measure is lost at most, against what may be."""
    stick = held.yardstick
    mine, other = held.answers[before], held.answers[after]
    lost = stick.advantage(held.truth, mine, other, held.clusters, held.seed)
    gained = stick.advantage(held.truth, mine, held.answers[IDLE], held.clusters, held.seed).value
    most = tolerance * max(gained, 0.0) if np.isfinite(gained) else 0.0
    note = f"May lose {tolerance:.3g} of what it gains over doing nothing, with the whole interval."
    told = found(lost, f"lost_{stick.name}", unit=stick.unit, group=GROUP, limit=Limit("at_most", most), note=note)
    if told.value is None:
        return told
    high = max(told.value, lost.interval.high if lost.interval else told.value)
    # Where both answer alike there is nothing to lose, whatever the gain.
    return msgspec.structs.replace(told, ok=high <= most or abs(high) < 1e-9)


def _costs(form: Form) -> Iterator[Finding]:
    told = (
        ("latency_p50", form.clocked.p50, "ms", form.clocked.n),
        ("latency_p99", form.clocked.p99, "ms", form.clocked.n),
        ("throughput", form.clocked.throughput, "records/s", form.clocked.n),
        ("size_on_disk", form.size / 1e6, "MB", 1),
    )
    for measure, value, unit, n in told:
        yield judge(Finding(measure=measure, where=form.where, value=value, unit=unit, n=n, group=GROUP))


def _measures(held: HeldOut, form: Form) -> Iterator[Finding]:
    stick, answers = held.yardstick, held.answers[form.name]
    primary = stick.estimate(held.truth, answers, held.clusters, held.seed)
    yield found(primary, stick.name, where=form.where, unit=stick.unit, group=GROUP)
    for measure in measures_of(stick.task.kind):
        if measure.name in _SHOWN[stick.task.kind] and measure.name != stick.name:
            scores, threshold = answers.judged_by(measure)
            setting = Setting(threshold=threshold, clusters=held.clusters, seed=held.seed)
            estimate = measure.estimate(held.truth, scores, setting)
            yield found(estimate, measure.name, where=form.where, group=GROUP)


def form_blocks(findings: Sequence[Finding]) -> Iterator[Block]:
    """Lay out what was compared: what had to hold, then each number before and after."""
    if not findings:
        return
    limits = tuple(finding for finding in findings if finding.where not in {BEFORE, AFTER})
    after = {finding.measure: finding for finding in findings if finding.where == AFTER}
    rows = tuple(
        (
            measure_name(one.measure),
            finding_value(one),
            finding_value(after[one.measure]),
            _times(one, after[one.measure]),
        )
        for one in findings
        if one.where == BEFORE and one.measure in after
    )
    yield Heading("Before and after")
    yield Findings(limits, f"On the same {count(limits[0].n)} held-out rows.", failed_first=True)
    yield Table(
        ("", "Before", "After", "Before / after"), rows, "Latency of one record, on one thread of this machine."
    )


def _times(before: Finding, after: Finding) -> float | None:
    """Say how many times smaller a cost became; of a measure of quality nothing: a ratio of those means little."""
    if before.unit not in {"ms", "MB", "records/s"} or not before.value or not after.value:
        return None
    return before.value / after.value
