from __future__ import annotations

import hmac
import stat
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.events import Pseudonyms, open_pseudonyms

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


def test_machines_share_a_key_that_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = open_pseudonyms(tmp_path / "first")
    monkeypatch.setenv("MAINSTAY_ENTITY_KEY", str(tmp_path / "first" / "entity.key"))
    assert open_pseudonyms(tmp_path / "second")("7590") == theirs("7590")
    assert not (tmp_path / "second").exists()


def test_a_mounted_key_that_isnt_there_is_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_ENTITY_KEY", str(tmp_path / "gone.key"))
    with pytest.raises(StoreError, match="MAINSTAY_ENTITY_KEY names it"):
        open_pseudonyms(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [0, 16, 32, 64, 65, 200])
def test_a_pseudonym_is_the_library_s_hmac(length: int) -> None:
    secret = bytes(range(length))
    for entity in ("", "7590-VHVEG", "\ud800 é", "x" * 1000):
        told = hmac.digest(secret, entity.encode("utf-8", "surrogatepass"), "sha256").hex()
        assert Pseudonyms(secret)(entity) == told[:32]
