from __future__ import annotations

import datetime as dt
import math

import pytest

from mainstay.errors import ReleaseError
from mainstay.release import Release, Route, assign, salt_of, shadows
from mainstay.release.release import check_routes
from mainstay.release.route import place_of

KEYS = [f"customer-{number}" for number in range(4000)]


def split(share: float) -> tuple[Route, ...]:
    return (Route(1, "champion", 1 - share), Route(2, "canary", share), Route(3, "shadow", 1.0))


def canary_keys(share: float, salt: str = "churn/2") -> set[str]:
    return {key for key in KEYS if assign(split(share), key, salt).version == 2}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.99])
def test_a_canary_gets_its_share(share: float) -> None:
    expected, error = share * len(KEYS), math.sqrt(share * (1 - share) * len(KEYS))
    assert abs(len(canary_keys(share)) - expected) < 4 * error


def test_a_growing_canary_keeps_every_key_it_has() -> None:
    assert canary_keys(0.1) < canary_keys(0.2) < canary_keys(0.9)


def test_two_experiments_choose_independently() -> None:
    both = canary_keys(0.5) & canary_keys(0.5, "churn/3")
    assert abs(len(both) - 1000) < 4 * math.sqrt(4000 * 0.25 * 0.75)


def test_the_same_key_always_gets_the_same_answer_as_text_or_bytes() -> None:
    assert assign(split(0.5), "7590-ÄÖ", "churn/2") == assign(split(0.5), "7590-ÄÖ".encode(), "churn/2")
    assert place_of("a", "churn/2") == 0.8918874799969837
    assert place_of("\ud800", "churn/2") != place_of("", "churn/2")


def test_a_shadow_never_answers_and_a_single_champion_always_does() -> None:
    lone = (Route(1, "champion", 1.0), Route(3, "shadow", 1.0))
    assert {assign(lone, key, "churn").version for key in KEYS[:50]} == {1}
    assert shadows(lone) == (Route(3, "shadow", 1.0),)
    assert shadows(lone[:1]) == ()


def test_the_salt_stays_while_a_canary_grows_and_changes_with_the_next_one() -> None:
    def release(*routes: Route) -> Release:
        at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        return Release(id=1, model="churn", kind="canary", routes=routes, at=at, by="me", reason="")

    assert salt_of(release(*split(0.1))) == salt_of(release(*split(0.5))) == "churn/2"
    assert salt_of(release(Route(1, "champion", 0.9), Route(4, "canary", 0.1))) == "churn/4"


def arms(second: float, third: float) -> tuple[Route, ...]:
    middle = ((0.0, second),)
    return (
        Route(1, "champion", 1 - second - third),
        Route(2, "challenger", second, middle, begun=7),
        Route(3, "challenger", third, ((second, second + third),), begun=7),
    )


def test_three_arms_get_their_shares_and_one_salt_for_the_whole_test() -> None:
    at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    row = Release(id=8, model="churn", kind="ab", routes=arms(0.3, 0.2), at=at, by="me", reason="")
    assert salt_of(row) == "churn/ab/7"
    chosen = [assign(row.routes, key, salt_of(row)).version for key in KEYS]
    for route in row.routes:
        error = math.sqrt(route.weight * (1 - route.weight) * len(KEYS))
        assert abs(chosen.count(route.version) - route.weight * len(KEYS)) < 4 * error


@pytest.mark.parametrize(
    ("routes", "wrong"),
    [
        ((), "exactly one champion"),
        ((Route(1, "canary", 1.0),), "exactly one champion"),
        ((Route(1, "champion", 0.5), Route(2, "champion", 0.5)), "exactly one champion"),
        ((Route(1, "champion", 0.5), Route(1, "canary", 0.5)), "one part in a release"),
        ((Route(1, "champion", 0.9), Route(2, "canary", 0.2)), "add up to 1"),
        ((Route(1, "champion", 0.9),), "add up to 1"),
        ((Route(1, "champion", 1.0), Route(2, "canary", 0.0)), "above 0"),
        ((Route(1, "champion", float("nan")),), "above 0"),
        ((Route(1, "champion", 0.5), Route(2, "challenger", 0.5)), "as wide as its weight"),
        ((*arms(0.3, 0.2)[:2], Route(3, "canary", 0.2)), "can't run at once"),
        ((*arms(0.3, 0.2)[:2], Route(3, "challenger", 0.2, ((0.2, 0.4),))), "apart from each other"),
        ((Route(1, "champion", 0.5), Route(2, "challenger", 0.5, ((0.6, 1.1),))), "between 0 and 1"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(routes: tuple[Route, ...], wrong: str) -> None:
    with pytest.raises(ReleaseError, match=wrong):
        check_routes(routes)
