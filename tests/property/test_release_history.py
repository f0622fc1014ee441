"""Laws of rolling back, over random histories."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ReleaseError
from mainstay.release import (
    Release,
    Route,
    assign,
    leaving,
    newcomers,
    propose_release,
    propose_rollback,
    rollback_target,
    rollback_targets,
    salt_of,
)
from mainstay.release.release import check_routes

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
Kind = Literal["release", "canary", "ab", "shadow", "rollback"]
Wish = tuple[Kind, int, float, bool]
KINDS: tuple[Kind, ...] = ("release", "canary", "ab", "shadow", "rollback")


def wishes(*, trials: bool) -> st.SearchStrategy[list[Wish]]:
    one = st.tuples(
        st.sampled_from(KINDS),
        st.integers(1, 6),
        st.floats(0.001, 0.999),
        st.booleans() if trials else st.just(value=False),
    )
    return st.lists(one, max_size=25)


def act(history: list[Release], wish: Wish) -> bool:
    """Do one thing to a history; False where it was refused, and then nothing changed."""
    kind, version, share, trial = wish
    try:
        if kind == "rollback":
            row = propose_rollback(history, "churn", at=NOON, by="me", reason="worse")
        else:
            canary = share if kind == "canary" else None
            row = propose_release(
                history,
                "churn",
                version,
                canary=canary,
                ab=share if kind == "ab" else None,
                shadow=kind == "shadow",
                trial=trial,
                at=NOON,
                by="me",
                reason="better",
            )
    except ReleaseError:
        return False
    history.append(row)
    return True


@dataclass
class Undo:
    """The same rules told another way: champions on a pile; who is rolled back leaves it wherever it lies."""

    pile: list[int] = field(default_factory=list)
    beside: set[int] = field(default_factory=set)

    def follow(self, wish: Wish) -> None:
        kind, version, _, _ = wish
        if kind == "release":
            self.pile.append(version)
            self.beside = set()
        elif kind == "canary":
            self.beside = {version}
        elif kind == "ab":
            self.beside.add(version)
        elif kind == "rollback":
            self.pile = self.without(self.leaving)
            self.beside = set()
        else:
            self.beside.discard(version)

    @property
    def leaving(self) -> set[int]:
        return self.beside or {self.pile[-1]}

    def without(self, versions: set[int]) -> list[int]:
        return [champion for champion in self.pile if champion not in versions]

    @property
    def target(self) -> int | None:
        left = self.without(self.leaving) if self.pile else []
        return left[-1] if left else None


@given(wishes(trials=False))
def test_rolling_back_is_taking_the_newcomer_off_a_pile_of_champions(plan: list[Wish]) -> None:
    history: list[Release] = []
    undo = Undo()
    for wish in plan:
        if undo.target is None:
            with pytest.raises(ReleaseError):
                rollback_target(history)
        else:
            assert rollback_target(history) == undo.target
            assert rollback_targets(history) == tuple(dict.fromkeys(reversed(undo.without(undo.leaving))))
        if act(history, wish):
            undo.follow(wish)
        assert not history or history[-1].champion == undo.pile[-1]


@given(wishes(trials=True))
def test_every_row_leads_each_request_to_one_version_and_numbers_have_no_gap(plan: list[Wish]) -> None:
    history: list[Release] = []
    for wish in plan:
        act(history, wish)
    for number, row in enumerate(history, start=1):
        assert row.id == number
        check_routes(row.routes)
        chosen = assign(row.routes, "somebody", salt_of(row))
        assert chosen.role != "shadow"
        assert chosen in row.routes


@given(wishes(trials=True))
def test_a_rollback_never_leads_to_a_canary_a_shadow_a_stranger_or_the_bad_one(plan: list[Wish]) -> None:
    history: list[Release] = []
    bad: set[int] = set()
    for wish in plan:
        before = list(history)
        if not act(history, wish):
            assert history == before
            continue
        row = history[-1]
        if row.kind == "release":
            bad.discard(row.champion)
        if row.kind != "rollback":
            continue
        left = before[-1]
        bad |= set(newcomers(left.routes)) or {left.champion}
        assert row.champion not in bad
        assert row.champion in {old.champion for old in before}
        assert row.routes == (Route(row.champion, "champion", 1.0),)


@given(wishes(trials=True))
def test_rolling_back_again_and_again_goes_further_back_each_time_and_ends(plan: list[Wish]) -> None:
    history: list[Release] = []
    for wish in plan:
        act(history, wish)
    visited: list[int] = []
    while act(history, ("rollback", 1, 0.5, False)):
        visited.append(history[-1].champion)
    assert len(visited) == len(set(visited))
    if any(row.trial for row in history):
        return  # a release on trial doesn't count as having served once a real champion answers
    made = [row.champion for row in history if row.kind == "release"]
    last = [max(place for place, champion in enumerate(made) if champion == version) for version in visited]
    assert last == sorted(last, reverse=True)


@given(wishes(trials=True))
def test_a_real_champion_never_gives_way_to_one_that_was_only_tried(plan: list[Wish]) -> None:
    history: list[Release] = []
    real: set[int] = set()
    on_trial = False
    for wish in plan:
        before = on_trial
        if not act(history, wish):
            continue
        row = history[-1]
        if row.kind == "release":
            on_trial = row.trial
            real |= set() if row.trial else {row.champion}
        elif row.kind == "rollback":
            on_trial = row.trial
            assert before or not row.trial
            assert row.trial or row.champion in real


@given(wishes(trials=True), st.sets(st.integers(1, 6), max_size=4))
def test_what_was_removed_is_passed_over_and_nothing_else_changes(plan: list[Wish], gone: set[int]) -> None:
    history: list[Release] = []
    for wish in plan:
        act(history, wish)
    every = rollback_targets(history)
    assert rollback_targets(history, gone) == tuple(version for version in every if version not in gone)
    assert len(set(every)) == len(every)
    for version in every:
        row = propose_rollback(history, "churn", at=NOON, by="me", reason="worse", to=version, gone=gone - {version})
        assert row.routes == (Route(version, "champion", 1.0),)
        # From further back it only ever goes further back still, and never to what was just left.
        after = rollback_targets([*history, row])
        assert not set(after) & {version, *leaving(history[-1])}
        assert set(after) <= set(every) - {version}
    for version in set(range(1, 7)) - set(every):
        with pytest.raises(ReleaseError):
            propose_rollback(history, "churn", at=NOON, by="me", reason="worse", to=version)


@given(wishes(trials=True))
def test_a_canary_arm_or_shadow_is_never_gone_back_to_for_having_been_one(plan: list[Wish]) -> None:
    history: list[Release] = []
    champions: set[int] = set()
    for wish in plan:
        if act(history, wish):
            champions.add(history[-1].champion)
        assert set(rollback_targets(history)) <= champions
        if history:
            assert not set(rollback_targets(history)) & set(leaving(history[-1]))
