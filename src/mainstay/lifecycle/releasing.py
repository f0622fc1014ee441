"""Who answers from now on: release and rollback, each a row of the history after its checks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.errors import ReleaseError
from mainstay.lifecycle.judging import sound_champion
from mainstay.registry import golden_failures
from mainstay.release import (
    Release,
    differences,
    open_books,
    other_question,
    propose_release,
    propose_rollback,
    rollback_target,
    why_not,
)

if TYPE_CHECKING:
    from mainstay.project import Project


def release(
    project: Project,
    number: int,
    *,
    reason: str,
    by: str,
    canary: float | None = None,
    ab: float | None = None,
    shadow: bool = False,
    trial: bool = False,
) -> Release:
    """Let a version answer: a row in the history; every server follows within half a second."""
    with open_books(project) as books:
        history = books.releases.history(project.name)  # first: whoever releases meanwhile makes our row fail
        bundle = books.registry.load_bundle(project.name, number)
        verdict = books.registry.latest_verdict(project.name, number)
        champion = sound_champion(books, run=False)
        narrower = differences(champion.contract, bundle.contract) if champion else ()
        if refused := why_not(bundle.version, verdict, project.problem, trial=trial, differences=narrower):
            raise refused
        beside = canary is not None or ab is not None or shadow
        if champion and beside and (other := other_question(champion.policy.task, bundle.policy.task)):
            raise ReleaseError(
                f"Version {number} {other}: beside the champion only what answers the same question can be compared.",
                "Release it to everybody instead, or train it on the champion's labels.",
            )
        row = propose_release(
            history,
            project.name,
            number,
            at=_now(),
            by=by,
            reason=reason,
            canary=canary,
            ab=ab,
            shadow=shadow,
            trial=trial,
        )
        return books.releases.append(row)


def rollback_destination(project: Project) -> int:
    """Say which version a rollback would give everything to."""
    with open_books(project) as books:
        return rollback_target(books.releases.history(project.name))


def rollback(project: Project, *, reason: str, by: str) -> Release:
    """Give everything back to the last good champion, after its bundle was checked."""
    with open_books(project) as books:
        history = books.releases.history(project.name)
        bundle = books.registry.load_bundle(project.name, rollback_target(history))
        if failures := golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features):
            raise ReleaseError(f"Version {bundle.version.number} no longer answers as it did: {failures[0]}")
        return books.releases.append(propose_rollback(history, project.name, at=_now(), by=by, reason=reason))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
