"""Gates: one number against a limit each, composed with ``&`` (both must pass) and ``|`` (one is enough)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mainstay.evaluation.evidence import Evidence
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report
    from mainstay.project import Problem


@dataclass(frozen=True)
class Case:
    """What a gate judges.

    Parameters
    ----------
    report : Report
        The newcomer.
    problem : Problem
        What the owner wants.
    settings : EvaluationSettings
        The limits.
    champion : Report or None
        Who answers now.
    evidence : Evidence or None
        What was seen outside the report; None where only the report is judged.
    now : datetime or None
        When it is judged, UTC.

    """

    report: Report
    problem: Problem
    settings: EvaluationSettings
    champion: Report | None = None
    evidence: Evidence | None = None
    now: dt.datetime | None = None


class _Judge(Protocol):
    def __call__(self, case: Case, /) -> tuple[Finding, ...]: ...


@dataclass(frozen=True)
class Gate:
    """A gate, or several in one.

    Parameters
    ----------
    judge : callable
        From a case to findings; one that could not judge has ``ok`` None and says why.

    """

    judge: _Judge

    def __call__(self, case: Case) -> tuple[Finding, ...]:
        """Judge a case."""
        return self.judge(case)

    def __and__(self, other: Gate) -> Gate:
        """Demand both."""
        return Gate(lambda case: (*self(case), *other(case)))

    def __or__(self, other: Gate) -> Gate:
        """Demand one: the first side that passes; else one that could not judge; else both, failed."""

        def either(case: Case) -> tuple[Finding, ...]:
            first = self(case)
            if passed(first):
                return first
            second = other(case)
            if passed(second):
                return second
            return next((side for side in (first, second) if not failed(side)), (*first, *second))

        return Gate(either)


def gate(function: Callable[[Case], Finding]) -> Gate:
    """Make a gate of a function from a case to one finding."""
    return Gate(lambda case: (function(case),))


def failed(findings: tuple[Finding, ...]) -> bool:
    """Say whether any of them failed."""
    return any(finding.failed for finding in findings)


def passed(findings: tuple[Finding, ...]) -> bool:
    """Say whether something was judged and nothing failed."""
    return not failed(findings) and any(finding.ok for finding in findings)
