"""Kinds of sources: packed, typed, in parts, in a database, in memory; one table is the same from each."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import lzma
import os
import sqlite3
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.data import fingerprint
from mainstay.data.settings import DataSettings
from mainstay.data.source import Source, open_source, read_source, read_table, resolve_source, source_of
from mainstay.data.sources import base, text
from mainstay.errors import DataError, InputError, ProjectError
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = pl.DataFrame(
    {
        "id": [f"c{k}" for k in range(120)],
        "amount": [k / 4 for k in range(120)],
        "open": [k % 2 == 0 for k in range(120)],
        "day": [dt.date(2024, 1, 1) + dt.timedelta(days=k) for k in range(120)],
    }
)
CSV = ROWS.write_csv().encode()


def _zstd(content: bytes) -> bytes:
    pa = pytest.importorskip("pyarrow")
    return bytes(pa.Codec("zstd").compress(content))


@pytest.mark.parametrize(
    ("pack", "said"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz"), (_zstd, "zstd")]
)
def test_a_packed_text_is_unpacked(tmp_path: Path, pack: Callable[[bytes], bytes], said: str) -> None:
    if said == "zstd":
        pytest.importorskip("pyarrow")
        ROWS.write_csv(tmp_path / "rows.csv.zst", compression="zstd")
    else:
        (tmp_path / "rows.csv.zst").write_bytes(pack(CSV))
    table = read_table(tmp_path / "rows.csv.zst")
    assert table.words == f"comma-separated, UTF-8, {said}"
    assert table.frame.equals(ROWS.select(pl.all().cast(pl.String)))


def test_every_kind_has_the_same_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(CSV)
    ROWS.reverse().write_parquet(tmp_path / "rows.parquet", row_group_size=7)
    ROWS.write_ipc(tmp_path / "rows.arrow")
    folder = tmp_path / "parts"
    (folder / "deep").mkdir(parents=True)
    ROWS[70:].write_parquet(folder / "b.parquet")
    ROWS[:70].write_parquet(folder / "deep" / "a.parquet")
    (folder / "_SUCCESS").write_text("")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("create table rows (id text, amount real, open text, day text)")
        cells = [(i, a, str(o), d.isoformat()) for i, a, o, d in ROWS.iter_rows()]
        connection.executemany("insert into rows values (?, ?, ?, ?)", cells)
    connection.close()
    query = "select * from rows;"
    sources = [
        *(source_of(tmp_path / name) for name in ("rows.csv", "rows.parquet", "rows.arrow", "parts")),
        Source(f"sqlite:///{tmp_path}/shop.db", query=query),
        Source(str(tmp_path / "shop.db"), query=query),
        source_of(ROWS),
    ]
    opened = [open_source(source) for source in sources]
    assert [each.words for each in opened] == [
        "comma-separated, UTF-8",
        "parquet",
        "Arrow",
        "2 parts, parquet",
        "SQLite",
        "SQLite",
        "in memory",
    ]
    assert {fingerprint(each.batches()) for each in opened} == {fingerprint(ROWS)}


def test_tables_of_other_libraries_are_sources() -> None:
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pd.DataFrame(ROWS.to_dict(as_series=False))
    assert read_source(frame).equals(ROWS.with_columns(pl.col("day")))
    assert read_source(pa.table(ROWS.to_dict(as_series=False))).equals(ROWS)
    assert read_source(ROWS.lazy()).equals(ROWS)
    labels = pd.DataFrame({"kind": pd.Categorical(["a", None]), "n": pd.array([1, None], dtype="Int64")})
    assert read_source(labels).rows() == [("a", 1), (None, None)]
    for wrong in (3, [1, 2], object()):
        with pytest.raises(InputError, match="is no table"):
            read_source(wrong)
    with pytest.raises(InputError, match="can't be read"):
        read_source({"a": [1, "x", object()], "b": [1, 2, 3]})


def test_parts_that_disagree_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,n\n1,2\n")
    (tmp_path / "b.csv").write_text("n,id\n3,4\n")
    assert read_source(tmp_path).rows() == [("1", "2"), ("4", "3")]
    (tmp_path / "c.csv").write_text("id,m\n1,2\n")
    with pytest.raises(DataError, match=r"c\.csv lacks n and has m besides, held against a\.csv"):
        read_source(tmp_path)
    (tmp_path / "c.csv").unlink()
    pl.DataFrame({"id": ["1"], "n": [2]}).write_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match=r"'n' is Int64 in d\.parquet and String before"):
        read_source(tmp_path)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(text, "BATCH_BYTES", 500)
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV)
    opened = open_source(source_of(path))
    assert not opened.small
    batches = opened.batches()
    next(batches)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError, match=r"rows\.csv changed while it was read"):
        list(batches)
    with pytest.raises(DataError, match="changed while it was read"):
        next(opened.batches())


def test_a_text_without_header_and_one_whose_dialect_is_said(tmp_path: Path) -> None:
    path = tmp_path / "bare.txt"
    path.write_bytes("A11:6:ä\nA12:7:ö\n".encode("cp1252"))
    source = Source(str(path), header=False, separator=":", encoding="latin-1")
    opened = open_source(source)
    assert opened.words == "':'-separated, ISO8859-1, no header line"
    assert opened.whole().columns == ["column_1", "column_2", "column_3"]
    assert opened.whole().rows() == [("A11", "6", "ä"), ("A12", "7", "ö")]
    (tmp_path / "plain.csv").write_text("1,2\n3,4\n")
    assert read_source(tmp_path / "plain.csv", header=False).rows() == [("1", "2"), ("3", "4")]
    for wrong, said in ((Source(str(path), encoding="utf-99"), "no encoding is called 'utf-99'"),):
        with pytest.raises(DataError, match=said):
            open_source(wrong)
    with pytest.raises(DataError, match="says it is utf-8 text and isn't"):
        open_source(Source(str(path), encoding="utf-8", separator=":"))


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    names = [f"c{k}" for k in range(10_000)]
    lines = [",".join(names), *(",".join(str(k * row) for k in range(10_000)) for row in range(60))]
    (tmp_path / "wide.csv").write_text("\n".join(lines))
    frame = read_source(tmp_path / "wide.csv")
    assert frame.shape == (60, 10_000)
    assert len(fingerprint(frame)) == 32


def test_lists_stay_where_they_are_wanted(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [[1.0, 2.0], [3.0, 4.0]], "other": [[1], [2]], "a": [1, 2], "b": [1, 2]})
    frame.write_parquet(tmp_path / "rows.parquet")
    opened = open_source(Source(str(tmp_path / "rows.parquet"), tensors=("x",)))
    assert opened.whole().columns == ["x", "a", "b"]
    assert opened.skipped == ("other",)
    array = frame.with_columns(pl.col("x").list.to_array(2))
    assert fingerprint(array.drop("other")) == fingerprint(opened.whole())


def test_names_that_polars_reads_as_patterns_are_names(tmp_path: Path) -> None:
    frame = pl.DataFrame({"*": ["1", "2"], "^a.*$": ["x", "y"], "ab": ["p", "q"]})
    frame.write_parquet(tmp_path / "rows.parquet")
    frame.write_csv(tmp_path / "rows.csv")
    for name in ("rows.parquet", "rows.csv"):
        opened = open_source(source_of(tmp_path / name))
        assert opened.whole().equals(frame)
        assert [batch.rows() for batch in opened.batches(["^a.*$"])] == [[("x",), ("y",)]]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ('source = "http://somewhere/rows.csv"', ProjectError, "starts with 'http://', which isn't read"),
        ('source = "rows.csv"\nquery = "select 1"', DataError, "is no database"),
        ('source = "rows.csv"\nas_of = 3', DataError, "is no Delta table"),
        ('source = "sqlite:///shop.db"\nquery = "select 1"', DataError, "There is no SQLite file"),
        ('source = "made.db"', DataError, "it is a SQLite database"),
        ('source = "sqlite:///made.db"', DataError, "nothing says which rows"),
        ('source = "made.db"\nquery = "select * from gone"', DataError, "no such table: gone"),
        ('source = "made.db"\nquery = "delete from t"', DataError, "says: attempt to write a readonly database"),
        ('source = "made.db"\nquery = "select 1 as a, 2 as a"', DataError, "more than one column called 'a'"),
        ('separator = "::"', ProjectError, "allowed is one letter"),
        ("max_rows = -1", ProjectError, "allowed is 0"),
        ('source = "${NOT_SET_HERE}"', ProjectError, "needs the environment variable NOT_SET_HERE"),
    ],
)
def test_what_a_project_cannot_mean_is_one_sentence(
    tmp_path: Path, data: str, error: type[Exception], said: str
) -> None:
    (tmp_path / "rows.csv").write_bytes(CSV)
    with sqlite3.connect(tmp_path / "made.db") as connection:
        connection.execute("create table t (a, b)")
    connection.close()
    (tmp_path / "mainstay.toml").write_text(f"[data]\n{data}\n")
    project = open_project(tmp_path)
    with pytest.raises(error) as raised:
        open_source(resolve_source(project, project.section("data", DataSettings)))
    assert said in str(raised.value)


def test_a_password_is_never_shown() -> None:
    source = Source("postgresql://me:p%40ss@db:5432/shop?sslmode=require&password=other", query="select 1")
    assert source.name == "shop (PostgreSQL)"
    for told in (source.shown, str(source), repr(source), source.hide("FATAL: p@ss and p%40ss")):
        assert "p@ss" not in told
        assert "p%40ss" not in told
        assert "other" not in told
    assert source.shown == "postgresql://me:***@db:5432/shop?sslmode=require&password=*** (select 1)"
    assert base.Source("/a/rows.csv").shown == "/a/rows.csv"
