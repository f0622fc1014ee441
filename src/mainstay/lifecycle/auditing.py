"""The audit of a project's rows: on demand, and on a schedule by the controller, each compared with the one before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE, load_contract
from mainstay.data import DataSettings, SplitBy, fingerprint, resolve_source, with_roles
from mainstay.data.audit import POLICIES
from mainstay.data.auditing import Audit, Brief, audit_table
from mainstay.data.auditing.document import audit_document as lay_out
from mainstay.data.auditing.judging import MOVED, QUALITY
from mainstay.data.auditing.keeping import baseline, keep, last_audit, read_audit
from mainstay.data.logged import split_of
from mainstay.data.quarantine import write_whole
from mainstay.data.source import open_source, source_of
from mainstay.decisions import DecisionsSettings, decide, open_alerts
from mainstay.errors import InputError, MainstayError
from mainstay.events import actions, log_actions
from mainstay.measures.finding import Finding
from mainstay.monitoring import length
from mainstay.release import open_books
from mainstay.render.html import to_html

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from mainstay.events import Action
    from mainstay.project import Project
    from mainstay.render.document import Document

GROUP = "data"


_BY_COLUMN = frozenset({MOVED, POLICIES})
"""Measures of which only the columns are told that have something to tell."""


class Audited(msgspec.Struct, frozen=True):
    """An audit, and the one whose columns drift is measured from."""

    audit: Audit
    before: Audit | None = None

    def document(self, *, pictures: bool = False) -> Document:
        """Lay both out."""
        return lay_out(self.audit, before=self.before, pictures=pictures)


def audit(
    project: Project,
    *,
    now: dt.datetime,
    source: Path | None = None,
    against: str = "passed",
) -> Audited:
    """Audit a project's rows, and keep what was found for the next time.

    Parameters
    ----------
    project : Project
        Its ``[data]`` section says what to read.
    now : datetime
        When this is, UTC.
    source : Path, optional
        Other rows than the project's own; such an audit isn't kept.
    against : str
        What to measure drift from: "passed", the last audit that passed (the first, where none has), so that what has
        moved stays told until it is back; "last", to take what the last one saw for the new normal; or an audit's path.
    """
    contract = load_contract(project.root / FILE)
    settings = with_roles(project.section("data", DataSettings), contract, project)
    last = last_audit(project.books)
    before, why = _measured_from(project, against, last)
    own = resolve_source(project, settings)
    opened = open_source(own if source is None else replace(source_of(source), missing=settings.missing))
    settings = split_of(settings, opened.schema.names())
    brief = Brief(
        name=project.name,
        source=opened.source.name,
        words=opened.words,
        fingerprint=fingerprint(opened.batches()),
        contract=contract,
        target=settings.target,
        positive=settings.positive,
        time=_time(settings),
        entity=settings.entity,
        least=settings.quality_at_least,
    )
    found = audit_table(
        opened.batches(),
        brief,
        now=now,
        last=before,
        before=before if against not in ("passed", "last") else last,
        why=why,
        quarantine=project.books / "quarantine",
    )
    if source is None:
        keep(found, project.books)
    return Audited(found, before)


def _time(settings: DataSettings) -> str:
    """Name the column that says when a row was known; none where that is split over several."""
    times = settings.split_by.times if isinstance(settings.split_by, SplitBy) else ()
    return times[0] if len(times) == 1 else ""


def _measured_from(project: Project, against: str, last: Audit | None) -> tuple[Audit | None, str]:
    if against == "last":
        return last, "the last one"
    if against != "passed":
        return read_audit(Path(against)), "the one asked for"
    found = baseline(project.books)
    return found, "the last that passed" if found is not None and not found.failed else "the first: none has passed yet"


def write_audit(audited: Audited, path: Path) -> Path:
    """Write an audit as a page of its own, with pictures.

    Raises
    ------
    InputError
        Where the name doesn't end in ``.html``.

    """
    if path.suffix != ".html":
        raise InputError(f"An audit can't be written as '{path.suffix}'.", "Name it .html, or use --json.")
    write_whole(path, to_html(audited.document(pictures=True)).encode("utf-8"))
    return path


def is_due(project: Project, now: dt.datetime) -> bool:
    """Say whether ``[data] audit_every`` asks for an audit now; never where it is empty."""
    every = project.section("data", DataSettings).audit_every
    if not every:
        return False
    last = last_audit(project.books)
    return last is None or last.at + length(every) <= now


def operate_audit(project: Project, *, now: dt.datetime) -> tuple[Action, ...]:
    """Audit, and decide what people must be told: a finding that fails opens one alert, as in every look.

    An audit that can't be made becomes an alert about itself.
    """
    before = last_audit(project.books)
    try:
        findings = audit(project, now=now).audit.findings
    except MainstayError as error:
        note = f"The data could not be audited. {error}"
        findings = (Finding(measure="audit", where="all", value=None, ok=False, group=GROUP, note=note),)
    else:
        findings = (*findings, Finding(measure="audit", where="all", value=1.0, ok=True, group=GROUP))
    earlier = before.findings if before is not None else ()
    with open_books(project) as books:
        history = books.releases.history(project.name)
        policy = project.section("decisions", DecisionsSettings)
        told = [alert for alert in open_alerts(actions(books.log, model=project.name)) if _ours(alert)]
        calm = [*_calm(findings, told), *findings]
        quiet = [*_calm(earlier, told), *earlier] if before is not None else []
        wanted = decide(calm, quiet, told, policy, history, model=project.name, now=now, held=True)
        log_actions(books.log, wanted)
    return wanted


def _calm(findings: Sequence[Finding], told: Sequence[Action]) -> Iterator[Finding]:
    """Give a finding that passed for each alert about a column that an audit has nothing to tell about any more."""
    known = {finding.key for finding in findings}
    made = any(finding.measure == QUALITY for finding in findings)  # an audit that couldn't be made says nothing
    for alert in told:
        group, measure, where = alert.subject.split("/", 2)
        if made and measure in _BY_COLUMN and alert.subject not in known:
            yield Finding(measure=measure, where=where, value=0.0, ok=True, group=group)


def _ours(alert: Action) -> bool:
    return alert.subject.startswith(f"{GROUP}/")
