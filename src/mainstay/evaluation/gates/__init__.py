"""The gates a version must pass before it may answer: a file for each family.

A new gate is a function with ``@gate`` in one of them, and its place in `standard`.
"""

from mainstay.evaluation.gates.champion import against_champion, beats_champion, no_worse_than_champion
from mainstay.evaluation.gates.standard import STANDARD
from mainstay.evaluation.gates.verdict import judge_report

__all__ = ["STANDARD", "against_champion", "beats_champion", "judge_report", "no_worse_than_champion"]
