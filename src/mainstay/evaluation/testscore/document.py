"""The score laid out: the number first, then each section with evidence and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.testscore.score import SECTIONS
from mainstay.render.document import Document, Facts, Heading, Status, Table, Text

if TYPE_CHECKING:
    from mainstay.evaluation.testscore.score import Score, Test
    from mainstay.render.document import Block, Cell, Tone

# How Breck et al. (2017) read a score.
_READ = (
    (0.0, "More of a research project than a production system."),
    (1.0, "Not totally untested, but serious holes in reliability are likely."),
    (2.0, "A first pass at basic productionization; more investment may be needed."),
    (3.0, "Reasonably tested, but more of those tests may be automated."),
    (5.0, "Strong automated testing and monitoring, for mission-critical systems."),
)


def score_document(score: Score) -> Document:
    """Lay out the score.

    Parameters
    ----------
    score : Score
        From `mainstay.evaluation.testscore.score`.

    """
    weakest = min(SECTIONS, key=lambda section: score.sections[section])
    title = f"{score.model} version {score.version}: ML Test Score {score.score:g} of 7, held back by {weakest}"
    read = next(words for least, words in reversed(_READ) if score.score >= least)
    blocks: list[Block] = [
        Text(read, "lead"),
        Facts(tuple((section, f"{score.sections[section]:g} of 7") for section in SECTIONS)),
    ]
    for section in SECTIONS:
        rows = tuple(_row(test) for test in score.tests if test.section == section)
        blocks += [Heading(section), Table(("", "Test", "Points", "Evidence", "To earn the rest", "Shown by"), rows)]
    foot = "Half a point: done by hand, with a record. A whole one: automated, and again each time. Breck et al. 2017."
    return Document(title, tuple(blocks), foot)


def _row(test: Test) -> tuple[Cell, ...]:
    tone: Tone = "good" if test.points == 1 else "warn" if test.points else "none"
    word = {1.0: "done", 0.5: "half"}.get(test.points, "open")
    return (
        Status(word, tone),
        f"{test.number} {test.name}",
        f"{test.points:g}",
        test.evidence,
        test.earn,
        test.command,
    )
