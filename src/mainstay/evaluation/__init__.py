"""A Candidate becomes a Report, and a Report a Verdict: money first, every number with its interval."""

from mainstay.evaluation.behaviour.cases import Cases, read_cases
from mainstay.evaluation.behaviour.measure import answer_cases
from mainstay.evaluation.behaviour.way import Way
from mainstay.evaluation.declared import Declared, read_declared
from mainstay.evaluation.document import report_document, summary_document
from mainstay.evaluation.evidence import Approval, Evidence, Lock, Rehearsal, Round
from mainstay.evaluation.gate import Case, Gate, gate
from mainstay.evaluation.gates import STANDARD, judge_report
from mainstay.evaluation.held_out import Rival
from mainstay.evaluation.inclusion.groups import refuse_unknown_groups
from mainstay.evaluation.report import evaluate
from mainstay.evaluation.settings import EvaluationSettings

__all__ = [
    "STANDARD",
    "Approval",
    "Case",
    "Cases",
    "Declared",
    "EvaluationSettings",
    "Evidence",
    "Gate",
    "Lock",
    "Rehearsal",
    "Rival",
    "Round",
    "Way",
    "answer_cases",
    "evaluate",
    "gate",
    "judge_report",
    "read_cases",
    "read_declared",
    "refuse_unknown_groups",
    "report_document",
    "summary_document",
]
