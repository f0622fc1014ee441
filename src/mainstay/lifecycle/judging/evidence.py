"""What the gates look at beside the report, collected: the serving path, the lock, approvals, callers, live answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.evaluation import Approval, Evidence, Lock, Way, answer_cases, read_cases
from mainstay.events.window import take_window
from mainstay.lifecycle.judging.rehearsal import rehearse
from mainstay.monitoring.skew import skew_finding
from mainstay.registry.packages import installed
from mainstay.release import ReleaseSettings, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.evaluation import EvaluationSettings
    from mainstay.measures.finding import Finding
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books

_LATELY = dt.timedelta(days=28)


def collect(
    books: Books, bundle: Bundle, champion: Bundle | None, settings: EvaluationSettings, *, now: dt.datetime
) -> Evidence:
    """Collect the evidence about a version.

    Parameters
    ----------
    books : Books
        Both books.
    bundle : Bundle
        The version; it must be registered.
    champion : Bundle or None
        Who answers now; None where nobody does, or where this is the champion itself.
    settings : EvaluationSettings
        Says whether a worker is started.
    now : datetime
        When this is, UTC.

    """
    name, number = bundle.version.model, bundle.version.number
    given = books.approvals.of(name, number, since=now)  # a new judgement carries none of the old ones over
    features = bundle.contract.features
    return Evidence(
        differences=None if champion is None else differences(champion.contract, bundle.contract),
        rehearsal=rehearse(books, bundle) if settings.rehearse else None,
        lock=hold(bundle.lock, installed(), None if champion is None else champion.lock),
        approvals=tuple(Approval(one.by, one.reason, one.role) for one in given),
        roles=books.project.section("release", ReleaseSettings).approvals,
        undescribed=tuple(column.name for column in features if not (column.description and column.owner)),
        live_skew=_live_skew(books, bundle, now),
        cases=_cases(books.project, bundle, settings),
    )


def _cases(project: Project, bundle: Bundle, settings: EvaluationSettings) -> tuple[Finding, ...] | None:
    """Let a version answer the cases the project has today; None where its code doesn't run here.

    They are held against today's contract (the version's own, where only the books are here): a version that is older
    than a column doesn't see it.
    """
    if bundle.features is not None and bundle.features.running is None:
        return None
    today = project.root / CONTRACT
    contract = load_contract(today) if today.is_file() else bundle.contract
    cases = read_cases(project, settings, contract, bundle.policy.task)
    return answer_cases(Way(bundle.contract, bundle.features, bundle.model, bundle.policy), cases)


def hold(lock: Mapping[str, str], here: Mapping[str, str], before: Mapping[str, str] | None) -> Lock:
    """Hold a lock against what is installed and against the champion's.

    Examples
    --------
    >>> hold({"numpy": "2.1"}, {"numpy": "2.2"}, {"numpy": "2.0"}).since_champion
    ('numpy 2.0 -> 2.1',)

    """
    return Lock(
        pinned=len(lock),
        missing=tuple(f"{name} {version}" for name, version in lock.items() if name not in here),
        moved=tuple(
            f"{name} {lock[name]}, here {here[name]}" for name in lock if here.get(name, "") not in {"", lock[name]}
        ),
        since_champion=() if before is None else tuple(_changes(before, lock)),
    )


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    gone = [f"- {name} {before[name]}" for name in before if name not in now]
    new = [f"+ {name} {now[name]}" for name in now if name not in before]
    moved = [f"{name} {before[name]} -> {now[name]}" for name in now if before.get(name, now[name]) != now[name]]
    return [*moved, *new, *gone]


def _live_skew(books: Books, bundle: Bundle, now: dt.datetime) -> Finding | None:
    """Compute again what a version answered lately; None where it never did."""
    model, number = bundle.version.model, bundle.version.number
    history = books.releases.history(model)
    if not any(route.version == number for release in history for route in release.routes):
        return None
    derived = bundle.features.inputs if bundle.features else None
    window = take_window(
        books.log, bundle.contract, bundle.policy.task, now - _LATELY, now, model=model, inputs=derived
    )
    return skew_finding(window.frame, bundle)
