"""admin keys: what a key changes is said with the versions it changes it for, and the cure."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.cli.program import main
from mainstay.errors import CheckError, InputError, SignatureError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.registry import ProjectKeys
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = tiny_project(tmp_path)
    for value in (0.25, 0.5):
        register_model(made, ConstantModel(value))
    release_now(made, 1)
    return made


def test_the_first_key_signs_what_is_here_so_that_who_answers_can_be_loaded(project: Project) -> None:
    changed = lifecycle.new_key(project, name="release", now=NOON)
    assert (changed.signed, changed.unloaded, changed.in_force) == ((1, 2), (), ())
    said = to_markdown(lifecycle.changed_document(project, changed, "a new key signs here"))
    assert "It signed versions 1, 2, after every byte was compared with the registry." in said
    with open_books(project) as books:
        assert [version.signer for version in books.registry.versions("churn")] == [changed.key.id] * 2
        books.registry.load_bundle("churn", 1)
    assert lifecycle.sign_versions(project) == ()


def test_the_first_key_signs_nothing_that_was_changed(project: Project) -> None:
    with open_books(project) as books:
        report = books.registry.folder("churn", 1) / "report.json"
    report.chmod(0o600)
    report.write_text("{}")
    changed = lifecycle.new_key(project, name="release", now=NOON)
    assert (changed.signed, changed.unloaded, changed.in_force) == ((2,), (1,), (1,))
    said = to_markdown(lifecycle.changed_document(project, changed, "a new key signs here"))
    assert "Version 1 answers now, and only until its server starts anew" in said


def test_the_first_key_leaves_what_another_one_signed(project: Project, tmp_path: Path) -> None:
    theirs = tiny_project(tmp_path / "theirs")
    key = lifecycle.new_key(theirs, name="theirs", now=NOON).key
    lifecycle.export_version(theirs, register_model(theirs, TINY_MODEL), tmp_path / "theirs.zip")
    lifecycle.import_version(project, tmp_path / "theirs.zip", parent=None, now=NOON, by="a test")
    release_now(project, 3)
    with pytest.raises(CheckError, match=rf"Version 3, which answers now, was signed by the key '{key.id}'"):
        lifecycle.new_key(project, name="ours", now=NOON)
    assert lifecycle.list_keys(project) == ()
    release_now(project, 1)
    changed = lifecycle.new_key(project, name="ours", now=NOON)
    assert (changed.signed, changed.unloaded) == ((1, 2), (3,))
    assert lifecycle.trust_key(project, key.public, name="theirs", now=NOON).unloaded == ()


def test_the_first_key_of_others_isnt_trusted_where_it_would_stop_who_answers(project: Project, tmp_path: Path) -> None:
    key = lifecycle.new_key(tiny_project(tmp_path / "theirs"), name="theirs", now=NOON).key
    with pytest.raises(CheckError, match=rf"The key {key.id} would be the first .* didn't sign version 1: no") as told:
        lifecycle.trust_key(project, key.public, name="theirs", now=NOON)
    assert "mainstay admin keys sign 1), or --force" in told.value.cure
    assert lifecycle.list_keys(project) == ()
    forced = lifecycle.trust_key(project, key.public, name="theirs", now=NOON, force=True)
    assert (forced.unloaded, forced.in_force) == ((1, 2), (1,))


def test_a_later_key_signs_nothing_by_itself(project: Project) -> None:
    lifecycle.new_key(project, name="first", now=NOON, sign=False)
    changed = lifecycle.new_key(project, name="second", now=NOON.replace(hour=13))
    assert (changed.signed, changed.unloaded) == ((), (1, 2))


def test_until_the_first_key_has_signed_no_signature_is_asked_for(project: Project) -> None:
    keys = ProjectKeys(project)
    seen = []
    keys.make("ours", NOON, before=lambda signer: seen.append((signer.id, keys.trusted().demanded)))
    assert seen == [(keys.known()[0].id, False)]
    assert keys.trusted().demanded


def test_a_key_that_signs_nothing_says_what_isnt_loaded_any_more_and_the_cure(project: Project) -> None:
    changed = lifecycle.new_key(project, name="release", now=NOON, sign=False)
    assert (changed.unloaded, changed.in_force) == ((1, 2), (1,))
    said = to_markdown(lifecycle.changed_document(project, changed, "a new key signs here"))
    assert "signed versions 1, 2: no server, gate, release or rollback here loads them any more" in said
    assert "Version 1 answers now, and only until its server starts anew" in said
    assert "mainstay admin keys sign 1 2" in said


def test_sign_takes_what_nobody_signed_and_names_nothing_twice(project: Project) -> None:
    key = lifecycle.new_key(project, name="release", now=NOON, sign=False).key
    assert [(one.version, one.key) for one in lifecycle.sign_versions(project)] == [(1, key.id), (2, key.id)]
    assert lifecycle.sign_versions(project) == ()
    assert lifecycle.release(project, 2, reason="because", by="a test", trial=True).champion == 2
    assert lifecycle.rollback(project, reason="because", by="a test").champion == 1


def test_an_unsigned_version_is_neither_released_nor_judged_nor_rolled_back_to(project: Project) -> None:
    release_now(project, 2)
    lifecycle.new_key(project, name="release", now=NOON, sign=False)
    with pytest.raises(SignatureError, match="version 1 isn't signed"):
        lifecycle.release(project, 1, reason="because", by="a test", trial=True)
    with pytest.raises(SignatureError, match="version 2 isn't signed"):
        lifecycle.gate(project, 2, now=NOON, by="a test")
    with pytest.raises(SignatureError, match="version 1 isn't signed"):
        lifecycle.rollback(project, reason="because", by="a test")
    assert "churn" in lifecycle.card(project, 2)  # looking is no loading


def test_the_key_of_who_answers_isnt_revoked_without_force(project: Project) -> None:
    old = lifecycle.new_key(project, name="old", now=NOON).key
    lifecycle.sign_versions(project)
    with pytest.raises(CheckError, match=rf"The key {old.id} signed version 1, which answers now") as told:
        lifecycle.revoke_key(project, old.id, force=False, now=NOON)
    assert "mainstay admin keys sign 1), or --force" in told.value.cure
    new = lifecycle.new_key(project, name="new", now=NOON.replace(hour=13)).key
    assert lifecycle.sign_versions(project, [1])[0].key == new.id
    changed = lifecycle.revoke_key(project, old.id[:6], force=False, now=NOON)
    assert (changed.unloaded, changed.in_force) == ((2,), ())
    with pytest.raises(InputError, match="revoked already"):
        lifecycle.revoke_key(project, old.id, force=True, now=NOON)
    forced = lifecycle.revoke_key(project, new.id, force=True, now=NOON)
    assert (forced.unloaded, forced.in_force) == ((1, 2), (1,))
    assert [key.revoked for key in lifecycle.list_keys(project)] == [True, True]


def test_what_another_key_signed_is_signed_by_name_alone(project: Project) -> None:
    old = lifecycle.new_key(project, name="old", now=NOON).key
    lifecycle.sign_versions(project)
    lifecycle.revoke_key(project, old.id, force=True, now=NOON)
    new = lifecycle.new_key(project, name="new", now=NOON.replace(hour=13))
    assert new.unloaded == (1, 2)
    assert lifecycle.sign_versions(project) == ()
    assert [one.version for one in lifecycle.sign_versions(project, [2])] == [2]


def test_the_command_line_tells_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = 0
        try:
            main(["admin", "keys", *words, "--project", str(project.root)])
        except SystemExit as leave:
            code = int(leave.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    assert "none has to be" in run("list")[1]
    code, said = run("new", "--name", "release", "--no-sign")
    assert code == 0
    assert "mainstay admin keys sign 1 2" in said
    code, said = run("list", "--json")
    listed = json.loads(said)
    assert (listed[0]["name"], listed[0]["signs"]) == ("release", True)
    code, said = run("sign")
    assert "version 2 is signed by the key" in said
    assert run("sign")[1].endswith("every version is signed\n")
    code, said = run("revoke", listed[0]["id"])
    assert code == 1
    assert "or --force" in said
    code, said = run("trust", "nowhere.pub")
    assert code == 2
    assert "There is no nowhere.pub" in said
    assert "trusted" in run("list")[1]


def test_a_training_is_told_first_that_it_could_not_sign(small_project: Path, tmp_path: Path) -> None:
    from mainstay.project import open_project  # noqa: PLC0415

    other = lifecycle.new_key(tiny_project(tmp_path / "other"), name="theirs", now=NOON).key
    project = open_project(small_project)
    lifecycle.trust_key(project, other.public, name="theirs", now=NOON)
    told: list[str] = []
    with pytest.raises(Exception, match="there is no key here to sign with"):
        lifecycle.train(project, now=NOON, by="a test", progress=told.append)
    assert told == []


def test_a_rehearsal_knows_the_keys(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    lifecycle.new_key(project, name="release", now=NOON)
    number = register_model(project, TINY_MODEL)
    verdict = lifecycle.gate(project, number, now=NOON, by="a test")
    notes = [one.note for one in verdict.findings]
    assert any("A fresh worker answered" in note for note in notes)
    assert not any("No fresh worker answered" in note for note in notes)
