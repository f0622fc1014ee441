from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import SetupError, StoreError
from mainstay.state import open_late
from mainstay.state.sqlite import FILE

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_opened_before_it_is_used(tmp_path: Path) -> None:
    state = open_late(tmp_path / "books")
    assert state.name == str(tmp_path / "books" / FILE)
    assert not (tmp_path / "books").exists()
    state.close()
    with state.begin() as connection:
        connection.execute(sa.text("INSERT INTO leases VALUES ('a', 'me', 1, 'soon')"))
    with state.read() as connection:
        assert state.tables(connection) >= {"leases"}
        assert state.spelt("SELECT 1") == "SELECT 1"
    assert state.damages() == ()
    state.keep_recent()
    assert state.back_up().is_file()
    state.close()


def test_what_failed_is_tried_again_at_the_next_use(tmp_path: Path) -> None:
    (tmp_path / "books").write_text("in the way")
    state = open_late(tmp_path / "books")
    for _ in range(2):
        with pytest.raises(StoreError, match="is a file, not a folder"), state.read():
            pytest.fail("it can't be opened")
    (tmp_path / "books").unlink()
    with state.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM leases")).scalar() == 0
    state.close()


def test_an_address_that_can_not_be_read_is_told_at_once() -> None:
    with pytest.raises(SetupError):
        open_late("mysql://me:secret@host/books")
