"""What every store promises, and what the one on this machine's disk does besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import SetupError
from mainstay.registry.store import FileStore, open_store

if TYPE_CHECKING:
    from pathlib import Path


def put(store: FileStore, text: str, *, model: str = "churn", highest: int = 0) -> int:
    with store.stage(model) as draft:
        (draft.folder / "manifest.json").write_text(text)
        draft.send(highest)
        number = draft.number(highest)
        draft.settle()
    return number


def test_numbers_grow_above_the_books_and_above_what_lies_there(store: FileStore) -> None:
    assert store.numbers("churn") == ()
    assert [put(store, "a"), put(store, "b"), put(store, "c", highest=7), put(store, "d", model="credit")] == [
        1,
        2,
        8,
        1,
    ]
    assert store.numbers("churn") == (1, 2, 8)
    assert [store.folder("churn", n, "").joinpath("manifest.json").read_text() for n in (1, 2, 8)] == ["a", "b", "c"]


def test_what_is_withdrawn_or_never_settled_is_gone_and_its_number_free(store: FileStore) -> None:
    with store.stage("churn") as draft:
        assert draft.number(0) == 1
        draft.settle()
        draft.withdraw()
        draft.withdraw()
    with store.stage("churn"):
        pass
    assert store.numbers("churn") == ()
    assert list((store.root / "churn").iterdir()) == []
    assert put(store, "a") == 1


def test_removing_is_for_good_and_can_be_done_twice(store: FileStore) -> None:
    put(store, "a")
    put(store, "b")
    store.folder("churn", 1, "").joinpath("manifest.json").chmod(0o400)
    store.remove("churn", 1)
    store.remove("churn", 1)
    store.remove("nobody", 1)
    assert store.numbers("churn") == (2,)
    assert [path.name for path in (store.root / "churn").iterdir()] == ["2"]


def test_a_removal_that_was_killed_is_finished_by_the_next_writer(store: FileStore) -> None:
    put(store, "a")
    (store.root / "churn" / "1").rename(store.root / "churn" / ".tmp-half-removed")
    assert [left.name for left in store.sweep("churn", dry=True)] == [".tmp-half-removed"]
    assert [(left.name, left.size) for left in store.sweep("churn")] == [(".tmp-half-removed", 1)]
    assert store.sweep("churn") == ()


def test_an_address_says_which_store_is_meant(tmp_path: Path) -> None:
    store = open_store(tmp_path / "bundles", tmp_path / "cache")
    assert store.environment == {"MAINSTAY_STORE": str(tmp_path / "bundles")}
    assert store.folder("churn", 3, "") == tmp_path / "bundles" / "churn" / "3"
    with pytest.raises(SetupError, match="can't be kept at 'ftp://…'"):
        open_store("ftp://somebody:secret@there/bundles", tmp_path)
