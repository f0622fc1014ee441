from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError
from mainstay.state import State, copies, open_state
from mainstay.state.copies import BACKUPS, first_damage, keep_recent, newest_copy
from mainstay.state.sqlite import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE_LEASE = sa.text("INSERT INTO leases VALUES (:name, 'me', 1, 'soon')")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path)
    yield opened
    opened.close()


def lease(state: State, name: str) -> None:
    with state.begin() as connection:
        connection.execute(ONE_LEASE, {"name": name})


def leases(copy: Path) -> list[str]:
    with closing(sqlite3.connect(copy)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM leases ORDER BY name")]


def test_the_newest_five_are_kept_and_only_this_user_may_read_them(state: State, tmp_path: Path) -> None:
    asked = state.back_up()
    for name in "abcdefg":
        lease(state, name)
        state.keep_recent()
    kept = sorted((tmp_path / BACKUPS).glob("registry-recent-*.sqlite"))
    assert [leases(copy) for copy in kept] == [list("abcdefg"[:count]) for count in (3, 4, 5, 6, 7)]
    assert {stat.S_IMODE(copy.stat().st_mode) for copy in kept} == {0o600}
    assert asked.exists()
    assert newest_copy(tmp_path / FILE) == kept[-1]
    assert not list((tmp_path / BACKUPS).glob("*.tmp*"))


def test_a_great_one_is_not_copied_again_within_the_moment(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease(state, "a")
    monkeypatch.setattr(copies, "_USUAL", 1024)
    first = keep_recent(tmp_path / FILE)
    assert first is not None
    assert keep_recent(tmp_path / FILE) is None
    os.utime(first, (0, time.time() - 3600))
    assert keep_recent(tmp_path / FILE) is not None


def test_a_great_one_is_copied_while_its_writer_goes_on(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_USUAL", 1024)
    lease(state, "a")
    before = set(threading.enumerate())
    state.keep_recent()
    for thread in set(threading.enumerate()) - before:
        assert not thread.daemon
        thread.join()
    (copy,) = (tmp_path / BACKUPS).iterdir()
    assert leases(copy) == ["a"]


def test_one_that_is_gone_is_not_made_by_copying_it(
    state: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state.close()
    for file in tmp_path.glob(f"{FILE}*"):
        file.unlink()
    state.keep_recent()
    assert "No copy of the registry was kept" in caplog.text
    assert not (tmp_path / FILE).exists()


def test_a_copy_that_can_not_be_written_is_told_and_fails_nothing(
    state: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / BACKUPS).write_text("in the way")
    lease(state, "a")
    state.keep_recent()
    assert "No copy of the registry was kept" in caplog.text


def test_a_damaged_one_drives_no_sound_copy_out(state: State, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lease(state, "a")
    state.keep_recent()
    (before,) = (tmp_path / BACKUPS).iterdir()
    state.close()
    garble(tmp_path / FILE)
    for _ in range(7):
        state.keep_recent()
    assert "is damaged" in caplog.text
    assert list((tmp_path / BACKUPS).iterdir()) == [before]


def test_a_damaged_page_is_told_at_opening_with_the_newest_copy(state: State, tmp_path: Path) -> None:
    lease(state, "a")
    state.keep_recent()
    state.close()
    garble(tmp_path / FILE)
    with pytest.raises(CorruptError, match="is damaged") as told:
        open_state(tmp_path)
    assert f"{newest_copy(tmp_path / FILE)}: mainstay admin restore" in told.value.cure


def test_a_sound_one_has_no_first_damage(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        assert first_damage(connection) == ""


def garble(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(-4096, os.SEEK_END)
        opened.write(b"\xff" * 4096)
