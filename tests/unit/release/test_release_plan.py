from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

import pytest

from mainstay.errors import ReleaseError
from mainstay.release import (
    Release,
    Route,
    at_moment,
    explain,
    newcomers,
    plan_release,
    propose_release,
    propose_rollback,
    rollback_target,
    rollback_targets,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

Step = tuple[str, int] | tuple[str, int, float] | Literal["rollback"]


def history_of(*steps: Step) -> list[Release]:
    """Write a history: ("release", 1), ("trial", 1), ("canary", 2, 0.1), ("ab", 2, 0.1), ("shadow", 3), "rollback"."""
    history: list[Release] = []
    for step in steps:
        at = NOON + dt.timedelta(hours=len(history))
        if step == "rollback":
            history.append(propose_rollback(history, "churn", at=at, by="me", reason="worse"))
            continue
        kind, version, share = step if len(step) == 3 else (*step, None)
        row = propose_release(
            history,
            "churn",
            version,
            canary=None if kind == "ab" else share,
            ab=share if kind == "ab" else None,
            shadow=kind == "shadow",
            trial="trial" in kind,
            at=at,
            by="me",
            reason="better",
        )
        history.append(row)
    return history


def test_a_release_gives_everything() -> None:
    assert plan_release([], 2) == (Route(2, "champion", 1.0),)
    assert plan_release(history_of(("release", 1), ("canary", 2, 0.1)), 2) == (Route(2, "champion", 1.0),)


def test_a_canary_leaves_the_champion_the_rest() -> None:
    routes = plan_release(history_of(("release", 1)), 2, canary=0.1)
    assert routes == (Route(1, "champion", 0.9), Route(2, "canary", 0.1))
    assert newcomers(routes) == (2,)
    assert plan_release(history_of(("release", 1)), 2, canary=0.07)[0].weight == 0.93


def test_a_second_canary_takes_the_place_of_the_first_and_a_step_grows_it() -> None:
    history = history_of(("release", 1), ("canary", 2, 0.1))
    assert plan_release(history, 3, canary=0.2) == (Route(1, "champion", 0.8), Route(3, "canary", 0.2))
    assert plan_release(history, 2, canary=0.5) == (Route(1, "champion", 0.5), Route(2, "canary", 0.5))


def test_a_shadow_takes_nothing_from_anybody_and_stays_beside_a_canary() -> None:
    history = history_of(("release", 1), ("canary", 2, 0.1), ("shadow", 3))
    watched = (Route(1, "champion", 0.9), Route(2, "canary", 0.1), Route(3, "shadow", 1.0))
    assert history[-1].routes == watched
    assert plan_release(history, 2, canary=0.5)[-1] == Route(3, "shadow", 1.0)
    assert plan_release(history, 3, canary=0.5) == (Route(1, "champion", 0.5), Route(3, "canary", 0.5))


@pytest.mark.parametrize("wish", [{"canary": 0.1}, {"ab": 0.1}, {"shadow": True}])
def test_a_canary_or_shadow_needs_a_champion(wish: dict[str, float]) -> None:
    with pytest.raises(ReleaseError, match="needs a champion beside it") as told:
        plan_release([], 2, canary=wish.get("canary"), ab=wish.get("ab"), shadow="shadow" in wish)
    assert told.value.cure == "Give it everything first: mainstay release 2"
    assert told.value.exit_code == 1


def test_the_champion_is_no_canary_of_itself() -> None:
    with pytest.raises(ReleaseError, match="can't be its own canary"):
        plan_release(history_of(("release", 1)), 1, canary=0.1)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 10.0, float("nan")])
def test_a_canary_of_nothing_or_everything_is_refused(share: float) -> None:
    with pytest.raises(ReleaseError, match="above 0 and below 1"):
        plan_release(history_of(("release", 1)), 2, canary=share)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_demanded_of_a_trial_too(reason: str) -> None:
    with pytest.raises(ReleaseError, match="needs a reason"):
        propose_release([], "churn", 1, at=NOON, by="me", reason=reason)
    with pytest.raises(ReleaseError, match="needs a reason"):
        propose_rollback(history_of(("release", 1), ("release", 2)), "churn", at=NOON, by="me", reason=reason)
    with pytest.raises(ReleaseError, match="needs a reason"):
        propose_release([], "churn", 1, at=NOON, by="me", reason=reason, trial=True)


def test_a_release_that_changes_nothing_is_refused_unless_it_ends_a_trial() -> None:
    with pytest.raises(ReleaseError, match=r"Nothing would change: version 1 answers 100 % already\."):
        history_of(("release", 1), ("release", 1))
    assert [row.trial for row in history_of(("trial", 1), ("release", 1))] == [True, False]


@pytest.mark.parametrize(
    ("steps", "target"),
    [
        ([("release", 1), ("release", 2)], 1),
        ([("release", 1), ("canary", 2, 0.1), ("release", 2)], 1),
        ([("release", 1), ("release", 2), ("release", 3)], 2),
        ([("release", 1), ("release", 2), ("release", 3), "rollback"], 1),
        ([("release", 1), ("release", 2), "rollback", ("release", 3)], 1),
        ([("release", 1), ("canary", 2, 0.1)], 1),
        ([("release", 1), ("release", 2), ("canary", 3, 0.1)], 2),
        ([("release", 1), ("release", 2), ("canary", 3, 0.1), "rollback"], 1),
        ([("release", 1), ("canary", 2, 0.1), ("release", 3)], 1),
        ([("release", 1), ("shadow", 2), ("release", 3)], 1),
        ([("release", 1), ("release", 2), ("shadow", 3)], 1),
        ([("release", 1), ("release", 2), ("release", 1)], 2),
        ([("release", 1), ("release", 2), "rollback", ("release", 2), ("release", 3)], 2),
        ([("release", 1), ("ab", 2, 0.3), ("ab", 3, 0.3)], 1),
        ([("release", 1), ("release", 2), ("ab", 1, 0.3)], 2),
        ([("release", 1), ("ab", 2, 0.3), "rollback", ("release", 3)], 1),
        ([("release", 1), ("ab", 2, 0.3), ("release", 2)], 1),
        ([("trial", 1), ("trial", 2)], 1),
        ([("release", 1), ("trial", 2)], 1),
        ([("release", 1), ("trial", 2), ("release", 3)], 1),
    ],
)
def test_a_rollback_goes_to_the_last_different_champion_that_was_not_rolled_back(
    steps: list[Step], target: int
) -> None:
    assert rollback_target(history_of(*steps)) == target


@pytest.mark.parametrize(
    "steps",
    [
        [("release", 1)],
        [("release", 1), ("release", 2), "rollback"],
        [("release", 1), ("release", 2), ("release", 1), "rollback"],
        [("trial", 1), ("release", 2)],
        [("release", 1), ("canary", 2, 0.1), "rollback"],
        [("release", 1), ("shadow", 2)],
    ],
)
def test_a_rollback_that_could_only_lead_to_the_bad_one_is_refused(steps: list[Step]) -> None:
    with pytest.raises(ReleaseError, match="no earlier champion") as told:
        rollback_target(history_of(*steps))
    assert "mainstay release VERSION" in told.value.cure


def test_nothing_released_nothing_rolled_back() -> None:
    with pytest.raises(ReleaseError, match="Nothing is released"):
        rollback_target([])


def test_a_rollback_goes_further_back_where_it_is_told_to_and_past_what_was_removed() -> None:
    history = history_of(("release", 1), ("release", 2), ("release", 3), ("release", 4), "rollback", ("release", 5))
    assert rollback_targets(history) == (3, 2, 1)
    assert rollback_targets(history, gone={3, 1}) == (2,)

    def back(to: int | None, gone: frozenset[int] = frozenset()) -> int:
        return propose_rollback(history, "churn", at=NOON, by="me", reason="worse", to=to, gone=gone).champion

    assert [back(1), back(None, frozenset({3})), back(2, frozenset({3}))] == [1, 2, 2]
    for stranger in (4, 5, 9):
        with pytest.raises(ReleaseError, match=f"can't go to version {stranger}") as told:
            back(stranger)
        assert "version 3, 2, 1" in told.value.cure
    with pytest.raises(ReleaseError, match="no earlier champion"):
        back(None, frozenset({1, 2, 3}))


def test_arms_of_a_test_stand_beside_the_champion_with_their_shares() -> None:
    history = history_of(("release", 1), ("ab", 2, 0.25), ("ab", 3, 0.25))
    assert history[-1].kind == "ab"
    assert history[-1].routes == (
        Route(1, "champion", 0.5),
        Route(2, "challenger", 0.25, ((0.0, 0.25),), begun=2),
        Route(3, "challenger", 0.25, ((0.25, 0.5),), begun=2),
    )
    assert newcomers(history[-1].routes) == (2, 3)
    grown = plan_release(history, 2, ab=0.4)
    assert grown[1:] == (Route(2, "challenger", 0.4, ((0.0, 0.25), (0.5, 0.65)), begun=2), history[-1].routes[2])


def test_an_arm_is_taken_out_by_nothing_and_a_test_ends_by_a_release() -> None:
    history = history_of(("release", 1), ("ab", 2, 0.25), ("ab", 3, 0.25))
    assert [route.version for route in plan_release(history, 2, ab=0.0)] == [1, 3]
    assert plan_release(history, 1) == (Route(1, "champion", 1.0),)
    assert plan_release(history, 3) == (Route(3, "champion", 1.0),)
    with pytest.raises(ReleaseError, match="Version 4 is no arm"):
        plan_release(history, 4, ab=0.0)


def test_a_shadow_may_watch_a_test_and_an_arm_may_become_one() -> None:
    history = history_of(("release", 1), ("ab", 2, 0.25), ("ab", 3, 0.25))
    watched = plan_release(history, 4, shadow=True)
    assert [(route.version, route.role) for route in watched] == [
        (1, "champion"),
        (2, "challenger"),
        (3, "challenger"),
        (4, "shadow"),
    ]
    assert plan_release(history, 3, shadow=True)[0] == Route(1, "champion", 0.75)


def test_a_canary_and_a_test_do_not_run_at_once() -> None:
    testing = history_of(("release", 1), ("ab", 2, 0.25))
    with pytest.raises(ReleaseError, match="An A/B test is running") as told:
        plan_release(testing, 3, canary=0.1)
    assert "mainstay release 1" in told.value.cure
    with pytest.raises(ReleaseError, match="Version 2 is a canary"):
        plan_release(history_of(("release", 1), ("canary", 2, 0.1)), 3, ab=0.1)


@pytest.mark.parametrize("share", [-0.1, 0.75, 0.9, 1.0, float("nan")])
def test_arms_leave_the_champion_something(share: float) -> None:
    with pytest.raises(ReleaseError, match=r"compared with the champion"):
        plan_release(history_of(("release", 1), ("ab", 2, 0.25)), 3, ab=share)


def test_the_steps_of_a_canary_are_kept_and_said_until_it_ends() -> None:
    history = history_of(("release", 1))

    def then(version: int, *, canary: float | None = None, shadow: bool = False, steps: tuple[float, ...] = ()) -> None:
        wish = propose_release(
            history,
            "churn",
            version,
            canary=canary,
            shadow=shadow,
            steps=steps,
            at=NOON,
            by="me",
            reason="slowly",
        )
        history.append(wish)

    then(2, canary=0.05, steps=(0.25, 1.0))
    assert explain(history[-1]).endswith("(canary) answers 5 %. The canary's next steps: 25 %, then everything.")
    then(3, shadow=True)
    then(2, canary=0.05)
    then(2, canary=0.05, steps=(0.25, 1.0))
    then(2, shadow=True)
    assert [row.steps for row in history[1:]] == [(0.25, 1.0), (0.25, 1.0), (), (0.25, 1.0), ()]
    assert history[-1].routes[0] == Route(1, "champion", 1.0)


def test_after_a_rollback_one_version_answers_everything() -> None:
    history = history_of(("release", 1), ("release", 2), ("canary", 3, 0.1), ("shadow", 4), "rollback")
    assert history[-1].routes == (Route(2, "champion", 1.0),)
    assert (history[-1].kind, history[-1].id, history[-1].trial) == ("rollback", 5, False)


def test_a_rollback_to_a_champion_on_trial_is_a_trial_and_to_a_real_one_is_not() -> None:
    assert history_of(("trial", 1), ("trial", 2), "rollback")[-1].trial
    assert not history_of(("release", 1), ("trial", 2), "rollback")[-1].trial
    assert not history_of(("release", 1), ("trial canary", 2, 0.1), "rollback")[-1].trial


def test_a_champion_on_trial_stays_on_trial_beside_a_canary_or_shadow() -> None:
    assert history_of(("trial", 1), ("canary", 2, 0.1))[-1].trial
    assert history_of(("release", 1), ("trial canary", 2, 0.1), ("shadow", 3))[-1].trial
    assert not history_of(("release", 1), ("trial canary", 2, 0.1), ("canary", 3, 0.1))[-1].trial


def test_who_answered_at_a_moment() -> None:
    history = history_of(("release", 1), ("release", 2), "rollback")
    assert at_moment(history, NOON - dt.timedelta(seconds=1)) is None
    answered = [at_moment(history, NOON + dt.timedelta(minutes=minutes)) for minutes in (0, 59, 60, 600)]
    assert [row.champion for row in answered if row] == [1, 1, 2, 1]


def sentences(history: Sequence[Release]) -> list[str]:
    return [explain(release) for release in history]


def test_a_release_is_said_in_a_sentence() -> None:
    assert sentences(history_of(("release", 1), ("ab", 2, 0.07)))[1] == (
        "Version 1 answers 93 %, version 2 (A/B arm) answers 7 %."
    )
    assert sentences(history_of(("trial", 1), ("release", 1), ("canary", 2, 0.07), ("shadow", 3))) == [
        "Version 1 answers 100 %. This is a trial: it was not held to the gates.",
        "Version 1 answers 100 %.",
        "Version 1 answers 93 %, version 2 (canary) answers 7 %.",
        "Version 1 answers 93 %, version 2 (canary) answers 7 %, version 3 (shadow) is computed unseen.",
    ]
