"""The doctor where bundles lie in an object store: what is whole there and has no row is taken in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.lifecycle.doctor import examine
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("obstore")


def test_a_lost_row_is_derived_from_the_object_store(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/models")
    project = tiny_project(tmp_path)
    (project.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    register_model(project, TINY_MODEL)
    with open_books(project) as books:
        before = books.registry.versions(project.name)
        with books.state.begin() as connection:
            connection.execute(sa.text("DELETE FROM ingredients"))
            connection.execute(sa.text("DELETE FROM versions"))
    found = examine(project)
    assert [one.message for one in found.complaints] == ["bundle 1 is whole, and the registry knows no such version."]
    examine(project, repair=True)
    with open_books(project) as books:
        assert books.registry.versions(project.name) == before
        books.registry.store.objects.delete(["churn/1/card.md"])  # type: ignore[attr-defined]
        books.registry.store.drop("churn", 1)
    (complaint,) = examine(project).broken
    assert "lacks its file 'card.md'" in complaint.message
