"""Reading: every spelling of the same table is the same table; every other file is one clear sentence."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.data.source import read_source, read_table
from mainstay.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = [{"name": "Zoë", "plan": "a, b", "price": "1.50"}, {"name": None, "plan": "c", "price": "2"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name,plan,price\nZo\xc3\xab,"a, b",1.50\n,c,2\n', "comma-separated, UTF-8"),
        (b'\xef\xbb\xbfname,plan,price\r\nZo\xc3\xab,"a, b",1.50\r\n   ,c,2', "comma-separated, UTF-8"),
        (b"name;plan;price\nZo\xeb;a, b;1.50\n;c;2\n\n\n", "semicolon-separated, CP1252"),
        (b"name\tplan\tprice\nZo\xc3\xab\ta, b\t1.50\n\tc\t2\n", "tab-separated, UTF-8"),
        (b" name | plan | price \rZo\xc3\xab | a, b | 1.50 \r | c | 2 \r", "bar-separated, UTF-8"),
        ("\ufeffname\tplan\tprice\nZoë\ta, b\t1.50\n\tc\t2\n".encode("utf-16-le"), "tab-separated, UTF-16-LE"),
    ],
)
def test_every_spelling_is_the_same_table(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    table = read_table(path)
    assert table.frame.to_dicts() == PLAIN
    assert table.words == said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "table.csv is empty."),
        (b" \n\n", "table.csv is empty."),
        (b"a,b,c\n", "table.csv has column names and not one row."),
        (b"a,b,a\n1,2,3\n", "table.csv has more than one column called 'a'."),
        (b"just some words\nand more\n", "table.csv isn't a table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "table.csv isn't a table: it holds binary data."),
        (b"PK\x03\x04\x14\x00", "a zip file or an Excel workbook"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n", mtime=0), mtime=0), "packed twice"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "damaged or cut off"),
        (b"%PDF-1.7\n", "it is a PDF"),
        (b'{"a": 1, "b": 2}\n', "table.csv looks like JSON"),
        (b"<!DOCTYPE html><html>,</html>\n", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"PAR1 and then nothing of the kind", "table.csv can't be read: "),
        (b"a,b\n1,2\n3,4\n5,6,7\n8,9\n", "table.csv, line 4 has more cells than the header's 2."),
        (b'a,b\n1,2\n"3,4\n', "a quote is opened and never closed"),
        (b"\xff\xfea,b\n", "isn't"),
    ],
)
def test_what_is_no_table_is_one_sentence_and_a_cure(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_source(path)
    assert sentence in raised.value.message
    assert raised.value.cure
    assert raised.value.exit_code == 2


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"There is no file .*custmers\.csv\. Did you mean .*/customers\.csv\?"):
        read_source(tmp_path / "custmers.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is a folder without a csv, parquet or Arrow file"):
        read_source(tmp_path / "empty")


def test_cells_stay_text_and_missing_tokens_are_null(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code,amount,\n001,1e5,x\n?,NA,y\n")
    assert read_source(path).columns == ["code", "amount", "column_3"]
    frame = read_source(path, missing=("?", "NA"))
    assert frame.rows() == [("001", "1e5", "x"), (None, None, "y")]
    assert read_source(path, columns=["amount"]).columns == ["amount"]
    with pytest.raises(DataError, match="no column 'amont'"):
        read_source(path, columns=["amont"])


def test_a_short_line_is_a_row_with_missing_cells(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("a,b,c\n1\n2,3,4\n")
    assert read_source(path).rows() == [("1", None, None), ("2", "3", "4")]


def test_parquet_keeps_its_types_and_leaves_out_what_no_record_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame(
        {"n": [1, 2], "label": pl.Series(["x", "y"], dtype=pl.Categorical), "list": [[1], [2]], "raw": [b"a", b"b"]}
    ).write_parquet(path)
    table = read_table(path)
    assert dict(table.frame.schema) == {"n": pl.Int64(), "label": pl.String()}
    assert table.skipped == ("list", "raw")
