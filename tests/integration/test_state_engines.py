"""The books on either engine: the same transactions, the same sentences, the same winners."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError, LockedError, ReleaseError, StoreError
from mainstay.release import Approvals, Approved, Release, Releases, propose_release
from mainstay.state import SCHEMA, State, acquire, lease_of, open_state, release
from mainstay.state.schema import Migration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import Postgres

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
ONE_LEASE = sa.text("INSERT INTO leases VALUES ('a', 'me', 1, 'soon')")
COUNT = sa.text("SELECT count(*) FROM leases")
NEXT = Migration(len(SCHEMA) + 1, "next", "CREATE TABLE next (a INTEGER);\nALTER TABLE leases ADD COLUMN b TEXT;")


@pytest.fixture
def state(place: str, tmp_path: Path) -> Iterator[State]:
    opened = open_state(place, books=tmp_path, patience=0.3)
    yield opened
    opened.close()


def test_an_exception_takes_the_whole_transaction_back(state: State) -> None:
    def write_and_fail() -> None:
        with state.begin() as connection:
            connection.execute(ONE_LEASE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with state.read() as connection:
        assert connection.execute(COUNT).scalar() == 0


def test_a_reader_sees_one_moment_and_does_not_wait_for_a_writer(state: State) -> None:
    with state.read() as reader:
        assert reader.execute(COUNT).scalar() == 0
        with state.begin() as writer:
            writer.execute(ONE_LEASE)
        assert reader.execute(COUNT).scalar() == 0
    with state.read() as reader:
        assert reader.execute(COUNT).scalar() == 1


def test_one_writer_at_a_time_and_the_other_is_told(state: State, place: str, tmp_path: Path) -> None:
    other = open_state(place, books=tmp_path, patience=0.3)
    with state.begin() as connection:
        connection.execute(ONE_LEASE)
        with pytest.raises(LockedError, match="Another process holds the registry"), other.begin():
            pytest.fail("the lock was held")
    with other.begin() as connection:
        assert connection.execute(COUNT).scalar() == 1
    other.close()


def test_threads_share_a_state_and_each_sees_what_the_one_before_wrote(place: str, tmp_path: Path) -> None:
    state = open_state(place, books=tmp_path)

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


def test_leases_change_hands_with_a_greater_token(state: State) -> None:
    assert acquire(state, "controller", "one", MINUTE, NOON) == 1
    assert acquire(state, "controller", "two", MINUTE, NOON + MINUTE / 2) is None
    assert acquire(state, "controller", "two", MINUTE, NOON + MINUTE) == 2
    release(state, "controller", "one", NOON)
    held = lease_of(state, "controller")
    assert held is not None
    assert (held.owner, held.token, held.expires) == ("two", 2, NOON + 2 * MINUTE)


def test_of_many_who_want_a_lease_one_gets_it(place: str, tmp_path: Path) -> None:
    state = open_state(place, books=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda owner: acquire(state, "a", str(owner), MINUTE, NOON), range(8)))
    state.close()
    assert sorted(tokens, key=str) == [1, *[None] * 7]


def test_approvals_are_kept_and_belong_to_a_version(state: State) -> None:
    approved = Approved(model="churn", number=1, at=NOON, by="Zoë", reason="looks  fine")
    with pytest.raises(sa.exc.IntegrityError):
        Approvals(state).add(approved)
    with state.begin() as connection:
        connection.execute(_A_VERSION)
    Approvals(state).add(approved)
    assert [one.reason for one in Approvals(state).of("churn", 1)] == ["looks fine"]
    with pytest.raises(ReleaseError, match="has approved version 1 already"):
        Approvals(state).add(approved)


_A_VERSION = sa.text(
    "INSERT INTO versions (model, number, created, author, digest, data_fingerprint, git_commit, dirty, candidate,"
    " data_size) VALUES ('churn', 1, 'now', 'me', 'd', 'f', '', 0, 'linear', 5000000000)"
)


def test_texts_are_sorted_by_their_bytes_and_numbers_may_be_great(state: State) -> None:
    names = ["a", "B", "_", "Z", "ä", "z", "0"]
    with state.begin() as connection:
        connection.execute(_A_VERSION)
        for name in names:
            connection.execute(sa.text("INSERT INTO leases VALUES (:name, 'me', 1, 'soon')"), {"name": name})
    with state.read() as connection:
        assert connection.execute(sa.text("SELECT name FROM leases ORDER BY name")).scalars().all() == sorted(names)
        assert connection.execute(sa.text("SELECT data_size FROM versions")).scalar() == 5_000_000_000


RACE = """
import datetime as dt, sys, time
from pathlib import Path
from mainstay.errors import ReleaseError
from mainstay.release import Releases, propose_release
from mainstay.state import open_state
place, books, me = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
releases = Releases(open_state(place, books=books))
print("ready", flush=True)
input()
won = []
for turn in range(50):
    while releases.last_id("churn") < turn:
        time.sleep(0.001)
    history = releases.history("churn")[:turn]
    draft = propose_release(history, "churn", 2 * turn + me, at=dt.datetime.now(dt.UTC), by=str(me), reason="race")
    try:
        releases.append(draft)
        won.append(turn + 1)
    except ReleaseError:
        pass
print(*won)
"""


def test_of_two_machines_that_release_at_once_fifty_times_one_wins_each(
    state: State, place: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", RACE, place, str(tmp_path)]
    racers = [
        subprocess.Popen(
            [*words, str(me)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for me in (1, 2)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    done = [racer.communicate() for racer in racers]
    assert [err for _, err in done] == ["", ""]
    won = [{int(word) for word in out.split()} for out, _ in done]
    history = Releases(state).history("churn")
    assert [row.id for row in history] == list(range(1, 51))
    assert won[0] | won[1] == set(range(1, 51))
    assert not won[0] & won[1]
    for row in history:
        assert row.id in won[int(row.by) - 1]


def test_every_earlier_schema_is_brought_forward_with_a_backup_before_each_step(place: str, tmp_path: Path) -> None:
    open_state(place, books=tmp_path / "books", migrations=SCHEMA[:2]).close()
    state = open_state(place, books=tmp_path / "books")
    backups = sorted((tmp_path / "books" / "backups").iterdir(), key=lambda file: file.name)
    assert [file.name.split("-2")[0] for file in backups] == [
        f"registry-before-{step:04d}" for step in range(3, len(SCHEMA) + 1)
    ]
    with state.begin() as connection:
        connection.execute(ONE_LEASE)
    assert state.damages() == ()
    state.close()


def test_a_migration_that_fails_changes_nothing(place: str, tmp_path: Path) -> None:
    open_state(place, books=tmp_path / "books").close()
    broken = Migration(NEXT.number, "broken", "CREATE TABLE next (a INTEGER);\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(CorruptError, match="nowhere"):
        open_state(place, books=tmp_path / "books", migrations=(*SCHEMA, broken))
    state = open_state(place, books=tmp_path / "books")
    with state.read() as connection:
        assert "next" not in state.tables(connection)
    state.close()


def test_a_newer_schema_than_this_code_knows_is_refused(place: str, tmp_path: Path) -> None:
    open_state(place, books=tmp_path / "books", migrations=(*SCHEMA, NEXT)).close()
    with pytest.raises(StoreError, match="written by a newer mainstay") as told:
        open_state(place, books=tmp_path / "books")
    assert "secret" not in str(told.value)


def test_one_that_must_be_there_is_not_made(place: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"The registry .* is (gone|empty)"):
        open_state(place, books=tmp_path, lost=lambda: True)
    open_state(place, books=tmp_path).close()
    open_state(place, books=tmp_path, lost=lambda: True).close()


def test_many_processes_may_make_it_at_once(place: str, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mainstay.state import open_state; "
        "open_state(sys.argv[1], books=Path(sys.argv[2]))"
    )
    words = [sys.executable, "-c", script, place, str(tmp_path)]
    makers = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [maker.communicate()[1] for maker in makers] == [""] * 3


def once_it_answers(releases: Releases) -> tuple[Release, ...]:
    """Read the history as soon as the server has recovered from its crash."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return releases.history("churn")
        except StoreError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_server_that_is_killed_leaves_nothing_half_and_is_found_again(
    mortal_postgres: Postgres, tmp_path: Path
) -> None:
    with mortal_postgres.running():
        state = open_state(mortal_postgres.address, books=tmp_path, patience=0.5)
        releases = Releases(state)
        first = releases.append(propose_release([], "churn", 1, at=NOON, by="me", reason="x"))

        def die_in_the_middle() -> None:
            with state.begin() as connection:
                connection.execute(ONE_LEASE)
                mortal_postgres.kill()
                connection.execute(ONE_LEASE)

        with pytest.raises(StoreError, match=r"The registry 127\.0\.0\.1:\d+/postgres can't be reached") as told:
            die_in_the_middle()
        assert "MAINSTAY_STATE" in told.value.cure
    before = time.monotonic()
    with pytest.raises(StoreError, match="can't be reached") as told:
        releases.last_id("churn")
    with pytest.raises(StoreError, match="can't be reached"):
        open_state(mortal_postgres.address, books=tmp_path)
    assert time.monotonic() - before < 8
    assert "secret" not in str(told.value)
    with mortal_postgres.running():
        assert once_it_answers(releases) == (first,)
        with state.read() as connection:
            assert connection.execute(COUNT).scalar() == 0
        assert releases.append(propose_release([first], "churn", 2, at=NOON, by="me", reason="x")).id == 2
        state.close()


def test_a_server_that_dies_at_the_commit_is_told_as_what_nobody_knows(
    mortal_postgres: Postgres, tmp_path: Path
) -> None:
    with mortal_postgres.running():
        state = open_state(mortal_postgres.address, books=tmp_path)
        with pytest.raises(StoreError, match="nobody can say whether it did"), state.begin():
            mortal_postgres.kill()
        state.close()
