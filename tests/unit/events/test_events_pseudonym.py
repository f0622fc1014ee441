from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import open_pseudonyms

if TYPE_CHECKING:
    from pathlib import Path


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = open_pseudonyms(tmp_path / "books")
    again = open_pseudonyms(tmp_path / "books")
    assert first("7590") == again("7590") != first("7591")
    assert len(first("7590")) == 32
    (path,) = (tmp_path / "books").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_projects_give_different_pseudonyms(tmp_path: Path) -> None:
    assert open_pseudonyms(tmp_path / "a")("7590") != open_pseudonyms(tmp_path / "b")("7590")


def test_a_damaged_key_is_never_replaced(tmp_path: Path) -> None:
    open_pseudonyms(tmp_path)
    (tmp_path / "entity.key").write_text("short")
    with pytest.raises(StoreError, match="damaged"):
        open_pseudonyms(tmp_path)
    assert (tmp_path / "entity.key").read_text() == "short"


def test_any_text_has_a_pseudonym(tmp_path: Path) -> None:
    assert open_pseudonyms(tmp_path)("\ud800 and é") != ""
