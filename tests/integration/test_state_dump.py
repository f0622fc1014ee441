"""Dumps: from either engine, into either engine, from every schema there was; what was tampered with is refused."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError, StoreError
from mainstay.state import SCHEMA, State, dump, load, open_state
from mainstay.state.dump import SECRET
from mainstay.state.dumped import HEADER, read_header, table_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mainstay.state.schema import Migration

ODD = 'Zoë\'s "reason";\n-- \\ \u2028 \U0001f600 %s :x ?'


def columns_of(state: State, connection: sa.Connection, table: str) -> dict[str, bool]:
    """Give the columns of a table, and whether each holds numbers."""
    del state
    found = sa.inspect(connection).get_columns(table, schema=None)
    return {column["name"]: isinstance(column["type"], sa.Integer) for column in found}


def fill(state: State) -> None:
    """Write two rows into every table that is dumped, each cell with something in it."""
    with state.begin() as connection:
        tables = state.tables(connection) - {"migrations"} - SECRET
        for table in ("versions", *sorted(tables - {"versions"})):
            columns = columns_of(state, connection, table)
            for number in (1, 2):
                row: dict[str, Any] = {
                    name: number if whole else f"{name} {number} {ODD}" for name, whole in columns.items()
                }
                if "model" in row:
                    row["model"] = "churn"
                names = ", ".join(row)
                values = ", ".join(f":{name}" for name in row)
                connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608


def content(state: State) -> dict[str, list[dict[str, Any]]]:
    """Read every row of every table that is dumped."""
    with state.read() as connection:
        return {
            table: sorted(
                (dict(row._mapping) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))),  # noqa: S608
                key=repr,
            )
            for table in state.tables(connection) - SECRET
        }


@pytest.fixture
def opened(postgres: str, tmp_path: Path) -> Callable[..., State]:
    """Give the opener of an empty registry: ``opened("postgresql", migrations=...)``."""

    def make(engine: str, migrations: Sequence[Migration] = SCHEMA) -> State:
        name = f"d_{secrets.token_hex(8)}"
        place = f"sqlite:///{tmp_path}/{name}/r.sqlite" if engine == "sqlite" else f"{postgres}?schema={name}"
        return open_state(place, books=tmp_path / name, migrations=migrations)

    return make


ENGINES = ("sqlite", "postgresql")


@pytest.mark.parametrize("source", ENGINES)
@pytest.mark.parametrize("target", ENGINES)
def test_everything_goes_from_one_engine_to_another(
    opened: Callable[..., State], tmp_path: Path, source: str, target: str
) -> None:
    old, new = opened(source), opened(target)
    fill(old)
    header = dump(old, tmp_path / "dump")
    assert header.schema == len(SCHEMA)
    assert {table.name: table.rows for table in header.tables} == {
        name: len(rows) for name, rows in content(old).items()
    }
    assert load(new, tmp_path / "dump") == header
    assert content(new) == content(old)
    assert new.damages() == ()
    dump(new, tmp_path / "again")
    assert [table.sha256 for table in read_header(tmp_path / "again").tables] == [
        table.sha256 for table in header.tables
    ]
    old.close()
    new.close()


@pytest.mark.parametrize("known", range(1, len(SCHEMA)))
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_every_earlier_schema_are_brought_forward_in_place_and_from_a_dump(
    opened: Callable[..., State], tmp_path: Path, engine: str, known: int
) -> None:
    old = opened(engine, migrations=SCHEMA[:known])
    fill(old)
    before = content(old)
    dump(old, tmp_path / "dump")
    new = opened("sqlite")
    load(new, tmp_path / "dump")
    again = opened(engine, migrations=SCHEMA[:known])
    load(again, tmp_path / "dump", SCHEMA[:known])
    assert content(again) == before
    after = content(new)
    for table, rows in before.items():
        kept = after[table][: len(rows)] if table == "migrations" else after[table]
        for row, was in zip(kept, rows, strict=True):
            assert {name: row[name] for name in was} == was
    assert new.damages() == ()
    for state in (old, new, again):
        state.close()


def test_only_an_empty_database_is_filled(opened: Callable[..., State], tmp_path: Path) -> None:
    state = opened("sqlite")
    dump(state, tmp_path / "dump")
    fill(state)
    before = content(state)
    with pytest.raises(StoreError, match="isn't empty"):
        load(state, tmp_path / "dump")
    assert content(state) == before
    with pytest.raises(StoreError, match="can't be written"):
        dump(state, tmp_path / "dump")
    state.close()


@pytest.fixture
def dumped(opened: Callable[..., State], tmp_path: Path) -> Path:
    state = opened("sqlite")
    fill(state)
    dump(state, tmp_path / "dump")
    state.close()
    return tmp_path / "dump"


def rewrite(folder: Path, **changes: object) -> None:
    header = json.loads((folder / HEADER).read_bytes())
    (folder / HEADER).write_text(json.dumps(header | changes))


def cut(folder: Path) -> None:
    file = table_file(folder, "versions")
    file.write_bytes(file.read_bytes()[:-20])


def rename(folder: Path) -> None:
    tables = json.loads((folder / HEADER).read_bytes())["tables"]
    tables[0]["name"] = "../versions"
    rewrite(folder, tables=tables)


def lose_a_step(folder: Path) -> None:
    rewrite(folder, schema=len(SCHEMA) - 1)


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (cut, CorruptError, r"versions\.jsonl of the dump .* isn't what was once written"),
        (rename, CorruptError, "names a table that can't be one"),
        (lambda folder: (folder / HEADER).write_text("{"), CorruptError, "isn't the header of a dump"),
        (lambda folder: (folder / HEADER).unlink(), StoreError, "can't be read"),
        (lambda folder: table_file(folder, "leases").unlink(), StoreError, "can't be read"),
        (lambda folder: rewrite(folder, schema=99), StoreError, "written by a newer mainstay"),
        (lose_a_step, CorruptError, "contradicts itself"),
    ],
)
def test_a_dump_that_was_spoilt_is_refused_and_nothing_is_changed(
    opened: Callable[..., State], dumped: Path, spoil: Callable[[Path], object], kind: type[Exception], said: str
) -> None:
    spoil(dumped)
    state = opened("sqlite")
    before = content(state)
    with pytest.raises(kind, match=said):
        load(state, dumped)
    assert content(state) == before
    state.close()


def test_a_dump_is_for_this_user_alone_and_leaves_nothing_half(dumped: Path) -> None:
    assert dumped.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in dumped.iterdir()} == {0o600}
    assert not list(dumped.parent.glob("*.tmp"))
    shutil.rmtree(dumped)
