from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.arms import Crash, Crashes, Recorder, barred
from mainstay.serving.arms import recorder as module
from mainstay.serving.arms.crashes import ANSWERING, LOADING, PAUSE, WITHIN, pausing

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
RELEASE = 7
DIES = """
import os, sys
from pathlib import Path
from mainstay.serving.arms.recorder import Recorder
folder, release, *hands = sys.argv[1:]
for hand in hands:
    child = os.fork()
    if child == 0:
        recorder = Recorder(Path(folder))
        recorder.takes_up(int(release))
        loading, asked = hand.split("/")
        recorder.loads(int(loading))
        recorder.asking[0] = int(asked)
        os._exit(139)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 139
"""


def die(folder: Path, *hands: str) -> None:
    """Let real processes end in the middle of it: ``"3/0"`` while version 3 is loaded, ``"0/4"`` while 4 is asked."""
    subprocess.run([sys.executable, "-c", DIES, str(folder), str(RELEASE), *hands], check=True)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now


def test_what_a_dead_worker_had_in_its_hands_is_found_once(tmp_path: Path) -> None:
    crashes, others = Crashes(tmp_path, Clock()), Crashes(tmp_path)
    die(tmp_path, "3/0", "0/4", "0/0")
    found = crashes.gather()
    assert sorted((each.version, each.kind) for each in found) == [(3, "loading"), (4, "answering")]
    assert {(each.release, each.at) for each in found} == {(RELEASE, START)}
    assert sorted(map(str, others.gather())) == sorted(map(str, found))
    assert not list(tmp_path.glob("*.worker"))


def test_a_living_worker_is_none_of_the_dead_and_one_that_leaves_in_order_neither(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.loads(3)
    assert Crashes(tmp_path).gather() == ()
    assert len(list(tmp_path.glob("*.worker"))) == 1
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_lost_its_power_accuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die(tmp_path, "3/0")
    monkeypatch.setattr(module, "boot", lambda: 12345)
    assert Crashes(tmp_path).gather() == ()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file" / "folder")
    recorder.loads(3)
    recorder.asking[0] = 3
    crashes = Crashes(tmp_path / "file" / "folder")
    assert crashes.gather() == ()
    with crashes.turn(RELEASE) as mine:
        assert mine
    recorder.close()


@pytest.mark.parametrize("junk", [b"", b"{", b"\x00" * 100, b'{"version":1}'])
def test_a_damaged_file_is_nobodys_crash(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "a.crash").write_bytes(junk)
    (tmp_path / "b.worker").write_bytes(junk)
    assert Crashes(tmp_path).gather() == ()


def _crashes(kind: str, *seconds: float, version: int = 3, release: int = RELEASE) -> list[Crash]:
    return [Crash(version, release, kind, START + dt.timedelta(seconds=second)) for second in seconds]  # type: ignore[arg-type]


def test_one_crash_bars_nothing_and_the_second_while_loading_does() -> None:
    assert not barred(_crashes("loading", 0), 3, RELEASE)
    assert "while it was loaded" in barred(_crashes("loading", 0, 86_400), 3, RELEASE)
    assert LOADING == 2


def test_crashes_while_answering_count_within_a_minute() -> None:
    assert not barred(_crashes("answering", 0, 1), 3, RELEASE)
    assert not barred(_crashes("answering", 0, 59, 61, 120.5), 3, RELEASE)
    assert "while it answered" in barred(_crashes("answering", 500, 0, 200, 501, 502), 3, RELEASE)
    assert ANSWERING == 3
    assert WITHIN.total_seconds() == 60


def test_another_version_and_another_release_are_tried() -> None:
    found = _crashes("loading", 0, 0)
    assert not barred(found, 4, RELEASE)
    assert not barred(found, 3, RELEASE + 1)


def test_a_version_that_crashed_a_moment_ago_waits_for_its_second_try() -> None:
    found = _crashes("loading", 0)
    assert pausing(found, 3, RELEASE, START + PAUSE / 2)
    assert not pausing(found, 3, RELEASE, START + PAUSE)
    assert not pausing(found, 4, RELEASE, START)


def test_one_worker_goes_first_and_all_may_follow(tmp_path: Path) -> None:
    one, two = Crashes(tmp_path), Crashes(tmp_path)
    with one.turn(RELEASE) as mine, two.turn(RELEASE) as theirs:
        assert (mine, theirs) == (True, False)
        one.proved(RELEASE)
        with two.turn(RELEASE) as after:
            assert after
    with one.turn(RELEASE + 1) as mine, two.turn(RELEASE + 1) as theirs:
        assert (mine, theirs) == (True, False)
    with two.turn(RELEASE + 1) as theirs:
        assert theirs


def test_what_was_loaded_since_is_forgiven_and_other_releases_are_forgotten(tmp_path: Path) -> None:
    crashes = Crashes(tmp_path)
    die(tmp_path, "3/0", "0/3")
    crashes.gather()
    crashes.forgive(3, RELEASE)
    assert [each.kind for each in crashes.known()] == ["answering"]
    crashes.proved(RELEASE)
    crashes.forget(RELEASE)
    assert len(crashes.known()) == 1
    crashes.forget(RELEASE + 1)
    assert crashes.known() == ()
    assert not list(tmp_path.glob("*.proved"))
