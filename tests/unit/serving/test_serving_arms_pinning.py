from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route
from mainstay.serving import Lineup, Served
from mainstay.serving.arms import pin
from mainstay.serving.replies import Refused
from mainstay.serving.testing import register_model, release_now

if TYPE_CHECKING:
    from mainstay.project import Project


@pytest.fixture
def lineup(project: Project) -> Lineup:
    one, two, three = (register_model(project, ConstantModel(score)) for score in (0.1, 0.2, 0.3))
    release_now(project, one, Route(two, "canary", 0.25), Route(three, "shadow", 1.0))
    served = Served(project, loopback=True)
    served.look()
    assert served.lineup is not None
    return served.lineup


@pytest.mark.parametrize(
    ("version", "role", "found"),
    [(1, None, 1), (2, None, 2), (3, None, 3), (None, "champion", 1), (None, "canary", 2), (None, "shadow", 3),
     (2, "canary", 2)],
)  # fmt: skip
def test_whoever_has_a_part_can_be_named(lineup: Lineup, version: int | None, role: str | None, found: int) -> None:
    arm = pin(lineup, version, role)
    assert arm is not None
    assert (arm.version, arm.route.weight, arm.pinned) == (found, 1.0, True)
    drawn = next(each for each in (*lineup.arms, *lineup.shadows) if each.version == found)
    assert arm.breaker is drawn.breaker
    assert not drawn.pinned


def test_nobody_is_named(lineup: Lineup) -> None:
    assert pin(lineup, None, None) is None


@pytest.mark.parametrize(
    ("version", "role", "said"),
    [(9, None, "Version 9 isn't"), (None, "challenger", "A challenger isn't"), (2, "champion", "Version 2 as champion"),
     (0, None, "Version 0"), (None, "x" * 1000, "A x")],
)  # fmt: skip
def test_who_has_no_part_is_refused_and_told_who_has(
    lineup: Lineup, version: int | None, role: str | None, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        pin(lineup, version, role)
    assert refused.value.status == 404
    assert refused.value.detail.startswith(said)
    assert len(refused.value.detail) < 100
    assert refused.value.cure == "Served now: version 1 (champion), version 2 (canary), version 3 (shadow)."
