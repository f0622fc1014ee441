"""The owner's page about a version: what to expect, what it is not for, whether it may answer, and what that stands on.

Short, for whoever pays for the decision: everything that was measured is in `report_document`.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from mainstay.evaluation.dependence import money_blocks
from mainstay.evaluation.difference_document import share_words
from mainstay.evaluation.document import break_even_words, headline
from mainstay.evaluation.expected import expected_blocks
from mainstay.evaluation.figures import contender_figure, influence_figure, segment_figure
from mainstay.evaluation.training_document import training_blocks
from mainstay.render.document import Command, Document, Facts, Figure, Findings, Heading, Items, Table, Text
from mainstay.render.numbers import count, measure_name, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.evaluation.expected import Volume
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Problem
    from mainstay.render.document import Block


def owner_document(
    name: str, version: int, report: Report, verdict: Verdict | None, problem: Problem, *, volume: Volume | None
) -> Document:
    """Lay out the page.

    Parameters
    ----------
    name : str
        Name of the model.
    version : int
        Its number.
    report : Report
        What was measured.
    verdict : Verdict or None
        What the gates say; None where nobody asked them.
    problem : Problem
        What it is for, and not for.
    volume : Volume or None
        How many records come in.

    """
    blocks = (
        *_lead(report, problem),
        *expected_blocks(report, problem, volume),
        *_verdict(version, verdict),
        *_chosen_from(report),
        *_money(report),
        *_brief(tuple(training_blocks(report))),
        *_for_whom(report),
        *_changes(report),
        Heading("What a reader must know"),
        Items(report.notes if report.in_money else report.notes[1:]),
        Command(f"mainstay version show {version}", "Everything that was measured."),
    )
    judged = "" if verdict is None else f"Judged {moment(verdict.at)}. "
    return Document(f"{name} version {version}: {headline(report)}", blocks, f"{judged}{_answers_for(problem)}")


def _lead(report: Report, problem: Problem) -> Iterator[Block]:
    if not report.in_money:
        yield Text(report.notes[0] if report.notes else "Not money.", "warning")
    pairs = (
        ("Decision", problem.decision),
        ("On a positive one" if report.policy.task.kind == "binary" else "What is done", problem.action),
        ("Who answers for it", problem.owner),
        ("Who works with it", problem.users),
    )
    yield Facts(tuple((label, words) for label, words in pairs if words))


def _answers_for(problem: Problem) -> str:
    return f"{problem.owner} answers for it." if problem.owner else ""


def _verdict(version: int, verdict: Verdict | None) -> Iterator[Block]:
    yield Heading("May it answer?")
    if verdict is None:
        yield Command(f"mainstay gate {version}", "Not judged yet.")
        return
    passed = [measure_name(one.measure) for one in verdict.findings if one.ok]
    if verdict.failed:
        yield Findings(verdict.failed, f"No: {len(verdict.failed)} of its gates failed.")
    else:
        yield Text("Yes: every gate that could judge passed.")
    yield Text(f"Passed: {', '.join(passed) or 'none'}.", "note")


def _chosen_from(report: Report) -> Iterator[Block]:
    yield Heading("What it was chosen from")
    yield Text(report.why)
    yield from contender_figure(report)


def _money(report: Report) -> Iterator[Block]:
    """Give the curve without the table beside it, and what the money depends on; or what acting would need to pay."""
    before: Block | None = None
    for block in money_blocks(report):
        if not (isinstance(block, Table) and isinstance(before, Figure)):
            yield block
        before = block
    told = [break_even_words(row) for row in report.break_even if row.pays_above is not None]
    if told:
        yield Heading("What acting would need to pay")
        yield Items(tuple(told))


def _brief(blocks: Sequence[Block]) -> Iterator[Block]:
    """Leave tables out, and headings that nothing is left under."""
    kept = [block for block in blocks if not isinstance(block, Table)]
    for block, after in zip_longest(kept, kept[1:]):
        if not (isinstance(block, Heading) and (after is None or isinstance(after, Heading))):
            yield block


def _for_whom(report: Report) -> Iterator[Block]:
    drawn = tuple(segment_figure(report))
    if drawn:
        yield Heading("For whom")
        yield from drawn
    looks = tuple(influence_figure(report))
    if looks:
        yield Heading("What it looks at")
        yield from looks


def _changes(report: Report) -> Iterator[Block]:
    if report.difference is None:
        return
    changed = report.difference.changed
    yield Heading("What changes against the version that answered")
    yield Text(f"**{share_words(changed)}** of {count(changed.n)} decisions change: {changed.note}")
    if report.difference.tests:
        yield Findings(report.difference.tests, "Whether it is better, tested in pairs on the same rows.")
