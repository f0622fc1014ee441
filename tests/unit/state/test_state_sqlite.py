from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError, LockedError, SetupError, StoreError
from mainstay.state import State, open_state
from mainstay.state.sqlite import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_LEASE = sa.text("INSERT INTO leases VALUES ('a', 'me', 1, 'soon')")
COUNT = sa.text("SELECT count(*) FROM leases")


@pytest.fixture
def books(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / ".mainstay"


@pytest.fixture
def state(books: Path) -> Iterator[State]:
    opened = open_state(books, patience=0.2)
    yield opened
    opened.close()


def test_only_this_user_may_read_what_was_made(state: State, books: Path) -> None:
    with state.begin() as connection:
        connection.execute(ONE_LEASE)
    assert stat.S_IMODE(books.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in books.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert FILE in modes


def test_nothing_half_made_is_left_beside_it(books: Path) -> None:
    open_state(books).close()
    assert [file.name for file in books.iterdir()] == [FILE]


def test_a_lock_held_by_another_process_is_told_in_a_sentence(state: State, books: Path) -> None:
    script = (
        f"import sqlite3; held = sqlite3.connect({str(books / FILE)!r}); held.execute('BEGIN EXCLUSIVE'); "
        "print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with state.read() as connection:
            assert connection.execute(COUNT).scalar() == 0
        with pytest.raises(LockedError, match="Another process holds the registry") as told, state.begin():
            pytest.fail("the lock was held")
        assert "fuser" in told.value.cure
        assert told.value.exit_code == 2
        holder.communicate("\n")
    with state.begin() as connection:
        connection.execute(ONE_LEASE)


def test_a_lock_without_wal_is_told_at_opening(books: Path) -> None:
    open_state(books).close()
    with closing(sqlite3.connect(books / FILE, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LockedError):
            open_state(books, patience=0.1)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 400, b"\x00" * 8192])
def test_a_file_that_is_no_database_is_told_and_left_alone(books: Path, content: bytes) -> None:
    books.mkdir(parents=True)
    (books / FILE).write_bytes(content)
    with pytest.raises(CorruptError) as told:
        open_state(books)
    assert str(books / FILE) in told.value.message
    assert told.value.cure
    assert (books / FILE).read_bytes() == content


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.2, 0.01])
def test_a_truncated_database_is_told(books: Path, keep: float) -> None:
    open_state(books).close()
    size = (books / FILE).stat().st_size
    os.truncate(books / FILE, int(size * keep))
    with pytest.raises(CorruptError, match="damaged"):
        open_state(books)


def test_a_garbled_header_is_told(books: Path) -> None:
    open_state(books).close()
    with (books / FILE).open("r+b") as file:
        file.write(os.urandom(16))
    with pytest.raises(CorruptError, match=r"move registry\.sqlite\* away"):
        open_state(books)


def test_a_garbled_page_is_found_by_looking_at_every_page(state: State, books: Path) -> None:
    with state.begin() as connection:
        connection.execute(ONE_LEASE)
    assert state.damages() == ()
    state.close()
    with (books / FILE).open("r+b") as file:
        file.seek(-4096, os.SEEK_END)
        file.write(b"\xff" * 4096)
    assert state.damages()


def test_a_table_that_somebody_dropped_is_told(state: State) -> None:
    with state.begin() as connection:
        connection.execute(sa.text("DROP TABLE leases"))
    with pytest.raises(CorruptError, match="lacks something it once had: no such table: leases"), state.read() as one:
        one.execute(COUNT)


def test_a_folder_in_its_place_is_told(books: Path) -> None:
    (books / FILE).mkdir(parents=True)
    with pytest.raises(StoreError):
        open_state(books)


def test_a_file_where_the_folder_should_be_is_told(books: Path) -> None:
    books.parent.mkdir()
    books.write_text("")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        open_state(books)


def test_another_engine_is_refused_without_showing_its_password() -> None:
    with pytest.raises(SetupError, match="Unset MAINSTAY_STATE") as told:
        open_state("mysql://me:secret@host/db")
    assert "secret" not in str(told.value)


def test_an_address_of_a_file_works(books: Path) -> None:
    state = open_state(f"sqlite:///{books}/elsewhere.sqlite")
    assert (books / "elsewhere.sqlite").is_file()
    state.close()


AS_NOBODY = """
import os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from mainstay.state import open_state
from mainstay.errors import StoreError
import sqlalchemy as sa
import sqlalchemy.dialects.sqlite.pysqlite
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    state = open_state(Path({books!r}))
    with state.begin() as connection:
        connection.execute(sa.text("DELETE FROM leases"))
except StoreError as error:
    print(type(error).__name__, error.exit_code, error)
"""


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """Make a folder that another user can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        yield home
        for folder in (home, home / ".mainstay"):
            folder.chmod(0o700)


@pytest.mark.parametrize(
    ("closed", "made", "said"),
    [
        (".mainstay", True, "StoreError 2 The registry"),
        (".mainstay", False, "StoreError 2 The registry"),
        (".", True, "StoreError 2 The folder"),
    ],
)
def test_a_folder_this_user_may_not_write_or_enter_is_told(
    everybodys: Path, closed: str, made: bool, said: str
) -> None:
    books = everybodys / ".mainstay"
    books.mkdir(mode=0o755)
    if made:
        open_state(books).close()
        (books / FILE).chmod(0o444)
    (everybodys / closed).chmod(0o555 if closed == ".mainstay" else 0o000)
    script = AS_NOBODY.format(paths=sys.path, books=str(books))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith(said)
    assert "this user the right to" in done.stdout


def test_a_registry_put_back_from_a_backup_is_seen_by_who_reads_on(state: State, books: Path) -> None:
    saved = state.back_up()
    with state.begin() as connection:
        connection.execute(ONE_LEASE)
    for file in books.glob(f"{FILE}*"):
        file.unlink()
    with pytest.raises(StoreError, match="is gone") as told, state.read():
        pytest.fail("nothing is there")
    assert told.value.cure == f"Bring back the newest backup, {saved}: mainstay admin restore"
    saved.rename(books / FILE)
    with state.read() as connection:
        assert connection.execute(COUNT).scalar() == 0


def test_a_registry_that_is_gone_is_not_made_anew_beside_its_backups(state: State, books: Path) -> None:
    saved = state.back_up()
    state.close()
    for file in books.glob(f"{FILE}*"):
        file.unlink()
    with pytest.raises(StoreError, match="is gone") as told:
        open_state(books)
    assert str(saved) in told.value.cure
    assert not (books / FILE).exists()


def test_one_that_must_be_there_is_not_made(books: Path) -> None:
    with pytest.raises(StoreError, match="is gone"):
        open_state(books, lost=lambda: True)
    assert list(books.iterdir()) == []


def test_threads_share_a_state(books: Path) -> None:
    state = open_state(books)  # with the patience of production: six threads wait for one disk

    def add(number: int) -> None:
        for _ in range(5):
            with state.begin() as connection:
                old = connection.execute(sa.text("SELECT coalesce(max(token), 0) FROM leases")).scalar_one()
                row = {"name": f"{number}-{old}", "token": old + 1}
                connection.execute(sa.text("INSERT INTO leases VALUES (:name, 'me', :token, 'soon')"), row)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with state.read() as connection:
        tokens = connection.execute(sa.text("SELECT token FROM leases ORDER BY token")).scalars().all()
    state.close()
    assert tokens == list(range(1, 31))


def test_many_processes_may_make_it_at_once(books: Path) -> None:
    script = f"from pathlib import Path; from mainstay.state import open_state; open_state(Path({str(books)!r}))"
    makers = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [maker.communicate()[1] for maker in makers] == [""] * 4
    assert [maker.returncode for maker in makers] == [0] * 4


def test_what_a_killed_process_left_half_made_is_swept_once_it_is_old(books: Path) -> None:
    books.mkdir(parents=True)
    old, fresh = books / f".{FILE}.old.tmp", books / f".{FILE}.fresh.tmp"
    old.touch()
    fresh.touch()
    os.utime(old, (0, 0))
    open_state(books).close()
    assert not old.exists()
    assert fresh.exists()
