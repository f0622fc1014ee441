from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.project import open_project
from mainstay.release import open_books, place_of, store_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_registry_that_is_gone_is_not_made_anew_beside_the_versions_of_the_store(small_project: Path) -> None:
    project = open_project(small_project)
    open_books(project).__exit__()
    (project.books / "store" / "churn" / "1").mkdir(parents=True)
    for file in project.books.glob("registry.sqlite*"):
        file.unlink()
    with pytest.raises(StoreError, match=r"The registry .*registry\.sqlite is gone") as told:
        open_books(project)
    assert "mainstay admin restore" in told.value.cure
    assert not list(project.books.glob("registry.sqlite*"))


def test_a_folder_of_another_model_says_nothing_of_this_one(small_project: Path) -> None:
    project = open_project(small_project)
    (project.books / "store" / "other" / "1").mkdir(parents=True)
    with open_books(project) as books:
        assert books.registry.versions("churn") == ()


def test_the_environment_says_where_books_lie_and_else_their_folder_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAINSTAY_STATE", "MAINSTAY_STORE", "MAINSTAY_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert place_of(tmp_path) == tmp_path
    assert store_of(tmp_path).environment == {"MAINSTAY_STORE": str(tmp_path / "store")}
    said = {"MAINSTAY_STORE": "s3://bucket/prefix", "MAINSTAY_CACHE": str(tmp_path / "elsewhere")}
    for name, value in {**said, "MAINSTAY_STATE": "postgresql://machine/books"}.items():
        monkeypatch.setenv(name, value)
    assert place_of(tmp_path) == "postgresql://machine/books"
    assert store_of(tmp_path).environment == said
