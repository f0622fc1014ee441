"""THE ORDER: how a model gets from rows to answers, and back. The only place that knows it.

Each verb reads like the arrows it walks:

Project, Contract, Snapshot, Candidate, Report, Verdict, Version, Release, Window, Finding, Action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.data import take_snapshot
from mainstay.events import actions, log_actions, log_findings
from mainstay.lifecycle.acting import carry_out, decide_after
from mainstay.lifecycle.judging import judge_version
from mainstay.lifecycle.looking import Seen, due, latest, look_at
from mainstay.lifecycle.origins import bring_back
from mainstay.lifecycle.registering import Trained, declared_in, own_candidates, register_training, take_grounds
from mainstay.lifecycle.served_rows import tell_steps
from mainstay.release import open_books
from mainstay.training import TrainingSettings
from mainstay.training import train as fit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data import Source
    from mainstay.events import Action
    from mainstay.models.report import Verdict
    from mainstay.project import Project


def train(
    project: Project,
    *,
    now: dt.datetime,
    by: str,
    source: Source | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Make the next version: rows, candidates, report, verdict, registry."""
    contract = load_contract(project.root / CONTRACT)
    with open_books(project) as books:  # first: books that can't be written are told before an hour of training
        books.registry.demand_signer()
        if source is None:
            bring_back(project, progress)
        snapshot = take_snapshot(project, contract, source=source)
        tell_steps(snapshot, progress)
        grounds = take_grounds(project, snapshot, "trained", by, progress)
        declared = declared_in(books, snapshot)
        recipe = project.section("training", TrainingSettings)
        training = fit(
            snapshot,
            recipe,
            project.money,
            action=project.problem.action,
            measures=declared.own,
            progress=progress,
            own=own_candidates(project, snapshot, recipe),
        )
        return register_training(books, snapshot, training, declared, grounds, now=now)


def gate(project: Project, number: int, *, now: dt.datetime, by: str) -> Verdict:
    """Judge a version again, with today's project file; the new verdict is the one that counts."""
    with open_books(project) as books:
        return judge_version(books, number, now=now, by=by)


def monitor(project: Project, *, now: dt.datetime, known_at: dt.datetime | None = None) -> Seen:
    """Look once at the latest window, or at what was the latest at `known_at`, as known then; changes nothing."""
    with open_books(project) as books:
        now = known_at or now
        return look_at(books, latest(books, now), now, known_at=known_at)


def operate(project: Project, *, now: dt.datetime) -> tuple[Action, ...] | None:
    """Look at the next window that is over, decide, act, and write both down; None while none is over."""
    with open_books(project) as books:
        span = due(books, now)
        if span is None:
            return None
        seen = look_at(books, span, now)
        before = actions(books.log, model=project.name)
        wanted = decide_after(books, seen, before, now=now)
        done = tuple(action for each in wanted if (action := carry_out(books, each, before)))
        # Actions first: a crash in between looks at this window again, and finds its alerts open already.
        log_actions(books.log, done)
        log_findings(books.log, project.name, now, seen.findings, since=span.since, until=span.until)
    return done
