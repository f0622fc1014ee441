"""From a report to its verdict."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mainstay.errors import ProjectError
from mainstay.evaluation.gate import Case, Gate
from mainstay.evaluation.gates.standard import STANDARD
from mainstay.evaluation.gates.words import as_asked
from mainstay.models.report import Verdict

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.evaluation.evidence import Evidence
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.models.report import Report
    from mainstay.project import Problem


def judge_report(
    report: Report,
    problem: Problem,
    settings: EvaluationSettings,
    champion: Report | None = None,
    *,
    now: dt.datetime,
    by: str,
    gates: Gate = STANDARD,
    evidence: Evidence | None = None,
) -> Verdict:
    """Let every gate judge a report.

    Parameters
    ----------
    report : Report
        The newcomer.
    problem : Problem
        The ``[problem]`` section, for its target.
    settings : EvaluationSettings
        The ``[evaluation]`` section: limits, and gates that are demanded or waived.
    champion : Report, optional
        The report of the version that answers now.
    now : datetime
        Time of the judgement, UTC.
    by : str
        Who asked.
    gates : Gate
        Another composition.
    evidence : Evidence, optional
        What was seen outside the report; without it the gates that need it can't judge.

    Returns
    -------
    Verdict
        A gate that could not be judged says why and stands in nobody's way, unless ``demand`` names it.

    Raises
    ------
    ProjectError
        Where ``demand`` or ``waive`` names a gate that isn't there.

    """
    findings = gates(Case(report, problem, settings, champion, evidence, now))
    _refuse_unknown(settings, [finding.measure for finding in findings])
    judged = tuple(as_asked(finding, settings) for finding in findings)
    return Verdict(ok=not any(finding.failed for finding in judged), findings=judged, at=now, by=by)


def _refuse_unknown(settings: EvaluationSettings, known: list[str]) -> None:
    for key, names in (("demand", settings.demand), ("waive", settings.waive)):
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                cure = f"Did you mean '{near[0]}'?" if near else f"Gates: {', '.join(known)}."
                raise ProjectError(f"[evaluation] {key} names '{name}', which is no gate.", cure)
