"""Laws of A/B tests: sticky, the right share, independent of each other, and no key moves that needn't."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ReleaseError
from mainstay.release import Release, assign, propose_release, salt_of
from mainstay.release.places import allot
from mainstay.release.release import check_routes, width

if TYPE_CHECKING:
    from mainstay.release.release import Places

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
KEYS = [f"customer-{number}" for number in range(4000)]
Change = tuple[int, float]

shares = st.one_of(st.just(0.0), st.floats(0.01, 0.6).map(lambda share: round(share, 4)))
changes = st.lists(st.tuples(st.integers(2, 5), shares), min_size=1, max_size=12)


def released(history: list[Release], version: int, **wish: float) -> bool:
    try:
        row = propose_release(history, "churn", version, at=NOON, by="me", reason="try", **wish)  # type: ignore[arg-type]
    except ReleaseError:
        return False
    history.append(row)
    return True


def shared(one: Places, other: Places) -> float:
    return math.fsum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in other)


def arms_of(release: Release) -> dict[int, Places]:
    return {route.version: route.places for route in release.routes if route.role == "challenger"}


@given(changes)
def test_no_place_changes_hands_that_need_not(plan: list[Change]) -> None:
    history: list[Release] = []
    released(history, 1)
    for version, share in plan:
        before = history[-1]
        if not released(history, version, ab=share):
            continue
        after = history[-1]
        check_routes(after.routes)
        old, new = arms_of(before), arms_of(after)
        for arm in old.keys() | new.keys():
            kept = shared(old.get(arm, ()), new.get(arm, ()))
            least = min(width(old.get(arm, ())), width(new.get(arm, ())))
            assert math.isclose(kept, least, abs_tol=1e-9)
            if arm != version:
                assert old.get(arm) == new.get(arm)


@given(st.dictionaries(st.integers(2, 9), st.floats(0.01, 0.24).map(lambda share: round(share, 4)), max_size=4))
def test_places_are_as_wide_as_the_shares_and_apart(wanted: dict[int, float]) -> None:
    found = allot({}, wanted)
    assert all(math.isclose(width(found[version]), share, abs_tol=1e-9) for version, share in wanted.items())
    every = list(found.values())
    assert all(not shared(one, other) for place, one in enumerate(every) for other in every[:place])


@given(changes)
def test_each_arm_gets_its_share_of_the_keys_and_every_key_the_same_arm_again(plan: list[Change]) -> None:
    history: list[Release] = []
    released(history, 1)
    for version, share in plan:
        released(history, version, ab=share)
    now = history[-1]
    salt = salt_of(now)
    chosen = [assign(now.routes, key, salt).version for key in KEYS]
    assert chosen == [assign(now.routes, key.encode(), salt).version for key in KEYS]
    for route in now.routes:
        error = math.sqrt(len(KEYS) * route.weight * (1 - route.weight))
        assert abs(chosen.count(route.version) - len(KEYS) * route.weight) <= 5 * error + 1


@given(changes, changes)
def test_two_tests_draw_independently_even_of_the_same_versions(first: list[Change], second: list[Change]) -> None:
    history: list[Release] = []
    released(history, 1)
    drawn: list[set[str]] = []
    for plan in (first, second):
        begun = len(history)
        for version, share in plan:
            released(history, version, ab=share)
        now = history[-1]
        salt = salt_of(now)
        if now.champion == 1 and arms_of(now):
            assert {route.begun for route in now.routes if route.role == "challenger"} == {
                _first_arm(history, begun).id
            }
        drawn.append({key for key in KEYS if assign(now.routes, key, salt).version == 1})
        released(history, 6)
        released(history, 1)
    share = len(drawn[0]) * len(drawn[1]) / len(KEYS) ** 2
    spread = math.sqrt(max(share * (1 - share), 1e-9) * len(KEYS))
    assert abs(len(drawn[0] & drawn[1]) - share * len(KEYS)) <= 5 * spread + 1


def _first_arm(history: list[Release], begun: int) -> Release:
    """Find the row by which the test in force began: the first with arms since there were none."""
    last = max((place for place, row in enumerate(history) if not arms_of(row)), default=begun)
    return history[last + 1]
