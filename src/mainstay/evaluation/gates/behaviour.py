"""Gates about behaviour: declared tests, and incidents that must not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.behaviour.expectations import HELD_OUT
from mainstay.evaluation.behaviour.plain_cases import SCENARIO
from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.measures.finding import Finding


@gate
def behaves(case: Case) -> Finding:
    """Every declared test of behaviour passes: invariance, direction, minimum functionality."""
    tests = [one for one in _today(case) if one.measure != SCENARIO]
    return _worst("behaves", tests, "no test of behaviour is declared")


@gate
def scenarios(case: Case) -> Finding:
    """Every scenario is answered as it must be."""
    played = [one for one in _today(case) if one.measure == SCENARIO]
    return _worst("scenarios", played, "the project has no scenario files")


def _today(case: Case) -> tuple[Finding, ...]:
    """Give what held-out records said at the training, and the cases as the project has them today."""
    cases = None if case.evidence is None else case.evidence.cases
    if cases is None:
        return case.report.behaviour
    return (*(one for one in case.report.behaviour if one.measure in HELD_OUT), *cases)


def _worst(name: str, tests: Sequence[Finding], why_not: str) -> Finding:
    """Give the test that fails by most, else the one nearest to failing; it says how many there are."""
    if not tests:
        return unjudged(name, why_not)
    worst = min(tests, key=lambda one: (not one.failed, one.ok is None, _margin(one)))
    failed = sum(one.failed for one in tests)
    said = f"{failed} of {len(tests)} fail." if failed else f"{len(tests)} of {len(tests)} pass."
    if worst.ok is None:
        said = "None of them could be judged."
    words = f"{said} {worst.measure}: {worst.note}".strip()
    return msgspec.structs.replace(worst, measure=name, group=GROUP, note=words)


def _margin(finding: Finding) -> float:
    if finding.value is None or finding.limit is None:
        return 0.0
    return finding.value - finding.limit.value
