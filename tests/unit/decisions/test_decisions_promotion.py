"""A canary's next step: only after clean windows, never past an alert, and the same however often it is replayed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.decisions import Look, promote, settle
from mainstay.events.records import Action
from mainstay.measures.finding import Finding
from mainstay.release import Release, ReleaseSettings, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CANARY = Release(
    id=2,
    model="churn",
    kind="canary",
    routes=(Route(1, "champion", 0.95), Route(2, "canary", 0.05)),
    at=NOW,
    by="anna",
    reason="slowly",
    steps=(0.25, 1.0),
)
ANSWERED = Finding(measure="canary_answers", where="version 2", value=0.05, ok=True, n=400, group="system")
BAD = Finding(measure="log_loss", where="all", value=0.9, ok=False, n=400, group="performance")


def look(day: int, *findings: Finding) -> Look:
    return Look(since=NOW + day * DAY, until=NOW + (day + 1) * DAY, findings=findings)


def alert(subject: str) -> Action:
    return Action(id="1", model="churn", kind="alert", subject=subject, at=NOW, by="controller", message="!")


def step(
    looks: Sequence[Look], wanted: int | str = 2, release: Release = CANARY, alerts: Sequence[Action] = ()
) -> Action | None:
    settings = ReleaseSettings(steps=(0.05, 0.25), step_windows=wanted)
    return promote(looks, alerts, settings, release, answers="canary_answers", now=NOW + 9 * DAY)


def test_after_enough_clean_windows_the_next_share_is_given_with_its_reasons() -> None:
    action = step([look(0, ANSWERED), look(1, ANSWERED)])
    assert action is not None
    assert (action.kind, action.by, action.subject) == ("promote", "controller", "release/canary/version 2 at 5 %")
    assert "version 2 gets 25 %. With 5 % it stood 2 windows in which nothing failed" in action.message
    assert "canary answers" in action.message
    assert step([look(0, ANSWERED), look(1, ANSWERED)]) == action
    last = msgspec.structs.replace(CANARY, steps=(1.0,))
    whole = step([look(0, ANSWERED), look(1, ANSWERED)], release=last)
    assert whole is not None
    assert "gets everything" in whole.message


@pytest.mark.parametrize(
    ("looks", "wanted"),
    [
        ([], 1),
        ([look(0, ANSWERED)], 2),
        ([look(0, ANSWERED), look(1, ANSWERED, BAD)], 1),
        ([look(0, ANSWERED), look(1, BAD, ANSWERED), look(2, ANSWERED)], 2),
        ([look(0, ANSWERED), look(1)], 1),
        ([look(0, msgspec.structs.replace(ANSWERED, ok=False))], 1),
        ([look(0, msgspec.structs.replace(ANSWERED, ok=None))], 1),
        ([look(0, msgspec.structs.replace(ANSWERED, where="version 3"))], 1),
        ([look(-1, ANSWERED)], 1),
        ([look(-1, ANSWERED), look(0, ANSWERED)], 2),
        ([look(0, ANSWERED), look(1, ANSWERED)], "3d"),
    ],
)
def test_not_yet(looks: list[Look], wanted: int | str) -> None:
    assert step(looks, wanted) is None


def test_a_length_of_clean_windows_counts_as_well() -> None:
    assert step([look(0, ANSWERED), look(1, ANSWERED)], "2d") is not None
    assert step([look(0, BAD), look(1, ANSWERED), look(2, ANSWERED)], "1.5d") is not None


def test_a_canary_with_a_share_of_its_own_stays_and_nothing_else_has_steps() -> None:
    looks = [look(0, ANSWERED), look(1, ANSWERED)]
    assert step(looks, release=msgspec.structs.replace(CANARY, steps=())) is None
    arm = (Route(1, "champion", 0.95), Route(2, "challenger", 0.05, ((0.0, 0.05),), 2))
    assert step(looks, release=msgspec.structs.replace(CANARY, kind="ab", routes=arm)) is None


def test_nothing_is_promoted_while_anything_is_wrong_but_that_it_could_not_be_promoted() -> None:
    looks = [look(0, ANSWERED), look(1, ANSWERED)]
    assert step(looks, alerts=[alert("drift/psi/price")]) is None
    assert step(looks, alerts=[alert("release/canary/version 2 at 5 %")]) is not None


def test_an_alert_about_a_step_ends_when_the_step_is_no_longer_waited_for() -> None:
    mine, drift = alert("release/canary/version 2 at 5 %"), alert("drift/psi/price")
    assert settle([mine, drift], CANARY, NOW) == ()
    routes = (Route(1, "champion", 0.75), Route(2, "canary", 0.25))
    for later in (
        msgspec.structs.replace(CANARY, routes=routes, steps=(1.0,)),
        msgspec.structs.replace(CANARY, steps=()),
        msgspec.structs.replace(CANARY, routes=(Route(1, "champion", 1.0),), steps=()),
    ):
        ended = settle([mine, drift], later, NOW)
        assert [(one.kind, one.subject) for one in ended] == [("resolve", mine.subject)]


days = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12)


@given(days, st.integers(1, 4), st.integers(0, 4))
def test_a_step_is_taken_exactly_where_the_last_windows_are_clean_and_of_this_step(
    plan: list[tuple[bool, bool]], wanted: int, begun: int
) -> None:
    looks = [
        look(day, *([ANSWERED] if answered else []), *([BAD] if bad else []))
        for day, (answered, bad) in enumerate(plan)
    ]
    release = msgspec.structs.replace(CANARY, at=NOW + begun * DAY)
    own = [answered and not bad for day, (answered, bad) in enumerate(plan) if day >= begun]
    should = len(own) >= wanted and all(own[-wanted:])
    assert (step(looks, wanted, release) is not None) == should
