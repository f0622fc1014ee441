from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mainstay.state import State, acquire, from_text, lease_of, open_state, release, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path)
    yield opened
    opened.close()


def test_one_holds_it_until_it_ends_and_the_next_gets_a_greater_token(state: State) -> None:
    assert acquire(state, "controller", "one", MINUTE, NOW) == 1
    assert acquire(state, "controller", "two", MINUTE, NOW + MINUTE / 2) is None
    assert acquire(state, "controller", "one", MINUTE, NOW + MINUTE / 2) == 1
    assert acquire(state, "controller", "two", MINUTE, NOW + MINUTE) is None
    assert acquire(state, "controller", "two", MINUTE, NOW + 2 * MINUTE) == 2
    assert acquire(state, "controller", "one", MINUTE, NOW + 2 * MINUTE) is None
    held = lease_of(state, "controller")
    assert held is not None
    assert (held.owner, held.token, held.expires) == ("two", 2, NOW + 3 * MINUTE)


def test_who_slept_through_the_end_gets_a_new_token_too(state: State) -> None:
    acquire(state, "controller", "one", MINUTE, NOW)
    assert acquire(state, "controller", "one", MINUTE, NOW + 5 * MINUTE) == 2


def test_giving_it_back_frees_it_and_only_the_holder_can(state: State) -> None:
    acquire(state, "controller", "one", MINUTE, NOW)
    release(state, "controller", "two", NOW)
    assert acquire(state, "controller", "two", MINUTE, NOW) is None
    release(state, "controller", "one", NOW)
    assert acquire(state, "controller", "two", MINUTE, NOW) == 2


def test_leases_of_different_names_are_strangers(state: State) -> None:
    assert acquire(state, "a", "one", MINUTE, NOW) == 1
    assert acquire(state, "b", "two", MINUTE, NOW) == 1
    assert lease_of(state, "c") is None


def test_of_many_at_once_one_wins(state: State) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda owner: acquire(state, "a", str(owner), MINUTE, NOW), range(8)))
    assert sorted(tokens, key=str) == [1, *[None] * 7]


def test_moments_keep_their_microseconds_and_sort_as_text() -> None:
    moments = [NOW, NOW + dt.timedelta(microseconds=1), NOW + MINUTE]
    texts = [to_text(moment.astimezone(dt.timezone(dt.timedelta(hours=5)))) for moment in moments]
    assert texts == sorted(texts)
    assert [from_text(text) for text in texts] == moments
    with pytest.raises(ValueError, match="time zone"):
        to_text(NOW.replace(tzinfo=None))
