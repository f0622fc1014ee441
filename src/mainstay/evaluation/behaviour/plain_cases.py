"""Minimum functionality and scenarios: cases that people wrote, answered on the whole way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluation.behaviour.cases import framed
from mainstay.evaluation.behaviour.expectations import GROUP
from mainstay.evaluation.findings import found
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.measures.intervals import proportion_estimate
from mainstay.models.columns import label_text
from mainstay.render.numbers import count, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.evaluation.behaviour.cases import PlainCases
    from mainstay.evaluation.behaviour.scenario import Case, Scenario
    from mainstay.evaluation.behaviour.way import Answered, Way

SCENARIO = "scenario"
_EXACT = 1e-9
_EXAMPLES = 2


def measure_plain(way: Way, cases: PlainCases) -> Finding:
    """Say how many of the plain records are answered as they must be."""
    test, answers = cases.test, way.answer(cases.records)
    given = answers.decisions if test.decision else answers.predictions
    right = np.array(
        [
            bool(answers.answered[place]) and _same(given[place], wanted, test.tolerance)
            for place, wanted in enumerate(cases.expected)
        ]
    )
    estimate = proportion_estimate(right.astype(np.float64), np.ones(right.size))
    wrong = np.flatnonzero(~right)
    note = f"{count(wrong.size)} of {count(right.size)} are answered wrongly."
    shown = "; ".join(
        f"record {place + 1} must be {_spelled(cases.expected[place])}, is {_got(answers, given[place], int(place))}"
        for place in wrong[:_EXAMPLES]
    )
    note += f" For example {shown}." if shown else ""
    limit = Limit("at_least", test.at_least)
    return found(estimate, "minimum", where=test.words, group=GROUP, limit=limit, note=note)


def play(way: Way, scenario: Scenario) -> Finding:
    """Answer the cases of a scenario; it passes where every one is answered as it must be.

    There is no interval: the cases are no sample of anything, and each of them counts.
    """
    answers = way.answer(framed([case.record for case in scenario.cases]))
    failures = [list(_failures(case, answers, place)) for place, case in enumerate(scenario.cases)]
    failed = [place for place, words in enumerate(failures) if words]
    note = " ".join(filter(None, (scenario.why, scenario.link)))
    if failed:
        told = "; ".join(f"case {place + 1} {' and '.join(failures[place])}" for place in failed[:_EXAMPLES])
        note = f"{told[:1].upper()}{told[1:]}. {note}".strip()
    n = len(scenario.cases)
    return judge(
        Finding(
            measure=SCENARIO,
            where=scenario.name,
            value=1 - len(failed) / n,
            limit=Limit("at_least", 1.0),
            n=n,
            group=GROUP,
            note=note,
        )
    )


def _failures(case: Case, answers: Answered, place: int) -> Iterator[str]:
    answered = bool(answers.answered[place])
    if case.refused:
        if answered:
            yield f"must be refused, and is {_got(answers, answers.predictions[place], place)}"
        return
    if not answered:
        yield f"is {_got(answers, None, place)}"
        return
    for word, wanted, given in (
        ("predicted", case.prediction, answers.predictions[place]),
        ("decided", case.decision, answers.decisions[place]),
    ):
        if wanted is not None and not _same(given, wanted, 0.0):
            yield f"must be {word} {_spelled(wanted)}, is {_got(answers, given, place)}"
    if case.score is not None and not case.score.holds(float(answers.scores[place])):
        yield f"must score {case.score.words}, scores {number(float(answers.scores[place]))}"


def _same(given: object, wanted: object, tolerance: float) -> bool:
    if isinstance(given, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return abs(given - wanted) <= tolerance + _EXACT
    return label_text(given) == label_text(wanted)


def _got(answers: Answered, given: object, place: int) -> str:
    if not answers.answered[place]:
        return f"refused ({answers.why_not.get(place, 'no fallback')})"
    score = answers.scores[place]
    said = "" if np.ndim(score) or isinstance(given, float) else f" (score {number(float(score))})"
    return f"{_spelled(given)}{said}"


def _spelled(value: object) -> str:
    return number(value) if isinstance(value, float) else f"'{label_text(value)}'"
