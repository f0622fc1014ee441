from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import ReleaseError
from mainstay.release import Approval, Release, Releases, Route, propose_release
from mainstay.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = dt.datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path)
    yield opened
    opened.close()


def draft(releases: Releases, version: int, model: str = "churn") -> Release:
    return propose_release(releases.history(model), model, version, at=NOON, by="Zoë", reason="'; DROP TABLE releases")


def test_nothing_is_released_at_first(state: State) -> None:
    releases = Releases(state)
    assert (releases.last_id("churn"), releases.current("churn"), releases.history("churn")) == (0, None, ())


def test_what_was_appended_is_read_back_as_it_was(state: State) -> None:
    releases = Releases(state)
    first = releases.append(draft(releases, 1))
    canary = propose_release([first], "churn", 2, canary=0.1, at=NOON, by="me", reason="try", trial=True)
    second = releases.append(canary, expected=1)
    assert releases.history("churn") == (first, second)
    assert second == canary
    assert releases.current("churn") == second
    assert releases.last_id("churn") == 2


def test_approvals_steps_and_places_are_read_back_too(state: State) -> None:
    releases = Releases(state)
    first = releases.append(draft(releases, 1))
    said = Approval(role="owner", by="anna", at=NOON, reason="read the card")
    wish = {"at": NOON, "by": "me", "reason": "try"}
    canary = propose_release([first], "churn", 2, canary=0.1, steps=(0.5, 1.0), approvals=(said,), **wish)  # type: ignore[arg-type]
    second = releases.append(canary)
    third = releases.append(propose_release([first, second], "churn", 1, **wish))  # type: ignore[arg-type]
    fourth = releases.append(propose_release([first, second, third], "churn", 2, ab=0.25, **wish))  # type: ignore[arg-type]
    assert releases.history("churn") == (first, second, third, fourth)
    assert (second.approvals, second.steps) == ((said,), (0.5, 1.0))
    assert (third.approvals, third.steps) == ((), ())
    assert fourth.routes[1] == Route(2, "challenger", 0.25, ((0.0, 0.25),), begun=4)


def test_models_have_histories_of_their_own(state: State) -> None:
    releases = Releases(state)
    releases.append(draft(releases, 1))
    other = releases.append(draft(releases, 7, "credit"))
    assert other.id == 1
    assert releases.last_id("churn") == 1


def test_of_two_drafts_of_the_same_moment_one_wins(state: State) -> None:
    releases = Releases(state)
    mine, theirs = draft(releases, 1), draft(releases, 2)
    releases.append(theirs)
    with pytest.raises(ReleaseError, match="Somebody else released churn meanwhile") as told:
        releases.append(mine)
    assert told.value.cure.endswith("mainstay history")
    assert [row.champion for row in releases.history("churn")] == [2]


def test_an_expectation_that_is_wrong_is_refused(state: State) -> None:
    releases = Releases(state)
    with pytest.raises(ReleaseError):
        releases.append(draft(releases, 1), expected=3)


def test_routes_that_lead_nowhere_are_never_written(state: State) -> None:
    releases = Releases(state)
    broken = Release(
        id=1, model="churn", kind="release", routes=(Route(1, "champion", 0.4),), at=NOON, by="me", reason="x"
    )
    with pytest.raises(ReleaseError, match="add up to 1"):
        releases.append(broken)
    assert releases.last_id("churn") == 0


RACE = """
import datetime as dt, sys
from pathlib import Path
from mainstay.errors import ReleaseError
from mainstay.release import Releases, propose_release
from mainstay.state import open_state
releases = Releases(open_state(Path(sys.argv[1])))
me = int(sys.argv[2])
won = 0
for _ in range(10):
    history = releases.history("churn")
    if history and history[-1].champion == me:
        continue
    try:
        releases.append(propose_release(history, "churn", me, at=dt.datetime.now(dt.UTC), by=str(me), reason="race"))
        won += 1
    except ReleaseError:
        pass
print(won)
"""


def test_of_racing_processes_each_release_has_one_winner(state: State, tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path), str(me)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for me in (1, 2, 3)
    ]
    done = [racer.communicate() for racer in racers]
    assert [err for _, err in done] == ["", "", ""]
    history = Releases(state).history("churn")
    assert [row.id for row in history] == list(range(1, len(history) + 1))
    assert len(history) == sum(int(out) for out, _ in done)
    for me in (1, 2, 3):
        assert sum(row.by == str(me) for row in history) == int(done[me - 1][0])
