"""Backups and restoring: the books come back as they were, or stay as they are."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.cli import main
from mainstay.errors import CorruptError, InputError, NotFoundError, StoreError
from mainstay.lifecycle import back_up, examine, list_keys, new_key, restore, restore_copy, restore_newest, revoke_key
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project
from mainstay.state import dump
from mainstay.state.sqlite import FILE

if TYPE_CHECKING:
    from mainstay.project import Project


NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Register two versions, released one after the other."""
    made = tiny_project(tmp_path / "here")
    (made.root / "contract.toml").write_text('[tenure]\ntype = "integer"\n', encoding="utf-8")
    for number in (1, 2):
        assert register_model(made, TINY_MODEL) == number
        release_now(made, number, trial=True)
    (made.books / "trust").write_text(f"{'a' * 64}  me  2026-11-22T00:00:00Z  features.py of churn\n")
    return made


def told(project: Project) -> tuple[object, ...]:
    """Say what the books say."""
    with open_books(project) as books:
        versions = books.registry.versions(project.name)
        for version in versions:
            books.registry.load_bundle(project.name, version.number)
        return versions, books.releases.history(project.name)


def names(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as archive:
        return set(archive.namelist())


def test_the_books_come_back_in_an_empty_folder(project: Project, tmp_path: Path) -> None:
    about = back_up(project, tmp_path / "b.zip")
    assert (about.model, about.versions, about.releases, about.left_out) == (project.name, 2, 2, ())
    there = tmp_path / "there"
    there.mkdir()
    done = restore(there, tmp_path / "b.zip")
    again = open_project(there)
    assert told(again) == told(project)
    assert done.aside == ""
    assert examine(again).broken == ()
    assert (again.books / "trust").read_text() == (project.books / "trust").read_text()
    assert (there / "contract.toml").read_text() == (project.root / "contract.toml").read_text()
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in again.books.rglob("*")}
    assert modes == {0}
    assert not list(again.books.glob(".restoring-*"))


def test_private_keys_and_events_go_along_only_where_that_is_said(project: Project, tmp_path: Path) -> None:
    (project.books / "entity.key").write_text("00" * 32)
    (project.books / "keys").mkdir(mode=0o700)
    for name, what in (("1.pem", "private"), ("1.pub", "public"), ("revoked", "")):
        (project.books / "keys" / name).write_text(what)
    (project.books / "events" / "actions").mkdir(parents=True)
    (project.books / "events" / "actions" / "x.jsonl").write_text("{}\n")
    back_up(project, tmp_path / "without.zip")
    back_up(project, tmp_path / "with.zip", keys=True, events=True)
    more = {"keys/1.pem", "entity.key", "events/actions/x.jsonl"}
    assert names(tmp_path / "with.zip") - names(tmp_path / "without.zip") == more
    assert {"keys/1.pub", "keys/revoked", "trust"} < names(tmp_path / "without.zip")
    assert stat.S_IMODE((tmp_path / "with.zip").stat().st_mode) == 0o600
    assert "private" not in (tmp_path / "without.zip").read_bytes().decode("latin-1")


def test_healthy_books_are_replaced_by_nobody_who_did_not_say_so(project: Project, tmp_path: Path) -> None:
    back_up(project, tmp_path / "b.zip")
    first = told(project)
    release_now(project, 1, trial=True)
    second = told(project)
    with pytest.raises(InputError, match="is healthy: 2 versions, 3 releases"):
        restore(project.root, tmp_path / "b.zip")
    assert told(project) == second
    done = restore(project.root, tmp_path / "b.zip", force=True)
    assert told(project) == first
    aside = {path.name for path in Path(done.aside).iterdir()}
    assert aside - {f"{FILE}-wal", f"{FILE}-shm"} == {FILE, "store", "trust"}


def test_keys_that_were_revoked_since_stay_revoked(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "here")
    first = new_key(project, name="first", now=NOON).key.id
    release_now(project, register_model(project, TINY_MODEL), trial=True)
    back_up(project, tmp_path / "b.zip", keys=True)
    new_key(project, name="second", now=NOON)
    revoke_key(project, first, force=True, now=NOON)
    restore(project.root, tmp_path / "b.zip", force=True)
    known = {key.name: (key.revoked, key.signs) for key in list_keys(project)}
    assert known == {"first": (True, True), "second": (False, True)}


def test_a_damaged_bundle_is_left_out_and_told_and_the_others_come_back(project: Project, tmp_path: Path) -> None:
    with open_books(project) as books:
        report = books.registry.folder(project.name, 1) / "report.json"
    report.chmod(0o600)
    report.write_text("{}")
    assert back_up(project, tmp_path / "b.zip").left_out == (f"{project.name}/1",)
    there = tmp_path / "there"
    restore(there, tmp_path / "b.zip")
    with open_books(open_project(there)) as books:
        books.registry.load_bundle(project.name, 2)
    assert [one.about for one in examine(open_project(there)).broken] == ["version 1"]


def test_a_backup_of_another_project_is_refused(project: Project, tmp_path: Path) -> None:
    back_up(project, tmp_path / "b.zip")
    other = tmp_path / "other"
    other.mkdir()
    (other / "mainstay.toml").write_text('[problem]\nname = "other"\n')
    with pytest.raises(InputError, match=r"is a backup of churn, and the project in .* is other"):
        restore(other, tmp_path / "b.zip")


def rewritten(file: Path, out: Path, path: str, content: bytes) -> Path:
    """Change a file in a backup and its line in the list of contents, as somebody would who means harm."""
    from hashlib import sha256  # noqa: PLC0415 - here alone

    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        contents = json.loads(old.read("contents.json"))
        for entry in contents["files"]:
            if entry["path"] == path:
                entry |= {"size": len(content), "sha256": sha256(content).hexdigest()}
        for name in old.namelist():
            changed = {path: content, "contents.json": json.dumps(contents).encode()}.get(name)
            new.writestr(name, old.read(name) if changed is None else changed)
    return out


def test_a_bundle_that_was_changed_together_with_its_hash_is_refused_and_nothing_is_changed(
    project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    back_up(project, file)
    bad = rewritten(file, tmp_path / "bad.zip", f"store/{project.name}/2/report.json", b"{}")
    before = told(project)
    with pytest.raises(CorruptError, match=r"report\.json"):
        restore(project.root, bad, force=True)
    assert told(project) == before
    with pytest.raises(CorruptError, match=r"versions\.jsonl of the dump"):
        restore(project.root, rewritten(file, tmp_path / "worse.zip", "state/versions.jsonl", b""), force=True)
    assert told(project) == before


def test_what_is_no_backup_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorruptError, match="isn't a backup"):
        restore(tmp_path / "empty", tmp_path / "x.zip")
    assert list((tmp_path / "empty").iterdir()) == []


def lose(project: Project) -> None:
    for file in project.books.glob(f"{FILE}*"):
        file.unlink()


def test_a_registry_that_is_gone_comes_back_from_its_newest_copy(project: Project) -> None:
    before = told(project)
    lose(project)
    done = restore_newest(project)
    assert told(project) == before
    assert (done.versions, done.releases, done.without_row, done.lost_releases) == (2, 2, (), None)
    assert done.aside == ""


def test_a_damaged_registry_is_moved_aside_and_what_the_copy_does_not_know_is_told(project: Project) -> None:
    assert register_model(project, TINY_MODEL) == 3
    release_now(project, 3, trial=True)
    for copy in sorted((project.books / "backups").glob("registry-recent-*"))[-2:]:
        copy.unlink()
    (project.books / "backups" / "registry-recent-99999999T000000Z.sqlite").write_bytes(b"not sound")
    garble(project.books / FILE)
    with pytest.raises(CorruptError):
        open_books(project)
    done = restore_newest(project)
    assert (done.versions, done.releases, done.without_row) == (2, 2, (3,))
    assert done.lost_releases in {1, None}  # None where its page was the damaged one
    assert (Path(done.aside) / FILE).is_file()
    assert "bundle 3" in {one.about for one in examine(project, repair=True).complaints}
    assert examine(project).versions == 3


def test_without_any_copy_an_empty_one_is_made_only_where_that_is_said(project: Project) -> None:
    lose(project)
    shutil.rmtree(project.books / "backups")
    with pytest.raises(NotFoundError, match="no sound copy") as said:
        restore_newest(project)
    assert "--empty" in said.value.cure
    done = restore_newest(project, empty=True)
    assert (done.copy, done.versions, done.without_row) == ("", 0, (1, 2))
    examine(project, repair=True)
    assert examine(project).versions == 2


def test_a_healthy_registry_is_not_replaced_by_its_copy(project: Project) -> None:
    with pytest.raises(InputError, match="is healthy"):
        restore_newest(project)
    assert restore_newest(project, force=True).aside


def test_a_copy_that_is_named_is_taken_whether_a_file_or_a_dump(project: Project, tmp_path: Path) -> None:
    with open_books(project) as books:
        early = books.state.back_up()
        dump(books.state, tmp_path / "early.dump")
    before = told(project)
    release_now(project, 1, trial=True)
    for copy in (early, tmp_path / "early.dump"):
        done = restore_copy(project, copy, force=True)
        assert (done.copy, done.releases) == (str(copy), 2)
        assert told(project) == before
        shutil.rmtree(done.aside)


def test_a_copy_that_is_none_is_refused_and_nothing_is_changed(project: Project, tmp_path: Path) -> None:
    before = told(project)
    (tmp_path / "x.sqlite").write_text("nothing")
    (tmp_path / "x.dump").mkdir()
    with pytest.raises(CorruptError, match=r"x\.sqlite isn't a sound copy"):
        restore_copy(project, tmp_path / "x.sqlite", force=True)
    with pytest.raises(StoreError, match="can't be read"):
        restore_copy(project, tmp_path / "x.dump", force=True)
    assert told(project) == before


def garble(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(-4096, os.SEEK_END)
        opened.write(b"\xff" * 4096)


def run(*words: str) -> int:
    try:
        main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command_line_backs_up_restores_and_checks(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, out = str(project.root), str(tmp_path / "b.zip")
    assert run("admin", "backup", "--project", there, "--out", out, "--with-keys") == 0
    assert "whoever has this file can sign" in capsys.readouterr().out
    assert run("admin", "backup", "--project", there, "--out", out) == 2
    assert run("admin", "restore", "--project", there, out) == 2
    assert "--force" in capsys.readouterr().err
    assert run("admin", "restore", "--project", there, out, "--force") == 0
    assert "every hash and every reference is as it should be" in capsys.readouterr().err
    assert run("admin", "restore", "--project", str(tmp_path / "new"), out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["about"]["versions"] == 2
    lose(project)
    assert run("admin", "restore", "--project", there) == 0
    assert "the registry is restored" in capsys.readouterr().out
    assert run("admin", "restore", "--project", there, out, "--empty") == 2
    copy = max((project.books / "backups").iterdir())
    assert run("admin", "restore", "--project", there, str(copy)) == 2
    assert run("admin", "restore", "--project", there, str(copy), "--force") == 0


# Each child is killed at another rename; the parent copies the project anew for each.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from mainstay.lifecycle.backups.restoring import restore
source, file, homes = map(Path, sys.argv[1:])
for step in range(1, 60, 2):
    home = homes / str(step)
    shutil.copytree(source, home)
    child = os.fork()
    if not child:
        left = [step]
        def watch(event, args):
            if event == "os.rename":
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        restore(home, file, force=True)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
"""


def test_a_restoring_that_is_killed_is_as_if_it_never_was_or_is_finished_by_the_next_command(
    project: Project, tmp_path: Path
) -> None:
    file, homes = tmp_path / "b.zip", tmp_path / "homes"
    back_up(project, file)
    restored = told(project)
    release_now(project, 1, trial=True)
    before = told(project)
    words = [sys.executable, "-c", KILLED, str(project.root), str(file), str(homes)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    found = [told(open_project(home)) for home in homes.iterdir()]
    assert len(found) > 4
    assert set(found) == {before, restored}
