"""A project whose registry is in PostgreSQL, and its way there and back."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay.errors import CorruptError, ReleaseError, StoreError
from mainstay.lifecycle import back_up, examine, restore, restore_copy, restore_newest
from mainstay.models.report import Verdict
from mainstay.project import open_project
from mainstay.release import Approved, open_books, propose_rollback
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project
from mainstay.state import open_late, open_state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Postgres

    from mainstay.project import Project

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def project(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make a project whose registry is on either engine, with two versions released one after the other."""
    monkeypatch.setenv("MAINSTAY_STATE", place)
    made = tiny_project(tmp_path / "here")
    (made.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    for number in (1, 2):
        assert register_model(made, TINY_MODEL) == number
        release_now(made, number, trial=True)
    return made


def told(project: Project) -> tuple[object, ...]:
    """Say what the books say, having loaded every bundle."""
    with open_books(project) as books:
        versions = books.registry.versions(project.name)
        for version in versions:
            books.registry.load_bundle(project.name, version.number)
        return versions, books.releases.history(project.name)


def test_the_books_work_on_either_engine(project: Project) -> None:
    name = project.name
    with open_books(project) as books:
        books.registry.add_verdict(name, 2, Verdict(ok=True, findings=(), at=NOON, by="me"))
        assert [version.ok for version in books.registry.versions(name)] == [None, True]
        books.approvals.add(Approved(model=name, number=2, at=NOON, by="me", reason="fine"))
        assert [one.by for one in books.approvals.of(name, 2)] == ["me"]
        draft = propose_rollback(books.releases.history(name), name, at=NOON, by="me", reason="back")
        books.releases.append(draft)
        with pytest.raises(ReleaseError, match="Somebody else released"):
            books.releases.append(draft)
        assert books.release_in_force().champion == 1
        assert books.registry.models() == (name,)
    assert examine(project).broken == ()


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_of_either_engine_is_restored_into_either(
    project: Project, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    before = told(project)
    back_up(project, tmp_path / "b.zip")
    if target == "sqlite":
        monkeypatch.delenv("MAINSTAY_STATE")
    else:
        monkeypatch.setenv("MAINSTAY_STATE", f"{postgres}?schema=r_{time.time_ns()}")
    there = tmp_path / "there"
    restore(there, tmp_path / "b.zip")
    again = open_project(there)
    assert told(again) == before
    assert examine(again).broken == ()
    if target == "postgresql":
        with pytest.raises(StoreError, match="isn't empty") as said:
            restore(there, tmp_path / "b.zip", force=True)
        assert "schema" in said.value.cure
        assert told(again) == before


def test_a_backup_goes_into_an_empty_object_store_under_its_own_numbers(
    project: Project, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = told(project)
    with open_books(project) as books:  # a gap in the numbers
        books.registry.store.remove(project.name, 1)
    back_up(project, tmp_path / "b.zip")
    monkeypatch.setenv("MAINSTAY_STATE", f"sqlite:///{tmp_path}/other/registry.sqlite")
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/models")
    there = tmp_path / "there"
    done = restore(there, tmp_path / "b.zip")
    assert done.about.left_out == (f"{project.name}/1",)
    with open_books(open_project(there)) as books:
        books.registry.load_bundle(project.name, 2)
        assert (books.registry.versions(project.name), books.releases.history(project.name)) == before
        assert books.registry.store.numbers(project.name) == (2,)
    restore(there, tmp_path / "b.zip", force=True)  # what lies there is the same


def test_a_registry_in_a_server_has_no_copies_here(
    project: Project, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.startswith("postgresql"):
        with pytest.raises(Exception, match="has its own backups") as said:
            restore_newest(project)
        assert "secret" not in str(said.value)
        assert not (project.books / "backups").exists()
        before = told(project)
        with open_books(project) as books:
            dumped = books.state.back_up()
        monkeypatch.setenv("MAINSTAY_STATE", f"{place}_new")
        assert restore_copy(project, dumped).releases == 2
        assert told(project) == before
        with pytest.raises(StoreError, match="isn't empty"):
            restore_copy(project, dumped, force=True)
        return
    monkeypatch.setenv("MAINSTAY_STATE", place)
    before = told(project)
    assert restore_newest(project, force=True).releases == 2
    assert told(project) == before


def test_books_that_are_opened_late_wait_for_their_server(mortal_postgres: Postgres, tmp_path: Path) -> None:
    state = open_late(mortal_postgres.address, books=tmp_path)
    for _ in range(2):
        with pytest.raises(StoreError, match="can't be reached"), state.read():
            pytest.fail("nobody is there")
    with mortal_postgres.running():
        with state.read() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM leases")).scalar() == 0
        state.close()


def test_a_damaged_page_of_the_server_is_found_and_told(mortal_postgres: Postgres, tmp_path: Path) -> None:
    with mortal_postgres.running():
        state = open_state(mortal_postgres.address, books=tmp_path)
        saved = state.back_up()
        with state.begin() as connection:
            connection.execute(sa.text("INSERT INTO leases VALUES ('a', 'me', 1, 'soon')"))
            file = connection.execute(sa.text("SELECT pg_relation_filepath('leases')")).scalar_one()
        state.close()
    path = mortal_postgres.data / file
    with path.open("r+b") as page:
        page.write(b"\xff" * 64)
    with mortal_postgres.running():
        (found,) = state.damages()
        assert "invalid page" in found
        with pytest.raises(CorruptError, match=r"is damaged: .*invalid page") as said, state.read() as connection:
            connection.execute(sa.text("SELECT * FROM leases"))
        assert str(saved) in said.value.cure
        state.close()
