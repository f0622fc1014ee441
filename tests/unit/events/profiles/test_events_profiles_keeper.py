"""What makes which slice dirty; what a crash leaves; what sampling does to counts."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.contract import Category, Contract, Integer, profile_rows
from mainstay.contract.personal import Personal
from mainstay.events import EventLog, Feedback, Prediction, Refusal, encode_events
from mainstay.events.persons import FILE, EmbeddedPersons
from mainstay.events.persons.shared import SharedPersons
from mainstay.events.profiles import Lens, Profiles, View, merge_cells
from mainstay.events.profiles.clock import slice_of
from mainstay.events.sealing import seal
from mainstay.events.table.shipping import ship
from mainstay.models.task import Task
from mainstay.state import open_state

if TYPE_CHECKING:
    from mainstay.events.profiles import Cell, Profile

CONTRACT = Contract((Integer(name="tenure", min=0, max=100), Category(name="plan", values=("a", "b"))))
TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")
START = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)
END = START + dt.timedelta(hours=5)
FIRST = slice_of(START)


def make_lens(mark: str = "one") -> Lens:
    view = View(CONTRACT, profile_rows(CONTRACT, np.column_stack([np.arange(100.0), np.arange(100.0) % 2])))
    return Lens("m", CONTRACT, TASK, {1: view}.get, version=1, segments=("plan",), mark=mark)


def name_at(minutes: float, tail: int) -> str:
    digits = f"{int((START.timestamp() + 60 * minutes) * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{tail:012x}"


def answer(minutes: float, tail: int = 0, **changes: object) -> Prediction:
    plain: dict[str, object] = {
        "id": name_at(minutes, tail),
        "at": START + dt.timedelta(minutes=minutes),
        "model": "m",
        "version": 1,
        "role": "champion",
        "score": 0.25,
        "prediction": "No",
        "decision": "none",
        "features": {"tenure": 30, "plan": "a"},
        "duration": 2_000_000,
    }
    return Prediction(**(plain | changes))  # type: ignore[arg-type]


def outcome(name: str, label: str = "Yes", hours: float = 0.0) -> Feedback:
    at = START + dt.timedelta(hours=hours)
    return Feedback(id=name, event=name_at(0, 7), model="m", received=at, at=at, label=label)


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    """Four hours, ten answers in each, in a file per hour."""
    log = EventLog(tmp_path / "events")
    for hour in range(4):
        writer = log.writer("predictions", f"h{hour}")
        writer.append(encode_events([answer(60 * hour + minute, minute) for minute in range(5, 55, 5)]))
        writer.close()
    return log


def fresh(log: EventLog, mark: str = "one") -> Profiles:
    profiles = Profiles(log, make_lens(mark))
    assert profiles.refresh()
    return profiles


def computed(log: EventLog) -> list[int]:
    return [place - FIRST for place in fresh(log).computed]


def whole(profile: Profile) -> Cell:
    return merge_cells([row.cell for row in profile.whole()])


def test_nothing_new_computes_nothing(log: EventLog) -> None:
    assert computed(log) == [0, 1, 2, 3]
    assert computed(log) == []


def test_new_answers_touch_their_own_slice_alone(log: EventLog) -> None:
    fresh(log)
    log.append("predictions", [answer(90, 99), answer(210, 98)])  # late ones, in one file
    assert computed(log) == [1, 3]
    log.append("predictions", [answer(91, 97)])
    assert computed(log) == [1]


def test_feedback_touches_the_slices_of_the_answers_it_names(log: EventLog) -> None:
    fresh(log)
    log.append("feedback", [outcome(name_at(125, 5), hours=4)])
    assert computed(log) == [2]
    log.append("feedback", [outcome(name_at(125, 5), "No", hours=4.5)])  # corrected
    assert computed(log) == [2]
    assert whole(fresh(log).window(START, END)).labelled.lines == 1
    log.append("feedback", [outcome("nobody knows")])
    assert computed(log) == []


def test_refusals_touch_their_hour(log: EventLog) -> None:
    fresh(log)
    at = START + dt.timedelta(minutes=70)
    log.append("refusals", [Refusal(id="r", at=at, model="m", status=422, cause="fields")])
    assert computed(log) == [1]
    assert whole(fresh(log).window(START, END)).refused == 1


def test_a_file_written_anew_touches_what_was_in_it(log: EventLog) -> None:
    fresh(log)
    path = log.segments("predictions")[1]
    half = path.read_bytes().splitlines(keepends=True)[:5]
    beside = path.with_name("beside")
    beside.write_bytes(b"".join(half))  # as erasing somebody does
    beside.replace(path)
    assert computed(log) == [1]
    assert whole(fresh(log).window(START, END)).answers.lines == 35


def test_a_file_that_went_takes_its_answers_along(log: EventLog) -> None:
    before = fresh(log).window(START, END)
    path = log.segments("predictions")[2]
    kept = path.read_bytes()
    path.unlink()
    profiles = fresh(log)
    assert profiles.computed == ()
    assert whole(profiles.window(START, END)).answers.lines == 30
    path.write_bytes(kept)
    assert fresh(log).window(START, END) == before


def test_deleting_the_store_loses_nothing(log: EventLog) -> None:
    before = fresh(log).window(START, END)
    shutil.rmtree(log.root / "profiles")
    assert computed(log) == [0, 1, 2, 3]
    assert fresh(log).window(START, END) == before


def test_another_lens_makes_all_anew(log: EventLog) -> None:
    fresh(log)
    assert len(fresh(log, "two").computed) == 4


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"form":99,"slices":{},"total":{}}', b"\xff\xfe"])
def test_damaged_files_are_made_anew(log: EventLog, damage: bytes) -> None:
    before = fresh(log).window(START, END)
    for path in (log.root / "profiles").iterdir():
        path.write_bytes(damage)
    assert fresh(log).window(START, END) == before


def test_a_kill_while_storing_leaves_what_was_stored_before_or_after(log: EventLog) -> None:
    before = fresh(log).window(START, END)
    log.append("predictions", [answer(90, 99)])
    log.close()
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_events_profiles_keeper as here\n"
        "from mainstay.events import EventLog\n"
        "Path.replace = lambda self, to: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"here.Profiles(EventLog(Path({str(log.root)!r})), here.make_lens()).refresh()\n"
    )
    died = subprocess.run([sys.executable, "-c", code], check=False)
    assert died.returncode == -9
    found = fresh(log).window(START, END)
    assert whole(found).answers.lines == whole(before).answers.lines + 1


def test_where_nothing_can_be_kept_all_is_computed(log: EventLog) -> None:
    before = fresh(log).window(START, END)
    shutil.rmtree(log.root / "profiles")
    (log.root / "profiles").write_text("in the way")
    assert fresh(log).window(START, END) == before


def test_an_answer_stands_for_as_many_as_it_was_drawn_from(log: EventLog) -> None:
    log.append("predictions", [answer(230, 60 + i, sampled=0.1, degraded=True, score=0.75) for i in range(3)])
    cell = whole(fresh(log).window(START, END))
    assert (cell.answers.lines, cell.answers.answers) == (43, 70.0)
    assert cell.degraded.answers == 30.0
    assert cell.score.mean == pytest.approx((40 * 0.25 + 30 * 0.75) / 70)
    assert sum(cell.latency.values()) == 70_000_000


def test_a_number_of_answers_finds_its_moment(log: EventLog) -> None:
    profiles = fresh(log)
    times = [START + dt.timedelta(minutes=60 * hour + minute) for hour in range(4) for minute in range(5, 55, 5)]
    for n in (1, 9, 10, 11, 25, 40):
        assert profiles.newest(n, END) == times[-n]
        assert profiles.oldest(n, START) == times[n - 1]
    assert profiles.newest(41, END) is None
    assert profiles.oldest(41, START) is None
    assert profiles.newest(3, START + dt.timedelta(minutes=100)) == times[14]
    assert profiles.oldest(3, START + dt.timedelta(minutes=100)) == times[19]
    assert profiles.span() == (times[0], times[-1])


def test_what_is_affordable_is_the_newest(log: EventLog) -> None:
    profiles = Profiles(log, make_lens())
    assert not profiles.refresh(most=25)
    assert [place - FIRST for place in profiles.computed] == [2, 3]
    assert whole(profiles.window(START, END)).answers.lines == 20
    assert not profiles.refresh(most=10)
    assert profiles.refresh(most=10)
    assert whole(profiles.window(START, END)).answers.lines == 40


def test_shipping_changes_nothing_and_makes_nothing_dirty(log: EventLog) -> None:
    log.append("feedback", [outcome(name_at(125, 5), hours=4)])
    log.close()
    before = fresh(log).window(START, END)
    shipped = ship(log, contract_of=lambda _: CONTRACT)
    assert shipped.rows == 41
    for path in (*log.segments("predictions"), *log.segments("feedback")):
        path.unlink()
    assert computed(log) == []
    assert fresh(log).window(START, END) == before
    cut = START + dt.timedelta(minutes=20), END - dt.timedelta(minutes=80)
    assert whole(fresh(log).window(*cut)).answers.lines == 34
    log.append("feedback", [outcome(name_at(5, 5), hours=5)])
    assert computed(log) == [0]
    shutil.rmtree(log.root / "profiles")
    assert whole(fresh(log).window(START, END)).labelled.lines == 2


def test_lines_that_moved_to_another_file_are_the_same_lines(log: EventLog) -> None:
    fresh(log)
    first, second, *_ = log.segments("predictions")
    first.write_bytes(first.read_bytes() + second.read_bytes())
    second.unlink()
    assert computed(log) == []


class SharedLog(EventLog):
    """A log of a machine that shares the keys of its persons with others."""

    @property
    def persons(self) -> SharedPersons:
        books = self.root.parent
        return SharedPersons(open_state(books / "shared"), "m", EmbeddedPersons(books / FILE))


def test_a_key_that_another_machine_destroyed_leaves_no_count(tmp_path: Path) -> None:
    log = SharedLog(tmp_path / "events")
    sealed = seal(
        [answer(5 + place, place, entity=f"{place:032x}") for place in range(3)],
        Personal(frozenset({"tenure"})),
        log.persons,
    )
    log.append("predictions", sealed)
    log.close()
    profiles = Profiles(log, make_lens())
    profiles.refresh()
    assert tenures(profiles.window(START, END)) == (3, 0)
    profiles.refresh()
    assert list(profiles.computed) == []
    log.persons.destroy([f"{1:032x}"])
    profiles.refresh()
    assert list(profiles.computed) == [FIRST]
    assert tenures(profiles.window(START, END)) == (2, 1)


def tenures(profile: Profile) -> tuple[int, int]:
    """Say of how many answers the tenure is known, and of how many it isn't."""
    spread = merge_cells(row.cell for row in profile.whole()).spreads["tenure"]
    return sum(spread.counts), spread.missing
