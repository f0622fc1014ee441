"""The doctor: whatever is broken is named once, with its cure; what can be derived is derived again."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mainstay import lifecycle
from mainstay.cli import main
from mainstay.events.erasing.pending import Pending, end_pending, keep_pending
from mainstay.events.erasing.traces import Traces
from mainstay.lifecycle.doctor import Complaint, Examination, examine
from mainstay.release import Route, open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Register two versions, released one after the other."""
    made = tiny_project(tmp_path)
    (made.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    for number in (1, 2):
        assert register_model(made, TINY_MODEL) == number
        release_now(made, number, trial=True)
    return made


def bundle(project: Project, number: int) -> Path:
    with open_books(project) as books:
        return books.registry.folder(project.name, number)


def sql(project: Project, statement: str) -> None:
    with open_books(project) as books, books.state.begin() as connection:
        connection.execute(sa.text(statement))


def only(found: Examination) -> Complaint:
    (complaint,) = found.broken
    return complaint


def notes(found: Examination) -> list[str]:
    return [one.message for one in found.complaints if one.weight == "note"]


def test_sound_books_are_sound(project: Project) -> None:
    found = examine(project)
    assert (found.versions, found.releases, found.broken) == (2, 2, ())
    assert notes(found) == ["version 1 was never judged.", "version 2 was never judged."]


def test_a_changed_file_is_named_and_cant_be_mended(project: Project) -> None:
    path = bundle(project, 1) / "report.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    complaint = only(examine(project, repair=True))
    assert complaint.about == "version 1"
    assert "'report.json'" in complaint.message
    assert "admin restore" in complaint.cure
    assert not complaint.repairable


def test_a_bundle_that_is_gone_is_told_for_its_version_and_for_the_answer(project: Project) -> None:
    shutil.rmtree(bundle(project, 2))
    assert [(one.check, one.about) for one in examine(project).broken] == [
        ("versions", "version 2"),
        ("releases", "version 2"),
    ]


def test_another_bundle_under_the_number_is_told(project: Project) -> None:
    shutil.rmtree(bundle(project, 1))
    shutil.copytree(bundle(project, 2), bundle(project, 1))
    assert "isn't the one that was registered" in only(examine(project)).message


def test_a_row_that_contradicts_its_bundle_is_written_anew(project: Project) -> None:
    sql(project, "UPDATE versions SET author = 'somebody else', data_rows = 7 WHERE number = 1")
    before = only(examine(project))
    assert "by, data_rows" in before.message
    assert before.repairable
    assert examine(project, repair=True).broken == ()
    assert examine(project).broken == ()
    with open_books(project) as books:
        assert books.registry.version(project.name, 1).by == "a test"


def test_what_only_a_row_knows_outlives_its_mending(project: Project) -> None:
    lifecycle.new_key(project, name="ours", now=dt.datetime(2026, 11, 28, tzinfo=dt.UTC))
    sql(project, "UPDATE versions SET author = 'the importer', made = 'imported', data_rows = 7 WHERE number = 1")
    assert "bundle: data_rows." in only(examine(project)).message
    assert examine(project, repair=True).broken == ()
    with open_books(project) as books:
        row = books.registry.version(project.name, 1)
    assert (row.by, row.made, row.data_rows) == ("the importer", "imported", 50)
    assert row.signer


def test_a_row_that_is_lost_is_derived_from_its_bundle(project: Project) -> None:
    with open_books(project) as books:
        before = books.registry.versions(project.name)
    sql(project, "PRAGMA foreign_keys = OFF")
    sql(project, "DELETE FROM ingredients")
    sql(project, "DELETE FROM versions WHERE number = 2")
    found = examine(project)
    assert "release 2 names version 2, which the registry doesn't know." in [one.message for one in found.broken]
    assert "bundle 2 is whole, and the registry knows no such version." in notes(found)
    assert examine(project, repair=True).broken == ()
    with open_books(project) as books:
        assert books.registry.versions(project.name) == before


def test_a_half_written_folder_without_a_row_is_only_a_note(project: Project) -> None:
    half = bundle(project, 1).with_name("7")
    half.mkdir()
    (half / "card.md").write_text("half", encoding="utf-8")
    (half.with_name("8")).mkdir()
    (half.with_name("8") / "manifest.json").write_text("{}", encoding="utf-8")
    found = examine(project)
    assert found.broken == ()
    assert [note for note in notes(found) if "bundle" in note.lower()] != []


def test_a_gap_in_the_history_is_told(project: Project) -> None:
    sql(project, "DELETE FROM releases WHERE id = 1")
    assert only(examine(project, repair=True)).message == "Release 1 is missing from the history."


def test_routes_that_lead_nowhere_are_told(project: Project) -> None:
    sql(project, "UPDATE releases SET routes = replace(routes, '1.0', '0.5') WHERE id = 1")
    assert "add up to 1" in only(examine(project)).message


def test_a_clock_that_was_set_back_is_a_note(project: Project) -> None:
    sql(project, "UPDATE releases SET at = '2020-01-01T00:00:00.000000Z' WHERE id = 2")
    found = examine(project)
    assert found.broken == ()
    assert any("a clock was set back" in note for note in notes(found))


def test_a_canary_that_is_not_there_is_told(project: Project) -> None:
    release_now(project, 2, Route(1, "canary", 0.1), trial=True)
    shutil.rmtree(bundle(project, 1))
    assert ("releases", "version 1") in [(one.check, one.about) for one in examine(project).broken]


def test_what_others_could_write_is_taken_from_them(project: Project) -> None:
    file = project.books / "registry.sqlite"
    file.chmod(0o666)
    assert "registry.sqlite" in {one.about for one in examine(project).broken}
    assert examine(project, repair=True).broken == ()
    assert file.stat().st_mode & 0o777 == 0o644


def test_what_a_killed_registration_left_is_a_note_and_swept(project: Project) -> None:
    (bundle(project, 1).parent / ".tmp-0123456789abcdef").mkdir()
    assert any(".tmp-0123456789abcdef" in note for note in notes(examine(project)))
    examine(project, repair=True)
    assert not any(".tmp-" in note for note in notes(examine(project)))


def test_what_a_version_is_made_of_is_read_from_its_bundle_again(project: Project) -> None:
    with open_books(project) as books:
        before = books.registry.ingredients(project.name, 1)
    assert before
    sql(project, "DELETE FROM ingredients WHERE number = 1")
    assert "The registry doesn't say what version 1 is made of." in notes(examine(project))
    examine(project, repair=True)
    with open_books(project) as books:
        assert books.registry.ingredients(project.name, 1) == before


def test_a_removal_that_was_cut_short_is_finished(project: Project) -> None:
    assert register_model(project, TINY_MODEL) == 3
    sql(project, "UPDATE versions SET removed = '2026-01-01T00:00:00.000000Z' WHERE number = 3")
    assert "version 3 was removed, and something of its bundle still lies there." in notes(examine(project))
    examine(project, repair=True)
    with open_books(project) as books:
        assert books.registry.store.look(project.name, 3) is None


def test_a_version_that_no_trusted_key_signed_is_told(project: Project) -> None:
    lifecycle.new_key(project, name="ours", now=dt.datetime(2026, 11, 28, tzinfo=dt.UTC), sign=False)
    found = {(one.check, one.about): one for one in examine(project).broken}
    assert ("versions", "version 1") in found
    assert found["versions", "version 1"].cure.endswith("mainstay admin keys sign 1")
    lifecycle.sign_versions(project)
    assert examine(project).broken == ()


def test_a_cut_line_of_the_log_is_a_note(project: Project) -> None:
    stream = project.books / "events" / "predictions"
    stream.mkdir(parents=True)
    (stream / "20261122T170300000000Z-1.jsonl").write_bytes(b'{"a": 1}\n{"b"')
    found = examine(project)
    assert found.broken == ()
    assert any("(predictions) was cut off" in note for note in notes(found))


def test_a_contract_that_cant_be_read_is_told(project: Project) -> None:
    (project.root / "contract.toml").unlink()
    assert only(examine(project)).about == "contract.toml"


def test_a_damaged_page_is_told_and_the_other_checks_wait(project: Project) -> None:
    file = project.books / "registry.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    file.write_bytes(content)
    found = examine(project)
    assert {one.check for one in found.broken} == {"database"}


def test_the_command_says_so_and_exits(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["admin", "doctor", "--project", str(project.root)]
    main(here)
    assert "everything is sound" in capsys.readouterr().out
    shutil.rmtree(bundle(project, 2))
    with pytest.raises(SystemExit) as ended:
        main([*here, "--json"])
    assert ended.value.code == 1
    said = json.JSONDecoder().raw_decode(capsys.readouterr().out)[0]
    assert {one["about"] for one in said["complaints"] if one["weight"] == "broken"} == {"version 2"}


def test_a_database_that_machines_share_without_a_key_is_told(
    project: Project, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAINSTAY_ENTITY_KEY", raising=False)
    assert not [one for one in examine(project).complaints if "MAINSTAY_ENTITY_KEY" in one.message]
    monkeypatch.setenv("MAINSTAY_STATE", f"{postgres}?schema=lonely")
    shutil.rmtree(project.books / "store")
    (told,) = [one for one in examine(project).complaints if "MAINSTAY_ENTITY_KEY" in one.message]
    assert (told.weight, told.about) == ("note", "entity.key")
    monkeypatch.setenv("MAINSTAY_ENTITY_KEY", str(project.books / "entity.key"))
    assert not [one for one in examine(project).complaints if "MAINSTAY_ENTITY_KEY" in one.message]


def test_an_erasure_that_was_interrupted_is_told_until_it_is_done(project: Project) -> None:
    root = project.books / "events"
    keep_pending(root, Pending(Traces(frozenset({"f0c9"}))))
    complaint = only(examine(project))
    assert (complaint.check, complaint.about) == ("events", "erasing.json")
    assert "f0c9" not in complaint.message
    assert "mainstay events erase" in complaint.cure
    (root / "erasing.json").write_bytes(b"{")
    assert "can't be read" in only(examine(project)).message
    end_pending(root)
    assert examine(project).broken == ()
