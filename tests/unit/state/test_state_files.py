from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from mainstay.state import replace_file
from mainstay.state.files import unreadable, unwritable

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_whole_and_is_nobody_elses_unless_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 60 + ".txt")
    replace_file(path, b"first")
    assert (path.read_bytes(), mode(path)) == (b"first", 0o600)
    replace_file(path, b"second", 0o644)
    assert (path.read_bytes(), mode(path)) == (b"second", 0o644)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_what_needs_not_outlive_a_power_cut_is_replaced_whole_all_the_same(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"once", lasting=False)
    replace_file(tmp_path / "a", b"again", 0o640, lasting=False)
    assert ((tmp_path / "a").read_bytes(), mode(tmp_path / "a")) == (b"again", 0o640)
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


def test_who_has_the_old_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"first")
    with path.open("rb") as before:
        replace_file(path, b"second")
        assert before.read() == b"first"


def test_where_it_cannot_be_written_what_was_there_stays_and_nothing_half_made_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a"
    (path / "inside").mkdir(parents=True)  # a folder isn't replaced by a file
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"content")
    assert [found.name for found in tmp_path.iterdir()] == ["a"]
    assert (path / "inside").is_dir()


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_what_the_system_says_is_told_also_where_it_has_no_words_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as told:
        tmp_path.read_bytes()
    assert str(unreadable(tmp_path, told.value)).startswith(f"{tmp_path} can't be read: Is a directory.")
    assert str(unwritable(tmp_path, OSError("it is a pipe"))).startswith(f"{tmp_path} can't be written: it is a pipe.")
