"""What the verbs print: history, versions, verdicts, looks and the owner's page, as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay import monitoring
from mainstay.data.quarantine import write_whole
from mainstay.evaluation import report_document as evaluation_document
from mainstay.evaluation import summary_document
from mainstay.lifecycle.documents.comment import comment_document
from mainstay.release import explain, open_books
from mainstay.render.document import Command, Document, Findings, Table, Text
from mainstay.render.junit import to_junit
from mainstay.render.markdown import to_markdown
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.lifecycle.looking import Seen
    from mainstay.lifecycle.registering import Trained
    from mainstay.models.report import Verdict
    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Hold, Release

_WHAT = {"ab": "A/B test"}


def describe_release(release: Release) -> str:
    """Say in a line who answers since this release, and why."""
    reason = f" ({release.reason})" if release.reason else ""
    return f"{release.model}: {explain(release)}{reason}"


def history(project: Project) -> tuple[Release, ...]:
    """Give the releases of a project, newest first."""
    with open_books(project) as books:
        return tuple(reversed(books.releases.history(project.name)))


def history_document(name: str, rows: Sequence[Release], hold: Hold | None = None) -> Document:
    """Lay out who answered since when, by whom and why, and who had said yes; and a hold that is on."""
    if not rows:
        said = Command('mainstay release 1 --reason "…"', "Let a version answer.")
        return Document(f"{name}: nothing was released", (said,))
    approved = any(row.approvals for row in rows)
    columns = ("no", "since", "what", "who answers", "by", "why", *(("approved by",) if approved else ()))
    cells = tuple(
        (
            row.id,
            moment(row.at),
            _WHAT.get(row.kind, row.kind) + (" (trial)" if row.trial else ""),
            explain(row),
            row.by,
            row.reason,
            *(
                ("; ".join(f"{one.by}{f' ({one.role})' if one.role else ''}" for one in row.approvals),)
                if approved
                else ()
            ),
        )
        for row in rows
    )
    told = () if hold is None else (Text(held_words(hold), "warning"),)
    return Document(f"{name}: {explain(rows[0])}", (*told, Table(columns, cells)))


def held_words(hold: Hold) -> str:
    """Say what is held, by whose word, and how it goes on."""
    what = "Automatic promotion" if hold.release else "The controller"
    return (
        f"{what} is held since {moment(hold.at)} by {hold.by} ({hold.reason}). "
        'Let it go on: mainstay resume --reason "…"'
    )


def versions(project: Project) -> tuple[Version, ...]:
    """Give the versions of a project, newest first."""
    with open_books(project) as books:
        return tuple(reversed(books.registry.versions(project.name)))


def verdict_document(name: str, number: int, verdict: Verdict) -> Document:
    """Lay out the gates of a version."""
    passed = sum(finding.ok is True for finding in verdict.findings)
    said = f"{name} version {number} passes {passed} gates" if verdict.ok else f"{name} version {number} fails"
    failed = len(verdict.failed)
    title = said if verdict.ok else f"{said} {failed} of {len(verdict.findings)} gates"
    return Document(
        title, (Findings(verdict.findings, failed_first=True),), f"Judged {moment(verdict.at)} by {verdict.by}."
    )


def write_verdict(
    project: Project, number: int, verdict: Verdict, *, junit: Path | None = None, markdown: Path | None = None
) -> None:
    """Write a verdict for other programs: JUnit XML for a pipeline, Markdown for a pull request's comment."""
    if junit is not None:
        text = to_junit(f"{project.name} version {number}", verdict.findings, verdict.at)
        write_whole(junit, text.encode("utf-8", "replace"))
    if markdown is not None:
        write_whole(markdown, to_markdown(comment_document(project, number, verdict)).encode("utf-8", "replace"))


def look_document(seen: Seen) -> Document:
    """Lay out one look."""
    return monitoring.look_document(seen.model, seen.version, seen.findings, seen.span)


def report_document(project: Project, number: int | None) -> Document:
    """Lay out the owner's page about a version; the one that answers where none is named."""
    with open_books(project) as books:
        chosen = number or books.release_in_force().champion
        bundle = books.registry.load_bundle(project.name, chosen, run=False)
        verdict = books.registry.latest_verdict(project.name, chosen)
        release = books.releases.current(project.name)
    document = evaluation_document(bundle.version.model, chosen, bundle.report, verdict, bundle.problem)
    answers = (Text(describe_release(release), "note"),) if release else ()
    champion = release is not None and release.champion == chosen  # then there is nothing to release
    blocks = tuple(block for block in document.blocks if not (champion and isinstance(block, Command)))
    return Document(document.title, (*answers, *blocks), document.foot)


def trained_document(trained: Trained) -> Document:
    """Lay out what a training left: enough to decide what to do next."""
    version = trained.version
    return summary_document(version.model, version.number, trained.report, trained.verdict)


def card(project: Project, number: int) -> str:
    """Give the model card of a version, Markdown."""
    with open_books(project) as books:
        return books.registry.load_bundle(project.name, number, run=False).card
