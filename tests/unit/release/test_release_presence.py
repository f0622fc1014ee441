from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa

from mainstay.release import GONE, Listener, Presence, Worker
from mainstay.state import State, open_state, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path / "books")
    yield opened
    opened.close()


@pytest.fixture
def presence(state: State) -> Presence:
    return Presence(state)


def _word(name: str, release: int = 1, beat: int = 1) -> Worker:
    return Worker(model="churn", worker=name, machine="here", pid=7, release=release, tried=release, beat=beat)


def _said(state: State, name: str, ago: float) -> None:
    """Let a worker's last word be so old, or of the future."""
    at = to_text(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago))
    with state.begin() as connection:
        connection.execute(sa.text("UPDATE workers SET at = :at WHERE worker = :w"), {"at": at, "w": name})


def test_a_word_takes_the_place_of_the_one_before(presence: Presence) -> None:
    presence.tell(_word("a"))
    presence.tell(_word("b"))
    presence.tell(_word("a", release=2, beat=2))
    found = presence.serving("churn")
    assert [(row.worker, row.release, row.beat) for row in found] == [("a", 2, 2), ("b", 1, 1)]
    assert all(0 <= row.silent < 1 for row in found)
    assert presence.serving("other") == ()


def test_who_ends_in_order_leaves_no_row(presence: Presence) -> None:
    presence.tell(_word("a"))
    presence.tell(_word("b"))
    presence.leave("churn", "a")
    assert [row.worker for row in presence.rows("churn")] == ["b"]


def test_one_that_is_silent_is_gone_and_its_row_with_it(presence: Presence, state: State) -> None:
    presence.tell(_word("killed"))
    presence.tell(_word("alive"))
    _said(state, "killed", GONE + 1)
    slept: list[float] = []
    assert [row.worker for row in presence.serving("churn", sleep=slept.append)] == ["alive"]
    assert len(slept) == 1
    assert [row.worker for row in presence.rows("churn")] == ["alive"]
    assert presence.serving("churn", sleep=slept.append) != ()
    assert len(slept) == 1  # nobody is waited for twice


@pytest.mark.parametrize("ago", [-3600.0, 3600.0])
def test_a_clock_that_was_set_buries_nobody_and_raises_nobody(presence: Presence, state: State, ago: float) -> None:
    for name in ("alive", "killed"):
        presence.tell(_word(name))
        _said(state, name, ago)

    def speak(_: float) -> None:
        presence.tell(_word("alive", beat=2))

    assert [row.worker for row in presence.serving("churn", sleep=speak)] == ["alive"]


def test_a_clock_that_is_still_set_back_when_it_speaks(presence: Presence, state: State) -> None:
    presence.tell(_word("alive"))
    _said(state, "alive", -60)

    def speak(_: float) -> None:
        presence.tell(_word("alive", beat=2))
        _said(state, "alive", -60)

    assert [row.worker for row in presence.serving("churn", sleep=speak)] == ["alive"]


def test_a_row_is_not_forgotten_where_its_worker_spoke_meanwhile(presence: Presence) -> None:
    presence.tell(_word("a"))
    (old,) = presence.rows("churn")
    presence.tell(_word("a", beat=2))
    presence.forget([old])
    assert len(presence.rows("churn")) == 1
    presence.forget([msgspec.structs.replace(old, beat=2)])
    assert presence.rows("churn") == ()


def test_a_listener_needs_no_clock_but_its_own() -> None:
    now = [0.0]
    listener = Listener(lambda: now[0])
    alive, killed = _word("alive"), _word("killed")
    listener.hear([alive, killed])
    assert listener.gone([alive, killed]) == ()
    for beat in range(2, 8):
        now[0] += 2.0
        alive = _word("alive", beat=beat)
        listener.hear([alive, killed])
    assert listener.spoke(alive)
    assert not listener.spoke(killed)
    assert listener.gone([alive, killed]) == (killed,)
