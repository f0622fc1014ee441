from __future__ import annotations

import pytest

from mainstay.release.places import allot
from mainstay.release.release import width


def test_the_first_arms_lie_side_by_side() -> None:
    assert allot({}, {2: 0.2, 3: 0.3}) == {2: ((0.0, 0.2),), 3: ((0.2, 0.5),)}
    assert allot({}, {}) == {}


def test_an_arm_that_grows_takes_from_the_champion_alone() -> None:
    before = allot({}, {2: 0.2, 3: 0.3})
    after = allot(before, {2: 0.4, 3: 0.3})
    assert after == {2: ((0.0, 0.2), (0.5, 0.7)), 3: before[3]}


def test_an_arm_that_shrinks_gives_back_what_it_took_last() -> None:
    before = allot({}, {2: 0.2, 3: 0.3})
    assert allot(before, {2: 0.05, 3: 0.3}) == {2: ((0.0, 0.05),), 3: before[3]}


def test_what_a_gone_arm_left_is_used_again_and_stretches_that_touch_are_joined() -> None:
    before = allot({}, {2: 0.2, 3: 0.3})
    after = allot(before, {3: 0.6})
    assert after == {3: ((0.0, 0.6),)}


@pytest.mark.parametrize("shares", [(1 / 3, 1 / 3), (0.1, 0.2, 0.3), (0.07, 0.07, 0.07, 0.07)])
def test_widths_are_the_shares(shares: tuple[float, ...]) -> None:
    wanted = dict(enumerate(shares, start=2))
    found = allot({}, wanted)
    assert {version: pytest.approx(share, abs=1e-11) for version, share in wanted.items()} == {
        version: width(places) for version, places in found.items()
    }
