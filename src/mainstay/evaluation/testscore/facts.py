"""`Facts`: what the books say about a version and its project, as far as a test asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contract import Contract
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Problem


@dataclass(frozen=True)
class Facts:
    """What is known.

    Parameters
    ----------
    version : int
        Which version is scored.
    report : Report
        Its report.
    verdict : Verdict or None
        Its latest one.
    contract : Contract
        What a record must look like.
    problem : Problem
        The ``[problem]`` section.
    settings : EvaluationSettings
        The ``[evaluation]`` section.
    committed : bool
        Whether it was trained on a commit, with nothing changed since.
    approvals : int
        How many people said yes to it.
    versions, releases : int
        How many there are of the model.
    stepwise, rolled_back : bool
        Whether it was ever released by a canary or in the shadow; whether a rollback was ever done.
    reproduced : Finding or None
        What came of making it again; None where nobody tried.
    lead_hours : float or None
        Median time from a version to its first release.
    feature_code, feature_tests : bool
        Whether the project has feature code, and tests of it.
    pipeline : str
        The file of a build server that trains or gates; empty where there is none.
    looked : mapping of str to int
        How many findings of each group monitoring wrote down.
    realised : int
        How many versions' live outcomes were measured.

    """

    version: int
    report: Report
    verdict: Verdict | None
    contract: Contract
    problem: Problem
    settings: EvaluationSettings
    committed: bool = False
    approvals: int = 0
    versions: int = 1
    releases: int = 0
    stepwise: bool = False
    rolled_back: bool = False
    reproduced: Finding | None = None
    lead_hours: float | None = None
    feature_code: bool = False
    feature_tests: bool = False
    pipeline: str = ""
    looked: Mapping[str, int] = field(default_factory=dict)
    realised: int = 0

    def gate(self, name: str) -> Finding | None:
        """Find what a gate said; None where it isn't there or could not judge."""
        findings = () if self.verdict is None else self.verdict.findings
        return next((one for one in findings if one.measure == name and one.ok is not None), None)

    def reported(self, name: str) -> Finding | None:
        """Find what a gate measured, judged or not."""
        findings = () if self.verdict is None else self.verdict.findings
        return next((one for one in findings if one.measure == name and one.value is not None), None)
