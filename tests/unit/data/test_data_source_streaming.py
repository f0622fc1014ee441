"""A text read in pieces is the same table as the text read whole, wherever the pieces are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Category, Contract, Integer
from mainstay.data import take_snapshot
from mainstay.data.source import open_source, read_table, source_of
from mainstay.data.sources import base, text
from mainstay.errors import DataError
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.data import Snapshot

CONTRACT = Contract(
    (
        Integer(name="key", role="id", unique=True, missing="allow"),
        Integer(name="age", min=0, max=100),
        Category(name="plan", values=("a", "b"), unknown="reject"),
    )
)


def _in_pieces(monkeypatch: pytest.MonkeyPatch, size: int = 600) -> None:
    monkeypatch.setattr(text, "WHOLE_BYTES", size)
    monkeypatch.setattr(text, "BATCH_BYTES", size)
    monkeypatch.setattr(text, "_BLOCK", 173)
    monkeypatch.setattr(base, "WHOLE_CELLS", size)
    monkeypatch.setattr(base, "BATCH_CELLS", size)


def _awkward(rows: int) -> str:
    """Write quoted line ends, quotes, blanks, short lines, blank lines and letters of two and four bytes."""
    cells = ['"two\nlines"', '"a ""quote"" in it"', " blank ", "größer", "", '"co,mma"', "🐟", '"\r\n"']
    lines = ["name,n,note"]
    for k in range(rows):
        lines.append(f"{cells[k % 8]},{k},{cells[(k * 5 + 3) % 8]}" if k % 11 else f"{cells[k % 8]},{k}")
        if k % 29 == 7:
            lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n\n"])
def test_pieces_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, end: str) -> None:
    told = _awkward(300) + end
    if end == "\r\n":
        told = told.replace("\r\n", "\n").replace("\n", "\r\n")
    path = tmp_path / "rows.csv"
    path.write_bytes(told.encode(encoding, "replace"))
    whole = read_table(path)
    for size in (211, 600, 5000):
        _in_pieces(monkeypatch, size)
        opened = open_source(source_of(path))
        assert not opened.small
        assert opened.words == whole.words
        assert opened.whole().equals(whole.frame)
        assert next(opened.batches(["n"])).columns == ["n"]
        monkeypatch.undo()


def test_lines_that_end_with_a_carriage_return_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\r" + b"1,2\r" * 500)
    _in_pieces(monkeypatch)
    assert open_source(source_of(path)).whole().rows() == [("1", "2")] * 500


@pytest.mark.parametrize("before", [0, 3, 700])
def test_a_ragged_line_is_named_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    lines = ["", "a,b", *['"1\n1",2'] * before, "1,2,3", *["1,2"] * 900]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines))
    number = 3 + 2 * before
    for pieces in (False, True):
        if pieces:
            _in_pieces(monkeypatch)
        with pytest.raises(DataError, match=rf"rows\.csv, line {number} has more cells than the header's 2\."):
            open_source(source_of(path)).whole()


def test_a_quote_that_is_never_closed_does_not_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _in_pieces(monkeypatch)
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "1,2\n" * 400 + '"3,4\n' + "5,6\n" * 20_000)
    with pytest.raises(DataError, match=r"a quote is opened about line 40\d and never closed"):
        open_source(source_of(path)).whole()


def _project(folder: Path, rows: list[str], data: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text("key,age,plan,bought\n" + "\n".join(rows) + "\n")
    (folder / "mainstay.toml").write_text(f'[data]\nsource = "rows.csv"\ntarget = "bought"\n{data}\n')
    return folder


def _rows(n: int) -> list[str]:
    good = [f"{k},{20 + k % 60},{'ab'[k % 2]},{'yes' if k % 3 == 0 else 'no'}" for k in range(n)]
    bad = ["7,30,a,yes", "901,130,a,yes", "902,30,z,no", "903,x,z,no", "904,40,a,", "5,40,b,no"]
    return [*good[: n // 2], *bad[:3], *good[n // 2 :], *bad[3:]]


def test_a_snapshot_in_batches_is_the_snapshot_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _project(tmp_path / "shop", _rows(900), 'segments = ["plan"]\nsplit_by = { group = "age" }')
    whole = take_snapshot(open_project(folder), CONTRACT)
    told = whole.quarantine.read_text() if whole.quarantine else ""
    _in_pieces(monkeypatch)
    pieces = take_snapshot(open_project(folder), CONTRACT)
    assert pieces.ledger == whole.ledger
    assert pieces.refused == whole.refused
    assert pieces.refused["key: repeats an earlier row"] == 2
    assert (pieces.fingerprint, pieces.quarantine) == (whole.fingerprint, whole.quarantine)
    assert pieces.quarantine is not None
    assert pieces.quarantine.read_text() == told
    for mine, other in ((pieces.train, whole.train), (pieces.test, whole.test)):
        assert mine.frame.equals(other.frame)
        assert mine.index.tolist() == other.index.tolist()
        assert mine.X.tolist() == other.X.tolist()


def test_a_sample_is_recorded_and_depends_on_content_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(900)
    one = take_snapshot(open_project(_project(tmp_path / "one", rows, "max_rows = 400")), CONTRACT)
    assert [line.step for line in one.ledger] == ["read", "no outcome", "contract", "sample", "split"]
    sample = one.ledger[3]
    assert sample.rows_in == one.ledger[2].rows_out == 900
    assert sample.reason == f"900 rows, {sample.rows_out} kept, drawn evenly by their content; the others are not used"
    assert 380 <= sample.rows_out <= 400
    assert (one.rows_read, one.rows_lost) == (906, 6)
    assert len(one.train) + len(one.test) == sample.rows_out
    _in_pieces(monkeypatch)
    other = take_snapshot(open_project(_project(tmp_path / "two", rows[::-1], "max_rows = 400")), CONTRACT)
    assert _keys(one) == _keys(other)
    again = take_snapshot(open_project(_project(tmp_path / "six", rows, "max_rows = 400\nseed = 8")), CONTRACT)
    assert _keys(again) != _keys(one)


def _keys(snapshot: Snapshot) -> set[int]:
    """Give the keys in a sample but those that come twice: which of two rows is the first depends on their order."""
    return {*snapshot.train.frame["key"], *snapshot.test.frame["key"]} - {5, 7}


def test_a_wrong_row_leaves_no_half_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _project(tmp_path / "shop", [*_rows(300), "1,2,3,4,5"])
    _in_pieces(monkeypatch)
    with pytest.raises(DataError, match="line 308 has more cells"):
        take_snapshot(open_project(folder), CONTRACT)
    assert not list(folder.rglob("*quarantine*/*"))
