"""The overview of projects, built from their books: who answers, since when, what it earns, what changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.errors import MainstayError
from mainstay.events import actions
from mainstay.events.looks import looks
from mainstay.measures.catalogue import find_measure
from mainstay.measures.finding import Finding
from mainstay.monitoring.books import load_once, load_some
from mainstay.monitoring.grid import make_grid
from mainstay.monitoring.notes import command_for, named, note_on, told_outcomes, with_hold
from mainstay.monitoring.performance import estimated_findings
from mainstay.monitoring.quality import latency_finding
from mainstay.monitoring.recent import read_recent
from mainstay.monitoring.settings import MonitoringSettings, length
from mainstay.monitoring.standing import change_of, state_of, tenure_of
from mainstay.monitoring.timeline import make_timeline
from mainstay.monitoring.value import Gauge
from mainstay.monitoring.version_rows import version_rows
from mainstay.release import Presence, explain, lagging, open_books, rollback_target
from mainstay.render.overview import ModelRow, Overview
from mainstay.state import controller, lease_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.events import Found
    from mainstay.monitoring.recent import Recent
    from mainstay.monitoring.served import Served
    from mainstay.monitoring.standing import Tenure
    from mainstay.project import Project
    from mainstay.registry import Bundle, Version
    from mainstay.release import Books, Release
    from mainstay.render.overview import Timeline

_LONGEST_LOOK = 86_400.0  # seconds; how often a window of so many predictions is expected to fill


def build(projects: Sequence[Project], now: dt.datetime) -> Overview:
    """Build the overview.

    Parameters
    ----------
    projects : sequence of Project
        Whose books are read; one that can't be read is a row that says so, and harms no other.
    now : datetime
        When this is, UTC.

    """
    found = [_model(project, now) for project in projects]
    rows = tuple(row for row, _, _ in found)
    looked = [at for _, at, _ in found if at is not None]
    data_to = [row.data_to for row in rows if row.data_to is not None]
    return Overview(
        at=now,
        models=rows,
        data_to=max(data_to, default=None),
        watched_at=max(looked, default=None),
        every=max((every for _, _, every in found), default=60.0),
    )


def _model(project: Project, now: dt.datetime) -> tuple[ModelRow, dt.datetime | None, float]:
    try:
        settings = project.section("monitoring", MonitoringSettings)
        with open_books(project) as books:
            row, looked = _row(project, books, settings, now)
    except MainstayError as error:
        return ModelRow(name=project.name, state="unsure", note=str(error), unread=True), None, 60.0
    every = _LONGEST_LOOK if isinstance(settings.window, int) else length(settings.window).total_seconds()
    return row, looked, max(every, 60.0)


@dataclass(frozen=True)
class _Read:
    """What the books say of a model that answers, each read once."""

    books: Books
    versions: Sequence[Version]
    history: Sequence[Release]
    tenure: Tenure
    found: Sequence[Found]
    bundle: Bundle
    recent: Recent
    gauge: Gauge


def _row(
    project: Project, books: Books, settings: MonitoringSettings, now: dt.datetime
) -> tuple[ModelRow, dt.datetime | None]:
    versions, history = books.registry.versions(project.name), books.releases.history(project.name)
    tenure = tenure_of(history)
    if tenure is None:
        return _unreleased(project, books, versions), None
    bundle = load_once(books, next(version for version in versions if version.number == tenure.version))
    gauge = Gauge(bundle.report, bundle.money, settings.label_coverage)
    recent = read_recent(books, bundle, versions, gauge, now)
    found = looks(books.log).noteworthy(project.name, recent.since)
    read = _Read(books, versions, history, tenure, found, bundle, recent, gauge)
    return _answering(project, read, settings, now), _watched(read, project.name, now)


def _answering(project: Project, read: _Read, settings: MonitoringSettings, now: dt.datetime) -> ModelRow:
    tenure, served, gauge, recent = read.tenure, read.recent.served, read.gauge, read.recent
    mine = served.only((served.versions == tenure.version) & (served.at >= tenure.since.timestamp()))
    latest = _latest(read.found, tenure)
    value = recent.mine(tenure.version)(tenure.since, None).best
    change = change_of(recent.worths, gauge, tenure, read.history, read.found)
    estimated = value is not None and value.estimated
    quality = _quality(mine, read.bundle, gauge, settings)
    state = state_of(
        tenure=tenure,
        answering=bool(served.rows) and now.timestamp() - float(served.at[-1]) <= _patience(settings),
        latest=latest,
        value=value,
        gauge=gauge,
        change=change,
        worse_by=settings.worse_by,
    )
    target = _target(read.history, frozenset(one.number for one in read.versions if one.removed is not None))
    workers = Presence(read.books.state).serving(project.name)
    return ModelRow(
        name=project.name,
        state=state,
        version=tenure.version,
        since=tenure.since,
        by=tenure.by,
        trial=tenure.trial,
        value=None if value is None else gauge.amount(value),
        estimated=estimated,
        change=change,
        quality=quality,
        quality_estimated=quality is not None and quality.measure.startswith("estimated_"),
        p99_ms=latency_finding(mine, settings).value,
        predictions=recent.rows,
        command=command_for(state, project, target, estimated=estimated),
        rollback_to=target,
        note=with_hold(
            note_on(state, served, latest, change, told_outcomes(served, settings, now)),
            read.books.holds.current(project.name),
        ),
        timeline=_timeline(read, project.name, settings, now),
        findings=latest,
        versions=version_rows(read.books, read.versions, read.history),
        owner=project.problem.owner,
        decision=project.problem.decision,
        data_to=_moment(served.at[-1]) if served.rows else None,
        who=explain(read.history[-1]) if len(read.history[-1].routes) > 1 else "",
        workers=len(workers),
        behind=tuple(lagging(one) for one in workers if one.trouble or not one.answers_by(read.history[-1])),
    )


def _timeline(read: _Read, name: str, settings: MonitoringSettings, now: dt.datetime) -> Timeline:
    recent, first = read.recent, read.history[0].at
    begun = min(first, recent.begun) if recent.begun else first
    asked = (version for version in read.versions if version.number in recent.answered)
    return make_timeline(
        recent.worths,
        recent.effects(load_some(read.books, asked)),
        make_grid(max(begun, recent.since), now, recent.rows),
        gauge=read.gauge,
        current=read.bundle,
        history=read.history,
        actions=actions(read.books.log, recent.since, name),
        found=read.found,
        drift_limit=settings.drift_limit,
        now=now,
    )


def _watched(read: _Read, name: str, now: dt.datetime) -> dt.datetime | None:
    """Say until when somebody watched: now, where a controller runs."""
    lease = lease_of(read.books.state, controller(name))
    return now if lease is not None and lease.expires > now else max((look.at for look in read.found), default=None)


def _unreleased(project: Project, books: Books, versions: Sequence[Version]) -> ModelRow:
    command = f"mainstay train {named(project)}"
    if versions:
        newest = versions[-1]
        verb = "gate" if newest.ok is False else "release"
        why = "" if verb == "gate" else ' --reason "…"'
        command = f"mainstay {verb} {newest.number} {named(project)}{why}"
    return ModelRow(
        name=project.name,
        state="idle",
        command=command,
        versions=version_rows(books, versions, ()),
        owner=project.problem.owner,
        decision=project.problem.decision,
    )


def _quality(served: Served, bundle: Bundle, gauge: Gauge, settings: MonitoringSettings) -> Finding | None:
    """Give the statistic one step below the value: measured where outcomes are known, else estimated."""
    known = served.only(served.known)
    kind = bundle.report.policy.task.kind
    if known.rows >= max(settings.min_rows, settings.label_coverage * served.rows):
        name = {"binary": "roc_auc", "multiclass": "accuracy"}.get(kind, "rmse" if gauge.in_money else "r2")
        measure = find_measure(name, kind)
        estimate = measure.estimate(known.labels, known.judged_by(measure)[0])
        if np.isfinite(estimate.value):
            interval = estimate.interval
            return Finding(measure=name, where="all", value=estimate.value, interval=interval, n=estimate.n)
    return next(iter(estimated_findings(served, bundle.report, bundle.money)), None)


def _latest(found: Sequence[Found], tenure: Tenure) -> tuple[Finding, ...]:
    """Give what the last look found, if it was after the champion's release."""
    at = max((look.at for look in found), default=None)
    if at is None or at < tenure.since:
        return ()
    return tuple(look.finding for look in found if look.at == at)


def _target(history: Sequence[Release], gone: frozenset[int]) -> int | None:
    try:
        return rollback_target(history, gone)
    except MainstayError:
        return None


def _patience(settings: MonitoringSettings) -> float:
    """Seconds without a question after which a model counts as idle: two windows, an hour at least."""
    window = _LONGEST_LOOK if isinstance(settings.window, int) else length(settings.window).total_seconds()
    return max(2 * window, 3600.0)


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(seconds), dt.UTC)
