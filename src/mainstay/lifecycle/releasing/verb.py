"""`release`: who answers from now on, a row of the history after every demand on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError, ReleaseError
from mainstay.evaluation import EvaluationSettings
from mainstay.lifecycle.judging import sound_champion, standing
from mainstay.lifecycle.releasing.foreseen import Foreseen, Wish
from mainstay.lifecycle.releasing.recent import try_recent
from mainstay.registry import golden_failures
from mainstay.release import (
    Approval,
    Release,
    ReleaseSettings,
    differences,
    only_ends,
    open_books,
    other_question,
    propose_release,
    unfilled,
    why_not,
)

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books


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
    """Let a version answer: a row in the history; every server follows within half a second.

    Raises
    ------
    ReleaseError
        Where it is held back: by its verdict, approvals, contract, the requests that were answered lately.
    NotFoundError, CorruptError, TrustError
        Where its bundle isn't there, isn't what was written, or brings code that isn't trusted here.

    """
    wish = Wish(version=number, reason=reason, by=by, canary=canary, ab=ab, shadow=shadow, trial=trial)
    return release_seen(project, wish)[1]


def release_seen(project: Project, wish: Wish) -> tuple[Foreseen, Release]:
    """Do it, and give what was seen before it was done; raises as `release`."""
    with open_books(project) as books:
        seen = foresee(books, wish)
        return seen, books.releases.append(seen.demand())


def foresee_release(project: Project, wish: Wish) -> Foreseen:
    """Look what a release would do, and whether it may; nothing is changed. Raises where its bundle can't be loaded."""
    with open_books(project) as books:
        return foresee(books, wish)


def first_step(project: Project) -> tuple[float, tuple[float, ...]]:
    """Give the share of a canary that is given none, and the shares it is to get by itself after that."""
    settings = project.section("release", ReleaseSettings)
    first, *others = settings.steps or (settings.canary,)
    return first, ((*others, 1.0) if settings.steps else ())


def foresee(books: Books, wish: Wish) -> Foreseen:
    """Hold a wish against everything a release is held against."""
    name, number = books.project.name, wish.version
    history = books.releases.history(name)  # first: whoever releases meanwhile makes our row fail
    before = history[-1] if history else None
    if only_ends(history, number, ab=wish.ab, beside=wish.beside):
        return _drafted(history, wish, Foreseen(model=name, version=number, before=before, held_to=False))
    bundle = books.registry.load_bundle(name, number)
    champion = sound_champion(books, run=False)
    given = standing(books, number)
    seen = Foreseen(
        model=name,
        version=number,
        before=before,
        verdict=books.registry.latest_verdict(name, number),
        approvals=tuple(Approval(role=one.role, by=one.by, at=one.at, reason=one.reason) for one in given),
        differences=differences(champion.contract, bundle.contract) if champion else (),
        tried=try_recent(books, bundle.contract),
    )
    try:
        seen = replace(seen, golden=answered_golden(bundle))
        _demand(books, wish, seen, bundle)
        if champion is not None:
            _demand_same_question(wish, champion, bundle)
    except MainstayError as error:
        return replace(seen, error=error)
    return _drafted(history, wish, seen)


def _drafted(history: tuple[Release, ...], wish: Wish, seen: Foreseen) -> Foreseen:
    try:
        return replace(seen, row=_row(history, wish, seen))
    except ReleaseError as error:
        return replace(seen, error=error)


def answered_golden(bundle: Bundle) -> int:
    """Ask a version its golden records; gives how many there are.

    Raises
    ------
    ReleaseError
        Where it answers otherwise than it did.

    """
    if failures := golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features):
        raise ReleaseError(f"Version {bundle.version.number} no longer answers as it did: {failures[0]}")
    return len(bundle.golden)


def _demand(books: Books, wish: Wish, seen: Foreseen, bundle: Bundle) -> None:
    if refused := why_not(
        bundle.version, seen.verdict, books.project.problem, trial=wish.trial, differences=seen.differences
    ):
        raise refused
    if wish.trial:
        return
    _demand_approvals(books, seen)
    limit = books.project.section("release", ReleaseSettings).max_refused
    if seen.tried.share > limit:
        raise ReleaseError(
            f"{seen.model} version {seen.version} can't be released: {seen.tried.words()}. {seen.tried.example}",
            "Widen contract.toml and train again, have the callers changed first, or allow that share: "
            "[release] max_refused.",
        )


def _demand_approvals(books: Books, seen: Foreseen) -> None:
    """Ask today's project file: the verdict may be older than what it demands."""
    roles = books.project.section("release", ReleaseSettings).approvals
    people = books.project.section("evaluation", EvaluationSettings).approve
    name, number = f"{seen.model} version {seen.version}", seen.version
    if lacking := unfilled(roles, ((one.role, one.by) for one in seen.approvals)):
        raise ReleaseError(
            f"{name} was not approved as {' and '.join(lacking)}; each role wants another person's yes.",
            f'mainstay approve {number} --role {lacking[0]} --reason "…"',
        )
    if (given := len({one.by for one in seen.approvals})) < people:
        raise ReleaseError(
            f"{name} was approved by {given} of the {people} people it needs.",
            f'mainstay approve {number} --reason "…"',
        )


def _demand_same_question(wish: Wish, champion: Bundle, bundle: Bundle) -> None:
    if wish.beside and (other := other_question(champion.policy.task, bundle.policy.task)):
        raise ReleaseError(
            f"Version {wish.version} {other}: beside the champion only what answers the same question can be compared.",
            "Release it to everybody instead, or train it on the champion's labels.",
        )


def _row(history: tuple[Release, ...], wish: Wish, seen: Foreseen) -> Release:
    return propose_release(
        history,
        seen.model,
        wish.version,
        at=dt.datetime.now(dt.UTC),
        by=wish.by,
        reason=wish.reason,
        canary=wish.canary,
        ab=wish.ab,
        shadow=wish.shadow,
        trial=wish.trial,
        steps=wish.steps,
        approvals=seen.approvals,
    )
