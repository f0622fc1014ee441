"""Machines that share a database share the keys of persons: one opens what another sealed, one erase is for all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.integration.test_events_erase import OTHER, PERSONAL, WHO, prediction
from tests.integration.test_serving_personal import CONTRACT, RECORD
from tests.servers import SECRET

from mainstay import lifecycle
from mainstay.contract import dumps
from mainstay.errors import StoreError
from mainstay.events import open_log, open_pseudonyms
from mainstay.events.erasing.idle import destroy_idle
from mainstay.events.persons import FILE, FRESH, EmbeddedPersons, Persons, open_persons
from mainstay.events.persons.shared import SharedPersons
from mainstay.events.read import read_predictions
from mainstay.events.sealing import seal
from mainstay.lifecycle.backups import back_up, restore
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project
from mainstay.state import dump, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers import Postgres

    from mainstay.project import Project

PEOPLE = [f"{number:032x}" for number in range(40)]
_MAKE = """
import sys
from pathlib import Path
from mainstay.events.persons import open_persons
persons = open_persons(Path(sys.argv[1]), "churn")
names = [f"{n:032x}" for n in range(40)]
for start in range(0, 40, 8):
    persons.keys(names[start:start + 8])
print("".join(key.hex() for _, key in sorted(persons.keys(names).items())))
"""


def before(books: Path) -> EmbeddedPersons:
    return EmbeddedPersons(books / FILE)


@pytest.fixture
def shared(place: str, tmp_path: Path) -> Iterator[Callable[[str], SharedPersons]]:
    """Open the keys of a model as another machine would; on each engine."""
    opened: list[SharedPersons] = []

    def make(model: str = "churn") -> SharedPersons:
        opened.append(SharedPersons(open_state(place, books=tmp_path), model, before(tmp_path)))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def test_what_one_machine_makes_another_finds_and_each_model_has_its_own(
    shared: Callable[[str], SharedPersons],
) -> None:
    here, there, other = shared("churn"), shared("churn"), shared("fraud")
    keys = here.keys(PEOPLE)
    assert there.keys(PEOPLE) == there.known(PEOPLE) == keys
    assert other.known(PEOPLE) == {}
    assert other.keys(PEOPLE[:1])[PEOPLE[0]] != keys[PEOPLE[0]]
    assert there.everybody() == PEOPLE
    there.put({PEOPLE[0]: b"1" * 32, "f" * 32: b"2" * 32})
    assert here.known([PEOPLE[0], "f" * 32]) == {PEOPLE[0]: keys[PEOPLE[0]], "f" * 32: b"2" * 32}
    assert there.destroy([PEOPLE[0], "a" * 32]) == 1
    assert other.known(PEOPLE) != {}


def test_keys_that_a_machine_had_before_open_seal_and_are_destroyed(
    shared: Callable[[str], SharedPersons], tmp_path: Path
) -> None:
    with closing(before(tmp_path)) as old:
        had = old.keys(PEOPLE[:3])
    persons = shared("churn")
    assert persons.known(PEOPLE) == had
    assert persons.everybody() == PEOPLE[:3]
    keys = persons.keys(PEOPLE[:4])
    assert {person: keys[person] for person in had} == had
    assert persons.destroy(PEOPLE[1:3]) == 2
    assert shared("churn").known(PEOPLE) == {person: keys[person] for person in (PEOPLE[0], PEOPLE[3])}
    with closing(before(tmp_path)) as old:
        assert old.everybody() == PEOPLE[:1]


def test_threads_that_make_keys_at_once_get_the_same(shared: Callable[[str], SharedPersons]) -> None:
    found: list[dict[str, bytes]] = []
    machines = [shared("churn") for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: found.append(one.keys(PEOPLE))) for one in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == found[:1] * 4


def test_another_machine_forgets_a_destroyed_key_within_a_second(shared: Callable[[str], SharedPersons]) -> None:
    here, there = shared("churn"), shared("churn")
    before = here.keys(PEOPLE[:2])
    there.destroy(PEOPLE[:1])
    assert until(lambda: here.keys(PEOPLE[:1])[PEOPLE[0]] != before[PEOPLE[0]], 20 * FRESH)
    assert here.keys(PEOPLE[1:2])[PEOPLE[1]] == before[PEOPLE[1]]


def test_keys_are_in_no_dump_and_in_a_copy_that_was_asked_for(
    place: str, shared: Callable[[str], SharedPersons], tmp_path: Path
) -> None:
    keys = shared("churn").keys(PEOPLE)
    with closing(open_state(place, books=tmp_path)) as state:
        header = dump(state, tmp_path / "dump")
    assert "persons" not in {table.name for table in header.tables}
    content = b"".join(path.read_bytes() for path in (tmp_path / "dump").iterdir())
    assert not [person for person, key in keys.items() if person.encode() in content or key.hex().encode() in content]
    shared("churn").back_up(tmp_path / "copy")
    with closing(EmbeddedPersons(tmp_path / "copy")) as copy:
        assert copy.known(PEOPLE) == keys
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


@pytest.fixture
def machines(
    postgres: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[Project, Project]:
    """Give the project on two machines: two folders of books, one database and one key for pseudonyms."""
    monkeypatch.setenv("MAINSTAY_STATE", f"{postgres}?schema=p_{abs(hash(request.node.name))}")
    (tmp_path / "entity.key").write_text("ab" * 32, encoding="ascii")
    monkeypatch.setenv("MAINSTAY_ENTITY_KEY", str(tmp_path / "entity.key"))
    here, there = (tiny_project(tmp_path / name) for name in ("here", "there"))
    for project in (here, there):
        (project.root / "contract.toml").write_text(dumps(CONTRACT), encoding="utf-8")
    return here, there


def write(project: Project, who: str) -> None:
    log = open_log(project)
    with closing(log.persons) as persons:
        log.append("predictions", seal([prediction(project, who)], PERSONAL, persons))
    log.close()


def carry(here: Project, there: Project) -> None:
    for path in open_log(here).segments("predictions"):
        carried = there.books / "events" / "predictions" / path.name
        carried.parent.mkdir(parents=True, exist_ok=True)
        carried.write_bytes(path.read_bytes())


def charges(project: Project) -> list[float | None]:
    frame = read_predictions(open_log(project), CONTRACT)
    found: list[float | None] = frame["f:charge"].to_list()
    return found


def test_processes_of_two_machines_make_the_same_keys(machines: tuple[Project, Project]) -> None:
    commands = [[sys.executable, "-c", _MAKE, str(project.books)] for project in machines]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) for command in commands]
    said = [one.communicate(timeout=60)[0] for one in running]
    assert len(set(said)) == 1
    assert len(said[0].strip()) == len(PEOPLE) * 64
    assert not any((project.books / FILE).exists() for project in machines)


def test_one_erase_destroys_the_key_for_every_machine(machines: tuple[Project, Project]) -> None:
    here, there = machines
    for who in (WHO, OTHER):
        write(here, who)
    # A segment that was carried over opens there: the key is no machine's own.
    carry(here, there)
    assert charges(here) == charges(there) == [29.85, 29.85]
    assert lifecycle.erase(here, WHO, by="anna").receipt.keys == 1
    assert charges(here) == [29.85]
    assert sorted(charges(there), key=str) == [29.85, None]
    done = lifecycle.erase(there, WHO, by="anna").receipt  # the lines there are that machine's own
    assert (done.keys, done.answers, done.left) == (0, 1, ())
    assert charges(there) == [29.85]


def test_servers_of_two_machines_seal_under_one_key_and_say_where_none_hashes(
    machines: tuple[Project, Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    monkeypatch.setenv("MAINSTAY_STORE", str(tmp_path / "store"))
    release_now(here, register_model(here, TINY_MODEL, contract=CONTRACT))
    with TestServer.start(here) as one, TestServer.start(there) as other:
        for server in (one, other):
            assert server.post("/models/churn/predict", RECORD).status == 200
        assert [server.terminate() for server in (one, other)] == [0, 0]
        assert "MAINSTAY_ENTITY_KEY" not in one.said()
    carry(here, there)
    frame = read_predictions(open_log(there), CONTRACT)
    assert frame["f:charge"].to_list() == [RECORD["charge"]] * 2
    with closing(open_persons(there.books, "churn")) as persons:
        assert persons.everybody() == frame["entity"].unique().to_list()
    monkeypatch.delenv("MAINSTAY_ENTITY_KEY")
    with TestServer.start(here) as alone:
        assert alone.terminate() == 0
        assert alone.said().count("no MAINSTAY_ENTITY_KEY is set") == 1


def test_keys_of_several_machines_stay_though_one_of_them_holds_nothing(machines: tuple[Project, Project]) -> None:
    here, there = machines
    write(here, WHO)
    assert destroy_idle(open_log(there)) == 0
    assert charges(here) == [29.85]


def test_a_backup_with_keys_brings_them_into_another_database(
    machines: tuple[Project, Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = machines
    write(here, WHO)
    hide = open_pseudonyms(here.books)
    back_up(here, tmp_path / "open.zip")
    back_up(here, tmp_path / "keys.zip", keys=True, events=True)
    monkeypatch.setenv("MAINSTAY_STATE", os.environ["MAINSTAY_STATE"] + "_new")
    for name, there in (("open.zip", False), ("keys.zip", True)):
        if there:
            monkeypatch.setenv("MAINSTAY_STATE", os.environ["MAINSTAY_STATE"] + "er")
        restore(tmp_path / name.removesuffix(".zip"), tmp_path / name)
        with closing(open_persons(tmp_path, here.name)) as persons:
            assert (persons.everybody() == [hide(WHO)]) is there
        assert not (tmp_path / name.removesuffix(".zip") / ".mainstay" / FILE).exists()


def test_no_byte_of_a_destroyed_key_is_left_in_the_files_of_its_table(
    mortal_postgres: Postgres, tmp_path: Path
) -> None:
    with mortal_postgres.running(), closing(open_state(mortal_postgres.address, books=tmp_path)) as state:
        persons = SharedPersons(state, "churn", before(tmp_path))
        keys = persons.keys(PEOPLE)
        _checkpoint(mortal_postgres.address)
        assert all(_held(mortal_postgres, PEOPLE[0], keys[PEOPLE[0]]))
        persons.destroy(PEOPLE[:20])
        _checkpoint(mortal_postgres.address)
        gone = {person: key for person, key in keys.items() if person in PEOPLE[:20]}
        assert not any(any(_held(mortal_postgres, *pair)) for pair in gone.items())
        assert all(_held(mortal_postgres, PEOPLE[30], keys[PEOPLE[30]]))


def _checkpoint(address: str) -> None:
    engine = sa.create_engine(address.replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def _held(server: Postgres, person: str, key: bytes) -> tuple[bool, bool]:
    content = b"".join(path.read_bytes() for path in (server.data / "base").rglob("*") if path.is_file())
    return person.encode() in content, key.hex().encode() in content


def test_known_people_go_on_being_sealed_while_the_database_is_away_and_nobody_new_is(
    mortal_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINSTAY_STATE", mortal_postgres.address)
    with closing(open_persons(tmp_path, "churn")) as persons:
        with mortal_postgres.running():
            key = persons.keys(PEOPLE[:1])
        time.sleep(FRESH)
        assert persons.keys(PEOPLE[:1]) == key
        with pytest.raises(StoreError, match="can't be reached"):
            persons.keys(PEOPLE[:2])
        with mortal_postgres.running():
            assert until(lambda: _can(persons), 30)
            assert persons.keys(PEOPLE[:1]) == key


def test_a_database_that_hangs_is_waited_for_once_and_then_known_people_wait_no_more(
    mortal_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINSTAY_STATE", mortal_postgres.address)
    with mortal_postgres.running(), closing(open_persons(tmp_path, "churn")) as persons:
        key = persons.keys(PEOPLE[:1])
        pids = [int(pid) for pid in _sessions(mortal_postgres)]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            with pytest.raises(StoreError, match="doesn't answer"):
                persons.keys(PEOPLE[:2])
            asked = threading.active_count()
            for _ in range(20):
                assert persons.keys(PEOPLE[:1]) == key
            assert threading.active_count() == asked
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert until(lambda: _can(persons), 30)
        assert persons.keys(PEOPLE[:1]) == key


def _sessions(server: Postgres) -> list[str]:
    engine = sa.create_engine(server.address.replace("postgresql", "postgresql+psycopg"))
    with engine.connect() as connection:
        asked = sa.text("SELECT pid FROM pg_stat_activity WHERE application_name = 'mainstay'")
        found = [str(pid) for pid in connection.execute(asked).scalars()]
    engine.dispose()
    return found


def _can(persons: Persons) -> bool:
    try:
        return len(persons.keys(PEOPLE[:2])) == 2
    except StoreError:
        return False


def test_who_does_not_own_the_table_is_told_that_bytes_may_be_left(postgres: str, tmp_path: Path) -> None:
    place = f"{postgres}?schema=p_owned"
    with closing(open_state(place, books=tmp_path)) as state:
        SharedPersons(state, "churn", before(tmp_path)).keys(PEOPLE[:1])
        with state.begin() as connection:
            connection.exec_driver_sql(f"CREATE ROLE guest LOGIN PASSWORD '{SECRET}'")
            connection.exec_driver_sql("GRANT USAGE ON SCHEMA p_owned TO guest")
            connection.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA p_owned TO guest")
    with closing(open_state(place.replace("tester", "guest"), books=tmp_path)) as state:
        persons = SharedPersons(state, "churn", before(tmp_path))
        with pytest.raises(StoreError, match="may still lie in the files") as told:
            persons.destroy(PEOPLE[:1])
        assert "VACUUM FULL persons" in told.value.cure
        assert persons.known(PEOPLE[:1]) == {}
