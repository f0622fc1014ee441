"""The desk: one look serves several pages, and a change is never decided on an old one."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import NotFoundError, ReleaseError
from mainstay.render import sample_overview
from mainstay.render.overview import ModelRow
from mainstay.web.desk import Desk, rollback_of

if TYPE_CHECKING:
    from tests.unit.web.conftest import House

    from mainstay.render import Overview


def test_ten_pages_at_once_cost_one_look() -> None:
    looks: list[dt.datetime] = []

    def build(now: dt.datetime) -> Overview:
        looks.append(now)
        return sample_overview()

    desk = Desk(build, lambda *_: None, by="ana", keep=60.0)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: desk.look(), range(10)))
    assert len(looks) == 1
    assert looks[0].tzinfo is dt.UTC
    desk.look(anew=True)
    assert len(looks) == 2


def test_a_model_whose_books_cant_be_read_has_more_than_nothing_to_roll_back_to() -> None:
    row = ModelRow(name="churn", state="unsure", note="The registry can't be reached.", unread=True)
    with pytest.raises(ReleaseError, match=r"churn can't be looked at now: The registry can't be reached\."):
        rollback_of(row)


def test_an_unknown_model_names_the_known_ones(house: House) -> None:
    desk = Desk(house.build, house.rollback, by="ana")
    with pytest.raises(NotFoundError, match="credit-risk, churn, demand"):
        desk.model("nobody")


def test_a_rollback_gives_the_model_as_it_is_afterwards(house: House) -> None:
    desk = Desk(house.build, house.rollback, by="ana", keep=60.0)
    desk.look()
    assert desk.roll_back("churn", seen=7, to=6, reason="r").version == 6
    with pytest.raises(ReleaseError, match="no earlier version"):
        desk.roll_back("churn", seen=6, to=5, reason="r")
