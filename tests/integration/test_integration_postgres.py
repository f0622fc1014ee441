"""Rows from a real PostgreSQL: read by a cursor that can't write, told in its words, its password never."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.contract import load_contract
from mainstay.data import fingerprint, take_snapshot
from mainstay.data.source import Source, open_source, read_source
from mainstay.data.sources import database
from mainstay.errors import DataError
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

psycopg = pytest.importorskip("psycopg")

TABLE = """
drop table if exists bookings;
create table bookings (
  id int primary key, price numeric(10, 2), rate float8, open bool, day date, at timestamptz, naive timestamp,
  plan text, code char(3), mark uuid, note jsonb, took interval, raw bytea, tags text[]
);
insert into bookings
select k, k + 0.25, k / 3.0, k % 2 = 0, date '2024-01-01' + k, timestamptz '2024-01-01 00:00:00+02' + k * interval '1h',
  timestamp '2024-01-01 00:00:00', case when k % 3 = 0 then ' b ' when k % 3 = 1 then 'a' else '' end, 'x',
  '00000000-0000-0000-0000-000000000001', '{"a": 1}', interval '90 minutes', '\\x00', '{a,b}'
from generate_series(0, 199) as k;
"""


@pytest.fixture
def bookings(postgres: str) -> str:
    with psycopg.connect(postgres) as connection:
        connection.execute(TABLE)
    return postgres


def test_cells_are_read_as_their_types(bookings: str) -> None:
    opened = open_source(Source(bookings, query="select * from bookings order by id;"))
    frame = opened.whole()
    assert opened.words == "PostgreSQL"
    assert opened.skipped == ("raw", "tags")
    assert frame.height == 200
    assert frame.row(3, named=True) == {
        "id": 3,
        "price": 3.25,
        "rate": 1.0,
        "open": False,
        "day": dt.date(2024, 1, 4),
        "at": dt.datetime(2024, 1, 1, 1, tzinfo=dt.UTC),
        "naive": dt.datetime(2024, 1, 1),  # noqa: DTZ001 - the column has no zone
        "plan": "b",
        "code": "x",
        "mark": "00000000-0000-0000-0000-000000000001",
        "note": '{"a": 1}',
        "took": 5400.0,
    }
    assert frame["plan"].null_count() == 66


def test_the_same_rows_have_the_same_fingerprint_in_a_csv(bookings: str, tmp_path: Path) -> None:
    frame = read_source(Source(bookings, query="select id, price, open, day, at, plan from bookings"))
    frame.sample(fraction=1.0, shuffle=True, seed=1).write_csv(tmp_path / "rows.csv")
    assert fingerprint(read_source(tmp_path / "rows.csv")) == fingerprint(frame)


def test_an_answer_that_does_not_fit_is_kept_on_disk(bookings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "select k, k * 0.5 as half, md5(k::text) as word from generate_series(1, 30000) as k"
    whole = open_source(Source(bookings, query=query))
    monkeypatch.setattr(database, "WHOLE_CELLS", 10_000)
    monkeypatch.setattr("mainstay.data.sources.postgres.BATCH_CELLS", 24_000)
    opened = open_source(Source(bookings, query=query))
    assert not opened.small
    assert len(list(opened.batches())) == 8
    assert opened.whole().equals(whole.whole())
    assert [batch.columns for batch in opened.batches(["word"])] == [["word"]] * 8


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "nothing says which rows"),
        ("select * from nowhere", 'says: relation "nowhere" does not exist'),
        ("select 1 as a, 2 as a", "more than one column called 'a'"),
        ("delete from bookings returning *", "says: "),
        ("select 1/(id - 7) as a, 1 as b from bookings", "says: division by zero"),
        ("select * from bookings where false", "has column names and not one row"),
    ],
)
def test_what_the_database_refuses_is_one_sentence(bookings: str, query: str, said: str) -> None:
    with pytest.raises(DataError) as raised:
        open_source(Source(bookings, query=query))
    assert said in str(raised.value)
    assert "quite-secret" not in str(raised.value)
    assert raised.value.cure
    with psycopg.connect(bookings) as connection:
        assert connection.execute("select count(*) from bookings").fetchone() == (200,)


def test_a_wrong_password_or_port_is_told_without_the_password(bookings: str) -> None:
    for address in (bookings.replace("quite-secret", "hunter2"), "postgresql://tester:hunter2@127.0.0.1:1/postgres"):
        with pytest.raises(DataError) as raised:
            open_source(Source(address, query="select 1 as a, 2 as b"))
        assert "postgres (PostgreSQL) says: " in str(raised.value)
        assert "hunter2" not in str(raised.value)
    assert "quite-secret" not in repr(Source(bookings)) + str(Source(bookings))


def test_a_project_is_trained_from_a_database(bookings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGURL", bookings)
    (tmp_path / "mainstay.toml").write_text(
        '[problem]\nname = "shop"\n[data]\nsource = "${PGURL}"\n'
        'query = "select price, plan, open from bookings"\ntarget = "open"\n'
    )
    (tmp_path / "contract.toml").write_text(
        '[price]\ntype = "number"\nmax = 190\n[plan]\ntype = "category"\nvalues = ["a", "b"]\nmissing = "allow"\n'
    )
    snapshot = take_snapshot(open_project(tmp_path), load_contract(tmp_path / "contract.toml"))
    assert list(snapshot.refused.values()) == [10]
    assert snapshot.ledger[0].reason == "postgres (PostgreSQL), PostgreSQL"
    assert snapshot.source.shown.startswith("postgresql://tester:***@127.0.0.1:")
    assert isinstance(snapshot.train.frame, pl.DataFrame)
