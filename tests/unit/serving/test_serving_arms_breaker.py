from __future__ import annotations

import random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mainstay.serving.arms import Breaker
from mainstay.serving.arms.breaker import LEAST, LONGEST, PAUSE, PROBES, WITHIN


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(breaker: Breaker, *, fails: bool) -> bool:
    """Ask as the server does; says whether the arm was asked at all."""
    if not (breaker.closed or breaker.admits()):
        return False
    if breaker.closed:
        breaker.asked += 1
    if fails:
        breaker.failed("ValueError")
    elif not breaker.closed:
        breaker.passed()
    return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tripped(clock: Clock) -> Breaker:
    breaker = Breaker(clock=clock)
    while breaker.closed:
        ask(breaker, fails=True)
    return breaker


def test_one_bad_record_or_two_take_nobody_out(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    for _ in range(LEAST - 1):
        ask(breaker, fails=True)
    assert breaker.state == "closed"


@pytest.mark.parametrize("a_second", [1, 7, 100])
def test_an_arm_that_fails_is_out_within_five_seconds(clock: Clock, a_second: int) -> None:
    breaker = Breaker(clock=clock)
    for turn in range(20 * a_second):
        if turn % a_second == 0:
            breaker.tick()
        ask(breaker, fails=False)
        clock.now += 1 / a_second
    begun = clock.now
    while breaker.closed:
        ask(breaker, fails=True)
        clock.now += 1 / a_second
    assert clock.now - begun <= WITHIN
    assert breaker.trips == 1


@pytest.mark.parametrize(("share", "stays"), [(0.3, True), (0.7, False)])
def test_an_arm_that_fails_at_less_than_its_share_stays(clock: Clock, share: float, stays: bool) -> None:
    breaker, dice = Breaker(0.5, clock), random.Random(7)  # noqa: S311 - the same each time
    for turn in range(5000):
        if turn % 100 == 0:
            breaker.tick()
        ask(breaker, fails=turn > 300 and dice.random() < share)
        clock.now += 0.01
    assert (breaker.trips == 0) == stays
    assert stays or breaker.value >= 0.5


def test_failures_long_ago_do_not_count(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    for _ in range(20):
        ask(breaker, fails=True)
        clock.now += WITHIN
    assert breaker.state == "closed"


def test_one_probe_at_a_time_and_three_answers_close_it(tripped: Breaker, clock: Clock) -> None:
    assert not tripped.admits()
    clock.now += PAUSE
    assert tripped.state == "half-open"
    assert tripped.admits()
    assert not tripped.admits()
    tripped.passed()
    for _ in range(PROBES - 1):
        assert not tripped.closed
        assert ask(tripped, fails=False)
    assert tripped.closed
    assert tripped.why == ""


def test_a_probe_that_fails_doubles_the_pause(tripped: Breaker, clock: Clock) -> None:
    waits = []
    for _ in range(7):
        begun = clock.now
        while not ask(tripped, fails=True):
            clock.now += 0.5
        waits.append(clock.now - begun)
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert tripped.trips == 8


def test_what_was_asked_before_it_was_taken_out_changes_nothing(tripped: Breaker, clock: Clock) -> None:
    clock.now += PAUSE
    tripped.failed("late")
    tripped.passed()
    assert tripped.trips == 1
    assert tripped.admits()


def test_a_probe_nobody_tells_the_end_of_does_not_keep_it_out_for_good(tripped: Breaker, clock: Clock) -> None:
    clock.now += PAUSE
    assert tripped.admits()
    clock.now += LONGEST
    assert tripped.admits()


class Life(RuleBasedStateMachine):
    """Anything may happen in any order: what is promised holds all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(clock=self.clock)
        self.in_a_row = 0
        self.opened: float | None = None

    @rule(fails=st.booleans())
    def asks(self, fails: bool) -> None:
        before = self.breaker.closed
        asked = ask(self.breaker, fails=fails)
        if before and not self.breaker.closed:
            assert fails
        if not before:
            self.in_a_row = 0 if asked and fails else self.in_a_row + asked
            assert self.breaker.closed == (self.in_a_row >= PROBES)
        if self.breaker.closed:
            self.opened, self.in_a_row = None, 0
        elif before or (asked and fails):
            self.opened = self.clock.now

    @rule(seconds=st.floats(0.01, 70.0))
    def waits(self, seconds: float) -> None:
        self.clock.now += seconds

    @precondition(lambda self: not self.breaker.closed)
    @rule()
    def is_asked_in_its_first_pause(self) -> None:
        assert self.opened is not None
        if self.clock.now < self.opened + PAUSE:
            assert not self.breaker.admits()

    @precondition(lambda self: not self.breaker.closed)
    @rule()
    def is_asked_again_some_day(self) -> None:
        self.clock.now += LONGEST
        assert ask(self.breaker, fails=True)
        self.opened, self.in_a_row = self.clock.now, 0

    @invariant()
    def says_what_it_does(self) -> None:
        assert (self.breaker.state == "closed") == self.breaker.closed
        assert bool(self.breaker.why) == (not self.breaker.closed)
        assert 0 <= self.breaker.value <= 1


TestLife = Life.TestCase
