"""Laws of removing old bundles, over random histories: nothing that may still be asked for ever goes."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mainstay.errors import ReleaseError
from mainstay.registry import Version
from mainstay.release import Release, at_moment, propose_release, propose_rollback, removable, rollback_targets

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MOST = 12
Kind = Literal["release", "canary", "ab", "shadow", "rollback"]
Step = tuple[Kind, int, float, bool]
KINDS: tuple[Kind, ...] = ("release", "canary", "ab", "shadow", "rollback")
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(1, MOST), st.floats(0.001, 0.999), st.booleans())


def act(history: list[Release], step: Step, at: dt.datetime, gone: set[int]) -> None:
    """Do one thing to a history, unless it is refused; what is gone can't be released."""
    kind, version, share, trial = step
    try:
        if kind == "rollback":
            history.append(propose_rollback(history, "churn", at=at, by="me", reason="worse", gone=gone))
        elif version not in gone:
            canary, ab = share if kind == "canary" else None, share if kind == "ab" else None
            row = propose_release(
                history,
                "churn",
                version,
                canary=canary,
                ab=ab,
                shadow=kind == "shadow",
                trial=trial,
                at=at,
                by="me",
                reason="better",
            )
            history.append(row)
    except ReleaseError:
        pass


def versions(ages: list[float]) -> list[Version]:
    """Make a version for each age in days."""
    return [
        Version(
            model="churn",
            number=number,
            created=NOW - age * DAY,
            by="me",
            parent=None,
            digest="",
            data_fingerprint="",
            git_commit="",
            dirty=False,
            candidate="linear",
            primary=None,
        )
        for number, age in enumerate(ages, start=1)
    ]


@st.composite
def pasts(draw: st.DrawFn) -> tuple[list[Version], list[Release]]:
    """Draw versions, and a history whose clock was mostly right."""
    ages = draw(st.lists(st.floats(0, 400), min_size=MOST, max_size=MOST))
    steps = draw(st.lists(st.tuples(STEPS, st.floats(0, 400)), max_size=25))
    wanders = draw(st.booleans())
    moments = [age for _, age in steps] if wanders else sorted((age for _, age in steps), reverse=True)
    history: list[Release] = []
    for (step, _), age in zip(steps, moments, strict=True):
        act(history, step, NOW - age * DAY, set())
    return versions(sorted(ages, reverse=True)), history


@given(pasts(), st.integers(1, 200), st.integers(1, 5), st.lists(STEPS, max_size=15), st.floats(0, 1))
def test_what_is_gone_is_never_asked_for(
    past: tuple[list[Version], list[Release]], days: int, newest: int, steps: list[Step], place: float
) -> None:
    made, history = past
    gone = set(removable(made, history, now=NOW, days=days, newest=newest))
    # What answered at any moment of the window still has its bundle.
    then = at_moment(history, NOW - place * days * DAY)
    assert then is None or not gone & {route.version for route in then.routes}
    # So many rollbacks one after the other go where they went before anything was removed.
    there = list(history)
    for _ in range(newest):
        wanted = rollback_targets(there)[:1] if there else ()
        assert wanted == (rollback_targets(there, gone)[:1] if there else ())
        act(there, ("rollback", 0, 0.0, False), NOW, set())
    # Whatever is done from now on, in whatever order: nobody who answers is gone.
    for step in steps:
        act(history, step, NOW, gone)
        if history:
            assert not gone & {route.version for route in history[-1].routes}


@given(pasts(), st.integers(1, 200), st.integers(1, 5))
def test_young_and_newest_stay_and_a_second_look_finds_nothing_more(
    past: tuple[list[Version], list[Release]], days: int, newest: int
) -> None:
    made, history = past
    gone = set(removable(made, history, now=NOW, days=days, newest=newest))
    assert not gone & {one.number for one in made[-newest:]}
    assert not gone & {one.number for one in made if one.created >= NOW - days * DAY}
    marked = [one if one.number not in gone else msgspec.structs.replace(one, removed=NOW) for one in made]
    assert removable(marked, history, now=NOW, days=days, newest=newest) == ()
    assert gone >= set(removable(made, history, now=NOW, days=days + 50, newest=newest))


def test_old_versions_that_nobody_released_go_and_a_canary_of_long_ago_too() -> None:
    made = versions([300, 299, 298, 297, 296, 1])
    history: list[Release] = []
    act(history, ("release", 1, 0.5, False), NOW - 290 * DAY, set())
    act(history, ("canary", 2, 0.5, False), NOW - 280 * DAY, set())
    act(history, ("release", 3, 0.5, False), NOW - 270 * DAY, set())
    act(history, ("shadow", 4, 0.5, False), NOW - 260 * DAY, set())
    assert removable(made, history, now=NOW, days=90, newest=1) == (2, 5)
    assert removable(made, history, now=NOW, days=285, newest=1) == (5,)  # 2 answered within that time
    assert removable(made, history, now=NOW, days=90, newest=5) == ()


def test_champions_of_long_ago_go_but_the_last_few() -> None:
    made = versions([300, 299, 298, 297, 296, 1])
    history: list[Release] = []
    for number in (1, 2, 3, 4, 5):
        act(history, ("release", number, 0.5, False), NOW - (295 - number) * DAY, set())
    assert removable(made, history, now=NOW, days=90, newest=2) == (1, 2)
    assert rollback_targets(history, gone={1, 2}) == (4, 3)
    assert removable(made, [], now=NOW, days=90, newest=1) == (1, 2, 3, 4, 5)
