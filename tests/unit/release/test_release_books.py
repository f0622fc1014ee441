from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.errors import StoreError
from mainstay.project import open_project
from mainstay.release import open_books

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
