"""What a database server can refuse, each in one sentence without a password."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.servers import SECRET

from mainstay.errors import CorruptError, SetupError, StoreError
from mainstay.state import SCHEMA, acquire, lease_of, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import Connection

psycopg = pytest.importorskip("psycopg")


@pytest.fixture
def ask(postgres: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        yield connection


@pytest.fixture
def schema(ask: Connection[Any], request: pytest.FixtureRequest) -> str:
    name = f"s_{abs(hash(request.node.name))}"
    ask.execute(f"CREATE SCHEMA {name}")
    return name


def test_a_wrong_password_is_told_and_none_is_shown(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"can't be reached: .*password authentication failed") as told:
        open_state(postgres.replace(SECRET, "wr%40ng"), books=tmp_path)
    assert "wr@ng" not in str(told.value)
    assert "wr%40ng" not in str(told.value)


def test_a_database_that_is_not_there_is_told(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r'can\'t be reached: .*database "nowhere" does not exist'):
        open_state(postgres.replace("/postgres", "/nowhere"), books=tmp_path)


def test_a_host_that_has_no_address_is_told_without_the_number_of_its_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere\.invalid:5432/books can't be reached: [^\[]*$"):
        open_state(f"postgresql://me:{SECRET}@nowhere.invalid:5432/books", books=tmp_path)


def test_a_port_where_nobody_listens_is_told_at_once(tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/books can't be reached: .*Connection refused"):
        open_state(f"postgresql://me:{SECRET}@127.0.0.1:1/books", books=tmp_path)
    assert time.monotonic() - before < 2


def test_a_server_that_says_nothing_is_given_up_within_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        before = time.monotonic()
        with pytest.raises(StoreError, match=r"can't be reached: .*timeout"):
            open_state(f"postgresql://me:{SECRET}@127.0.0.1:{port}/books", books=tmp_path)
        assert time.monotonic() - before < 6


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{SECRET}@@host/books",
        f"postgresql://me:{SECRET}/more@host/books",
        f"postgresql://me:{SECRET}?more@host/books",
        f"postgresql://me:{SECRET}%zz@host/books",
        f"postgresql://me:{SECRET}@host/books?nonsense=1",
        f"postgresql://me:{SECRET}@host:12x/books",
        f"postgresql://me:{SECRET}@host/books?schema=a%20b",
        f"postgresql://me:{SECRET}@host/books?schema=a;drop",
    ],
)
def test_an_address_that_can_not_be_read_is_told_without_what_it_says(address: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="in MAINSTAY_STATE can't be") as told:
        open_state(address, books=tmp_path)
    assert SECRET not in str(told.value)
    assert told.value.cure


def test_what_the_address_says_of_encryption_reaches_the_server(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"can't be reached: .*SSL"):
        open_state(f"{postgres}?sslmode=require", books=tmp_path)


def test_a_database_of_something_else_is_left_alone(
    postgres: str, ask: Connection[Any], schema: str, tmp_path: Path
) -> None:
    ask.execute(f"CREATE TABLE {schema}.migrations (id int, migration text)")
    with pytest.raises(CorruptError, match="is a database of something else"):
        open_state(f"{postgres}?schema={schema}", books=tmp_path)
    found = ask.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
    assert found == [("migrations",)]


def test_rights_that_are_missing_are_told(postgres: str, ask: Connection[Any], schema: str, tmp_path: Path) -> None:
    user = schema.replace("s_", "u_")
    ask.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")
    address = f"{postgres.replace('tester', user)}?schema={schema}"
    ask.execute(f"GRANT USAGE ON SCHEMA {schema} TO {user}")
    with pytest.raises(StoreError, match="refuses this user: permission denied for schema") as told:
        open_state(address, books=tmp_path)
    assert "grant" in told.value.cure
    open_state(f"{postgres}?schema={schema}", books=tmp_path).close()
    ask.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {user}")
    reader = open_state(address, books=tmp_path)
    with reader.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM leases")).scalar() == 0
    with (
        pytest.raises(StoreError, match="refuses this user: permission denied for table"),
        reader.begin() as connection,
    ):
        connection.execute(sa.text("DELETE FROM leases"))
    reader.close()


def test_a_read_transaction_can_not_write(postgres: str, schema: str, tmp_path: Path) -> None:
    state = open_state(f"{postgres}?schema={schema}", books=tmp_path)
    with pytest.raises(StoreError, match="is read-only"), state.read() as connection:
        connection.execute(sa.text("DELETE FROM leases"))
    state.close()


def test_a_table_that_somebody_dropped_is_told(
    postgres: str, ask: Connection[Any], schema: str, tmp_path: Path
) -> None:
    state = open_state(f"{postgres}?schema={schema}", books=tmp_path)
    saved = state.back_up()
    ask.execute(f"DROP TABLE {schema}.leases")
    with pytest.raises(CorruptError, match=r'taken out of it .*"[\w.]*leases" does not exist') as told:
        lease_of(state, "a")
    assert str(saved) in told.value.cure
    state.close()


def test_rows_that_contradict_each_other_are_found(
    postgres: str, ask: Connection[Any], schema: str, tmp_path: Path
) -> None:
    state = open_state(f"{postgres}?schema={schema}", books=tmp_path)
    assert state.damages() == ()
    ask.execute(f"SET session_replication_role = replica; SET search_path = {schema}")
    ask.execute("INSERT INTO approvals VALUES ('a', 1, 1, '', '', '')")
    assert state.damages() == ("1 rows of approvals belong to ones of versions that aren't there.",)
    state.close()


def test_a_statement_that_takes_too_long_is_ended_and_told(postgres: str, schema: str, tmp_path: Path) -> None:
    state = open_state(f"{postgres}?schema={schema}", books=tmp_path)
    with pytest.raises(StoreError, match="didn't answer in time"), state.read() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(5)")
    state.close()


def test_without_the_extra_the_cure_is_named(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\nfrom mainstay.state import open_state\n"
        "from mainstay.errors import SetupError\nfrom pathlib import Path\n"
        f"try: open_state('postgresql://a:{SECRET}@h/b', books=Path({str(tmp_path)!r}))\n"
        "except SetupError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "A registry in PostgreSQL needs psycopg, which isn't here. pip install 'mainstay[postgres]'\n"
    )


def test_a_backup_before_a_migration_is_a_dump(postgres: str, schema: str, tmp_path: Path) -> None:
    open_state(f"{postgres}?schema={schema}", books=tmp_path, migrations=SCHEMA[:-1]).close()
    open_state(f"{postgres}?schema={schema}", books=tmp_path).close()
    (saved,) = (tmp_path / "backups").iterdir()
    assert saved.name.startswith(f"registry-before-{len(SCHEMA):04d}-")
    assert saved.suffix == ".dump"
    assert (saved / "dump.json").is_file()


def test_a_session_that_the_server_ended_is_replaced(
    postgres: str, ask: Connection[Any], schema: str, tmp_path: Path
) -> None:
    state = open_state(f"{postgres}?schema={schema}", books=tmp_path)
    ask.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mainstay'")
    assert acquire(state, "a", "me", dt.timedelta(minutes=1), dt.datetime.now(dt.UTC)) == 1
    state.close()
