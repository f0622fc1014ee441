"""The ML Test Score (Breck et al. 2017): 28 tests in four sections, each computed from what is written in the books.

Half a point where something was done by hand, and there is a record of it; a whole one where it is automated and
happens again each time. The score is the minimum of the four sections: a model is as ready as its weakest side. A zero
says what would earn the point.
"""

from mainstay.evaluation.testscore.document import score_document
from mainstay.evaluation.testscore.facts import Facts
from mainstay.evaluation.testscore.score import Score, Test, score

__all__ = ["Facts", "Score", "Test", "score", "score_document"]
