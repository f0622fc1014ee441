"""What a pull request is told: the verdict first, what failed, what changes against the champion, where to read on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.difference_document import share_words
from mainstay.evaluation.document import headline
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Facts, Heading, Status, Table, Text
from mainstay.render.numbers import finding_value, limit_words, measure_name, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Project
    from mainstay.render.document import Block, Cell

_SHOWN = 12


def comment_document(project: Project, number: int, verdict: Verdict) -> Document:
    """Lay out the comment about a version.

    Parameters
    ----------
    project : Project
        Whose version it is.
    number : int
        Which one.
    verdict : Verdict
        What its gates say.

    """
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number, run=False)
        release = books.releases.current(project.name)
    answering = None if release is None or release.champion == number else release.champion
    failed = len(verdict.failed)
    said = "passes its gates" if verdict.ok else f"fails {failed} gate{'s' * (failed > 1)}"
    blocks = (
        Text(headline(bundle.report), "lead"),
        *_gates(verdict),
        *_against(bundle.report, answering),
        *_read_on(number, verdict, answering),
    )
    commit = bundle.lineage.git_commit[:12]
    foot = f"Judged {moment(verdict.at)}{f', trained at {commit}' if commit else ''}."
    mark = "\N{WHITE HEAVY CHECK MARK}" if verdict.ok else "\N{CROSS MARK}"
    return Document(f"{mark} {project.name} version {number} {said}", blocks, foot)


def _gates(verdict: Verdict) -> Iterator[Block]:
    judged = sorted((finding for finding in verdict.findings if finding.ok is not None), key=lambda one: not one.failed)
    open_ = [measure_name(finding.measure) for finding in verdict.findings if finding.ok is None]
    if judged:
        yield Table(("", "Gate", "Value", "Limit"), tuple(map(_line, judged[:_SHOWN])))
    hidden = len(judged) - _SHOWN
    more = f"{hidden} more passed. " if hidden > 0 else ""
    yield Text(f"{more}Not judged, or only reported: {', '.join(open_) or 'none'}.", "note")
    for finding in verdict.failed:
        yield Text(f"**{measure_name(finding.measure)}**: {finding.note}")


def _line(finding: Finding) -> tuple[Cell, ...]:
    where = "" if finding.where == "all" else f" ({finding.where})"
    verdict = Status("failed", "bad") if finding.failed else Status("ok", "good")
    gate = f"{measure_name(finding.measure)}{where}"
    return (verdict, gate, finding_value(finding), limit_words(finding.limit, finding.unit))


def _against(report: Report, champion: int | None) -> Iterator[Block]:
    if champion is None:
        return
    yield Heading(f"Against version {champion}, which answers now")
    ahead, difference = report.comparison("over champion"), report.difference
    pairs: list[tuple[str, Cell]] = []
    if ahead is not None:
        pairs.append((f"{measure_name(ahead.measure)}, better by", finding_value(ahead)))
    if difference is not None:
        pairs.append(("Decisions that change", f"{share_words(difference.changed)}: {difference.changed.note}"))
        pairs += [(measure_name(test.measure), f"{finding_value(test)} ({test.note})") for test in difference.tests]
    if pairs:
        yield Facts(tuple(pairs))
    else:
        yield Text("They were not compared on the same rows.", "note")


def _read_on(number: int, verdict: Verdict, champion: int | None) -> Iterator[Block]:
    yield Command(f"mainstay version show {number}", "The whole report.")
    if champion is not None:
        yield Command(f"mainstay version diff {number} {champion}", "What changes for whom.")
    if verdict.ok:
        yield Command(f'mainstay release {number} --canary 10 --reason "…"', "Let it answer a tenth.")
