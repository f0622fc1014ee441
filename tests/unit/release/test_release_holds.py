"""Holds: the last word counts; a rollback holds in the same transaction."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import ReleaseError
from mainstay.release import Hold, Holds, Releases, propose_release, propose_rollback
from mainstay.state import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.state import State

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path / ".mainstay")
    yield state
    state.close()


def word(*, held: bool = True, reason: str = "looking into it") -> Hold:
    return Hold(model="churn", held=held, at=NOON, by="anna", reason=reason)


def test_nothing_is_held_at_first_and_the_last_word_counts(state: State) -> None:
    holds = Holds(state)
    assert holds.current("churn") is None
    assert holds.say(word()) == holds.current("churn") == word()
    assert holds.current("credit") is None
    holds.say(word(held=False))
    assert holds.current("churn") is None
    holds.say(word(reason="  again\n"))
    assert holds.current("churn") == word(reason="again")


def test_a_word_that_changes_nothing_or_gives_no_reason_is_refused(state: State) -> None:
    holds = Holds(state)
    with pytest.raises(ReleaseError, match="isn't held"):
        holds.say(word(held=False))
    with pytest.raises(ReleaseError, match="needs a reason"):
        holds.say(word(reason=" "))
    holds.say(word())
    with pytest.raises(ReleaseError, match=r"held already, by anna \(looking into it\)"):
        holds.say(word())


def back_and_forth(releases: Releases) -> None:
    for version in (1, 2):
        history = releases.history("churn")
        releases.append(propose_release(history, "churn", version, at=NOON, by="me", reason="better"))
    history = releases.history("churn")
    releases.append(propose_rollback(history, "churn", at=NOON, by="ben", reason="orders fell"))


def test_a_rollback_holds_and_a_release_does_not(state: State) -> None:
    back_and_forth(Releases(state))
    held = Holds(state).current("churn")
    assert held is not None
    assert (held.by, held.at, held.reason, held.release) == ("ben", NOON, "rolled back to version 1: orders fell", 3)
    Holds(state).say(word())  # a person's hold goes further
    assert Holds(state).current("churn") == word()


def test_a_rollback_leaves_a_hold_that_is_on_as_it_is(state: State) -> None:
    Holds(state).say(word())
    back_and_forth(Releases(state))
    assert Holds(state).current("churn") == word()


def test_a_rollback_that_loses_the_race_holds_nothing(state: State) -> None:
    releases = Releases(state)
    for version in (1, 2):
        history = releases.history("churn")
        releases.append(propose_release(history, "churn", version, at=NOON, by="me", reason="better"))
    late = propose_rollback(releases.history("churn"), "churn", at=NOON, by="ben", reason="orders fell")
    releases.append(propose_release(releases.history("churn"), "churn", 3, at=NOON, by="me", reason="faster"))
    with pytest.raises(ReleaseError, match="Somebody else released"):
        releases.append(late)
    assert Holds(state).current("churn") is None
