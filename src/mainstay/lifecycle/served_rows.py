"""Versions that were trained on the event log: what is recorded of its rows, and how the same are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data import Source, Span, fingerprint, from_events, read_span
from mainstay.data.audit import told_step
from mainstay.data.logged.reading import read_log
from mainstay.errors import DataError
from mainstay.project import open_project
from mainstay.registry import LogSpan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.project import Project
    from mainstay.registry import Lineage


def log_source(project: Project, since: str = "", until: str = "", *, now: dt.datetime) -> Source:
    """Give the event log as a source; raises as `mainstay.data.read_span`."""
    return Source("", span=read_span(project, since=since, until=until, now=now))


def log_span(snapshot: Snapshot) -> LogSpan | None:
    """Say which part of the log a snapshot was taken of; None where its rows are from elsewhere."""
    span = snapshot.source.span
    if span is None or snapshot.opened is None:
        return None
    steps = tuple((line.step, line.rows_in, line.rows_out) for line in snapshot.opened.stream.before)
    return LogSpan(since=span.since, until=span.until, known_at=span.known_at, steps=steps)


def tell_steps(snapshot: Snapshot, progress: Callable[[str], None] | None) -> None:
    """Tell what became of the answers of the log."""
    if progress is None or snapshot.opened is None:
        return
    for line in snapshot.opened.stream.before:
        progress(told_step(line, {}))


def same_rows(project: Project, lineage: Lineage) -> Source | None:
    """Give the source of a version's rows, where they are from the log; None where the project's own is meant."""
    log = lineage.log
    return None if log is None else Source("", span=Span(project, log.since, log.until, log.known_at))


def fingerprint_now(project: Project, log: LogSpan) -> str:
    """Give the fingerprint of what the log holds today of a version's span."""
    return fingerprint(from_events(project, log.since, log.until, known_at=log.known_at).frame)


def write_served(project: Project, root: Path, lineage: Lineage, log: LogSpan) -> Path:
    """Write the rows of a version into a throw-away folder that holds its code, as its training read them.

    Raises
    ------
    DataError
        Where the log doesn't hold them any more.

    """
    span = Span(project, log.since, log.until, log.known_at, settings_of=open_project(root))
    found = read_log(span)
    if fingerprint(found.frame) != lineage.data_fingerprint:
        raise DataError(
            f"The event log no longer gives the rows of fingerprint {lineage.data_fingerprint[:12]} {span.words}.",
            "They were erased, or are older than [events] keep: what is left can train a new version.",
        )
    path = root / "data" / "served.parquet"
    path.parent.mkdir(exist_ok=True)
    found.frame.write_parquet(path)
    return path
