from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.state import SCHEMA, open_state
from mainstay.state.copies import BACKUPS
from mainstay.state.schema import Migration, statements
from mainstay.state.sqlite import FILE

if TYPE_CHECKING:
    from pathlib import Path

NEXT = Migration(len(SCHEMA) + 1, "next", "CREATE TABLE next (a INTEGER);\nALTER TABLE leases ADD COLUMN b TEXT;")


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_the_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in SCHEMA] == list(range(1, len(SCHEMA) + 1))


def test_a_fresh_one_is_whole_and_needs_no_backup(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    known = {
        "migrations",
        "versions",
        "verdicts",
        "releases",
        "leases",
        "approvals",
        "ingredients",
        "holds",
        "workers",
        "persons",
        "destructions",
    }
    assert tables(tmp_path / FILE) == known
    assert not (tmp_path / BACKUPS).exists()


@pytest.mark.parametrize("known", range(1, len(SCHEMA)))
def test_every_earlier_schema_is_brought_forward_with_a_backup_before_each_step(tmp_path: Path, known: int) -> None:
    open_state(tmp_path, migrations=SCHEMA[:known]).close()
    before = tables(tmp_path / FILE)
    open_state(tmp_path).close()
    backups = sorted((tmp_path / BACKUPS).iterdir(), key=lambda file: file.name)
    assert [file.name.split("-2")[0] for file in backups] == [
        f"registry-before-{step:04d}" for step in range(known + 1, len(SCHEMA) + 1)
    ]
    assert tables(backups[0]) == before
    assert tables(tmp_path / FILE) >= {"versions", "releases", "leases"}


def test_rows_survive_a_migration_and_stand_in_the_backup(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    with state.begin() as connection:
        connection.execute(sa.text("INSERT INTO leases VALUES ('a', 'me', 1, 'soon')"))
    later = open_state(tmp_path, migrations=(*SCHEMA, NEXT))
    with later.read() as connection:
        assert connection.execute(sa.text("SELECT owner, b FROM leases")).one() == ("me", None)
    (backup,) = (tmp_path / BACKUPS).iterdir()
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT owner FROM leases").fetchall() == [("me",)]
    state.close()
    later.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    broken = Migration(NEXT.number, "broken", "CREATE TABLE next (a INTEGER);\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(CorruptError, match="nowhere"):
        open_state(tmp_path, migrations=(*SCHEMA, broken))
    assert "next" not in tables(tmp_path / FILE)
    open_state(tmp_path).close()


def test_a_newer_schema_than_this_code_knows_is_refused(tmp_path: Path) -> None:
    open_state(tmp_path, migrations=(*SCHEMA, NEXT)).close()
    with pytest.raises(StoreError, match="written by a newer mainstay") as told:
        open_state(tmp_path)
    assert told.value.cure == "Update this one: pip install --upgrade mainstay"


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    with pytest.raises(CorruptError, match="a database of something else"):
        open_state(tmp_path)
    assert tables(tmp_path / FILE) == {"theirs"}


def test_a_statement_may_hold_semicolons_in_texts_and_comments() -> None:
    assert list(statements("-- a; b\nSELECT ';\n';\nSELECT 2;\n")) == ["-- a; b\nSELECT ';\n';", "SELECT 2;"]
    with pytest.raises(ValueError, match="no semicolon"):
        list(statements("SELECT 1"))
