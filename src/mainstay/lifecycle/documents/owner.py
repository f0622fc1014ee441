"""The owner's page: what to expect, whether it may answer, what that stands on; it needs no tool to be read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.quarantine import write_whole
from mainstay.errors import InputError
from mainstay.evaluation import report_document
from mainstay.evaluation.expected import Volume, expected_blocks
from mainstay.evaluation.owner import owner_document
from mainstay.events.read import read_predictions
from mainstay.lifecycle.documents.printed import describe_release
from mainstay.release import open_books
from mainstay.render.document import Document, Text
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books

_LATELY = dt.timedelta(days=28)
_DAY = 86_400.0
_FEWEST = 30


def owner_page(project: Project, number: int | None, *, full: bool = False, now: dt.datetime | None = None) -> Document:
    """Lay out the owner's page about a version; the one that answers where none is named.

    Parameters
    ----------
    project : Project
        Whose version it is.
    number : int, optional
        Which one.
    full : bool
        Whether to lay out everything that was measured.
    now : datetime, optional
        When this is, UTC.

    """
    with open_books(project) as books:
        release = books.releases.current(project.name)
        chosen = number or books.release_in_force().champion
        bundle = books.registry.load_bundle(project.name, chosen, run=False)
        verdict = books.registry.latest_verdict(project.name, chosen)
        volume = _volume(books, bundle, now or dt.datetime.now(dt.UTC))
    report, problem = bundle.report, project.problem
    if full:
        expected = tuple(expected_blocks(report, problem, volume))
        page = report_document(project.name, chosen, report, verdict, problem, expected=expected, pictures=True)
    else:
        page = owner_document(project.name, chosen, report, verdict, problem, volume=volume)
    answers = () if release is None else (Text(describe_release(release), "note"),)
    return msgspec.structs.replace(page, blocks=(*answers, *page.blocks))


def write_report(
    project: Project, number: int | None, out: Path | None, *, full: bool = False, now: dt.datetime | None = None
) -> Path:
    """Write the owner's page as a file of its own: HTML, or Markdown where `out` ends so."""
    path = out or project.root / "reports" / f"{project.name}.html"
    if path.suffix not in {".html", ".md"}:
        raise InputError(f"A report can't be written as '{path.suffix}'.", "Name it .html or .md.")
    document = owner_page(project, number, full=full, now=now)
    text = to_html(document) if path.suffix == ".html" else to_markdown(document)
    write_whole(path, text.encode("utf-8"))
    return path


def _volume(books: Books, bundle: Bundle, now: dt.datetime) -> Volume | None:
    """Say how many records come in: as the owner says, as the log counted, as the rows' times say; else None."""
    said = books.project.problem.records_per_day
    if said is not None:
        return Volume(said, "[problem]")
    counted = _counted(books, bundle, now)
    if counted is not None:
        return counted
    daily = bundle.report.records_per_day
    return None if daily is None else Volume(daily, "the time of the rows")


def _counted(books: Books, bundle: Bundle, now: dt.datetime) -> Volume | None:
    """Count what was answered in the last four weeks; None where that is too little to say anything."""
    history = books.releases.history(books.project.name)
    if not history:
        return None
    since = max(history[0].at, now - _LATELY)
    frame = read_predictions(books.log, bundle.contract, since, now, books.project.name)
    answered = int((frame["role"] != "shadow").sum())
    days = (now - since).total_seconds() / _DAY
    if answered < _FEWEST or days < 1:
        return None
    return Volume(answered / days, f"the log of {days:.0f} days")
