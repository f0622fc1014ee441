"""Everything about behaviour that a report holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.behaviour.bench import Bench
from mainstay.evaluation.behaviour.expectations import measure_direction, measure_invariance
from mainstay.evaluation.behaviour.plain_cases import measure_plain, play
from mainstay.evaluation.behaviour.robustness import measure_robustness, rows_to_try

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.behaviour.cases import Cases
    from mainstay.evaluation.behaviour.way import Way
    from mainstay.evaluation.held_out import HeldOut
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.models.candidate import Training

MOST_RECORDS = 500


def measure_behaviour(
    snapshot: Snapshot, training: Training, held: HeldOut, settings: EvaluationSettings, cases: Cases
) -> tuple[Finding, ...]:
    """Run the declared tests on at most 500 held-out records, and the cases that people wrote."""
    if not (settings.invariance or settings.directional or cases.plain or cases.scenarios):
        return ()
    bench = Bench.of(snapshot, training, held, MOST_RECORDS)
    return (
        *(measure_invariance(bench, test) for test in settings.invariance),
        *(measure_direction(bench, test) for test in settings.directional),
        *answer_cases(bench.way, cases),
    )


def answer_cases(way: Way, cases: Cases) -> tuple[Finding, ...]:
    """Answer plain records and scenarios."""
    return (*(measure_plain(way, plain) for plain in cases.plain), *(play(way, one) for one in cases.scenarios))


def try_mishaps(snapshot: Snapshot, training: Training, held: HeldOut, important: Sequence[str]) -> tuple[Finding, ...]:
    """Measure robustness on as many held-out records as reasonable time allows; of doing nothing there is none."""
    if training.chosen.name == "do-nothing":
        return ()
    bench = Bench.of(snapshot, training, held, rows_to_try(len(snapshot.contract.features)))
    return measure_robustness(bench, important)
