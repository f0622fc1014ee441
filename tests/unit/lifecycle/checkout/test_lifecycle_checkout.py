"""Real repositories: what a version was made of is had again, and nothing is lost by it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mainstay import lifecycle
from mainstay.data.versions import keep_source
from mainstay.errors import CorruptError, DataError
from mainstay.project import open_project
from mainstay.registry import capture_lineage
from mainstay.registry.changes import Changes
from mainstay.registry.code import PATCH, CodeFile, capture_code
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, tiny_entry

if TYPE_CHECKING:
    from mainstay.project import Project

ROWS = "tenure,Churn\n1,Yes\n2,No\n"


@dataclass(frozen=True)
class Work:
    """A project in a folder of a repository, and what a training of it leaves."""

    project: Project

    @property
    def root(self) -> Path:
        return self.project.root

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, message: str) -> str:
        self.git("add", "--all", ".")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def register(self, patch: bytes = b"", **more: Any) -> int:
        """Register what a training of this tree would leave; `patch` and `more` as a hostile bundle has them."""
        kept = keep_source(self.root / "data" / "rows.csv", self.root)
        code = capture_code(self.root)
        lineage = capture_lineage(
            self.root,
            data_fingerprint="f00d",
            source=kept.source,
            rows=2,
            data_md5=kept.md5,
            data_size=kept.size,
            data_pointer=kept.pointer,
            parameters={},
            seed=7,
            by="me",
            code=code,
            made="trained",
        )
        if patch:
            more["changes"] = Changes(sha256=hashlib.sha256(patch).hexdigest(), size=len(patch), kept=True)
        lineage = msgspec.structs.replace(lineage, **more)
        contents = (*(one for one in code.contents if not patch or one[0] != PATCH), *([(PATCH, patch)] * bool(patch)))
        entry = replace(tiny_entry(self.project, TINY_MODEL), lineage=lineage, code=contents, made="trained")
        with open_books(self.project) as books:
            return books.registry.register(entry, dt.datetime.now(dt.UTC)).number

    def state(self) -> dict[str, bytes]:
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        ours = (path for path in found if not {".mainstay", "cache"} & set(path.parts))
        return {str(path.relative_to(self.root)): path.read_bytes() for path in ours}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "me")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "me@example.com")
    repository = tmp_path / "work"
    root = repository / "models" / "churn"
    (root / "data").mkdir(parents=True)
    (root / "data" / "rows.csv").write_text(ROWS)
    (root / "mainstay.toml").write_text('[problem]\nname = "churn"\naction = "offer"\n')
    (root / "features.py").write_text("first = 1\n")
    (root / "old.py").write_text("gone = 1\n")
    (root / ".gitignore").write_text(".mainstay/\n")
    (repository / "shared.py").write_text("shared = 1\n")
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    made = Work(open_project(root))
    keep_source(root / "data" / "rows.csv", root)
    made.git("add", "--all", ":/")
    made.git("commit", "-q", "-m", "first")
    return made


def test_a_new_folder_gets_the_commit_the_changes_and_the_rows(work: Work, tmp_path: Path) -> None:
    (work.root / "features.py").write_text("changed = 1\n")
    (work.root / "model.py").write_text("def model(): ...\n")
    number = work.register()
    before = work.state()
    work.git("add", "--all", ".")
    work.git("commit", "-q", "-m", "later")
    (work.root / "features.py").write_text("later = 1\n")
    (work.root / "data" / "rows.csv").write_text("other\n")

    found = lifecycle.checkout(work.project, number, out=tmp_path / "again")
    assert found.whole
    assert found.missing == ()
    assert found.project == str(tmp_path / "again" / "models" / "churn")
    again = Work(open_project(Path(found.project)))
    assert {name: content for name, content in again.state().items() if name != "churn.mainstay.json"} == before
    assert (tmp_path / "again" / "shared.py").read_text() == "shared = 1\n"
    assert (work.root / "features.py").read_text() == "later = 1\n"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_in_place_the_files_are_those_of_the_version_and_head_stays(work: Work) -> None:
    number = work.register()
    before = work.state()
    (work.root / "features.py").write_text("second = 2\n")
    (work.root / "old.py").unlink()
    (work.root / "new.py").write_text("new = 1\n")
    (work.root / "data" / "rows.csv").write_text(ROWS + "3,No\n")
    work.register()
    head = work.commit("second")
    after = work.state()
    (work.root / "notes.txt").write_text("mine, and not git's")

    found = lifecycle.checkout(work.project, number)
    assert found.whole
    left = work.state()
    assert left.pop("notes.txt") == b"mine, and not git's"
    assert b'"version": 1' in left.pop("churn.mainstay.json")
    assert left == before
    assert work.git("rev-parse", "HEAD").strip() == head
    assert work.git("diff", "--cached", "--name-only") == ""

    assert found.back == ("git restore -- .", "rm -- churn.mainstay.json old.py", "dvc checkout data/rows.csv.dvc")
    for line in found.back[:2]:
        subprocess.run(line, shell=True, check=True, cwd=work.root)  # noqa: S602 - as a person would type it
    (work.root / "data" / "rows.csv").unlink()
    lifecycle.checkout(work.project, 2)
    left = work.state()
    left.pop("notes.txt")
    left.pop("churn.mainstay.json")
    assert left == after


def test_in_place_it_refuses_where_something_would_be_lost(work: Work) -> None:
    number = work.register()
    (work.root / "old.py").unlink()
    work.commit("second")
    for name, content, said in (
        ("features.py", "unsaved = 1\n", "weren't committed: models/churn/features.py"),
        ("old.py", "mine now\n", "git doesn't know would be overwritten: old.py"),
        ("data/rows.csv", "kept nowhere\n", "what it holds now is kept nowhere"),
    ):
        was = (work.root / name).read_bytes() if (work.root / name).exists() else None
        (work.root / name).write_text(content)
        before = work.state()
        with pytest.raises(DataError, match=said):
            lifecycle.checkout(work.project, number)
        assert work.state() == before
        (work.root / name).unlink() if was is None else (work.root / name).write_bytes(was)
    assert not list(work.project.books.glob(".checkout-*"))


def test_an_ignored_file_in_the_way_is_not_lost(work: Work) -> None:
    number = work.register()
    (work.root / "old.py").unlink()
    (work.root / ".gitignore").write_text(".mainstay/\nold.py\n")
    work.commit("second")
    (work.root / "old.py").write_text("mine, ignored\n")
    with pytest.raises(DataError, match=r"git doesn't know would be overwritten: old\.py"):
        lifecycle.checkout(work.project, number)
    assert (work.root / "old.py").read_text() == "mine, ignored\n"


def test_a_file_that_stays_and_would_shape_another_model_is_told(work: Work) -> None:
    number = work.register()
    (work.root / "model.py").write_text("def model(): ...\n")
    found = lifecycle.checkout(work.project, number)
    assert not found.code_whole
    assert found.missing == ("model.py wasn't there then, and stays: git doesn't know it. Move it away",)
    assert (work.root / "model.py").exists()


def test_a_link_on_the_way_is_not_followed(work: Work, tmp_path: Path) -> None:
    (work.root / "part").mkdir()
    (work.root / "part" / "code.py").write_text("part = 1\n")
    work.commit("a part")
    number = work.register()
    shutil.rmtree(work.root / "part")
    (tmp_path / "outside").mkdir()
    (work.root / "part").symlink_to(tmp_path / "outside")
    work.commit("a link")
    with pytest.raises(DataError, match="is a link or a file"):
        lifecycle.checkout(work.project, number)
    assert not list((tmp_path / "outside").iterdir())


def test_a_folder_that_holds_something_is_not_written_into(work: Work, tmp_path: Path) -> None:
    number = work.register()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("")
    with pytest.raises(DataError, match="isn't an empty folder"):
        lifecycle.checkout(work.project, number, out=tmp_path / "full")
    (tmp_path / "empty").mkdir()
    assert lifecycle.checkout(work.project, number, out=tmp_path / "empty").whole


def test_a_commit_that_is_gone_leaves_what_the_bundle_keeps(work: Work, tmp_path: Path) -> None:
    (work.root / "features.py").write_text("changed = 1\n")
    number = work.register()
    shutil.rmtree(work.root.parents[1] / ".git")
    found = lifecycle.checkout(work.project, number, out=tmp_path / "again")
    assert not found.code_whole
    assert "isn't under git here" in found.missing[0]
    assert (tmp_path / "again" / "features.py").read_text() == "changed = 1\n"
    assert (tmp_path / "again" / "data" / "rows.csv").read_text() == ROWS
    assert found.data_whole
    (work.root / "features.py").write_text("other = 1\n")
    with pytest.raises(DataError, match=r"nobody else keeps would be overwritten: features\.py"):
        lifecycle.checkout(work.project, number)
    assert (work.root / "features.py").read_text() == "other = 1\n"


def test_a_shallow_clone_says_what_helps(work: Work, tmp_path: Path) -> None:
    number = work.register()
    (work.root / "features.py").write_text("second = 2\n")
    work.commit("second")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{work.root.parents[1]}", str(clone)], check=True)
    shutil.copytree(work.project.books, clone / "models" / "churn" / ".mainstay")
    found = lifecycle.checkout(open_project(clone / "models" / "churn"), number, out=tmp_path / "again")
    assert "git fetch --unshallow" in found.missing[0]
    assert (tmp_path / "again" / "features.py").read_text() == "first = 1\n"


def test_rows_that_are_not_in_the_cache_are_told(work: Work, tmp_path: Path) -> None:
    number = work.register()
    (work.root / "data" / "rows.csv").unlink()
    shutil.rmtree(work.root / ".dvc" / "cache")
    found = lifecycle.checkout(work.project, number, out=tmp_path / "again")
    assert found.code_whole
    assert not found.data_whole
    assert found.data == ""
    assert "isn't in the cache of this machine. Fetch it: dvc pull data/rows.csv.dvc" in found.missing[0]


def test_nothing_of_the_repository_is_run(work: Work, tmp_path: Path) -> None:
    canary, hook = tmp_path / "canary", tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch '{canary}'\ncat\n")
    hook.chmod(0o755)
    (work.root / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    work.commit("attributes")
    number = work.register()
    for key in ("filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "diff.evil.textconv", "diff.external"):
        work.git("config", key, str(hook))
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        place = work.root.parents[1] / ".git" / "hooks" / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(hook.read_bytes())
        place.chmod(0o755)
    canary.unlink(missing_ok=True)
    assert lifecycle.checkout(work.project, number, out=tmp_path / "again").whole
    assert not canary.exists()


@pytest.mark.parametrize("link", ["models", "models/churn", "models/churn/data"])
def test_a_patch_that_makes_links_writes_nothing_outside(work: Work, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "-q", str(work.root.parents[1]), str(other)], check=True)
    shutil.rmtree(other / link)
    (other / link).symlink_to(outside)
    subprocess.run(["git", "-C", str(other), "add", "--all"], check=True)
    differ = ["git", "-C", str(other), "diff", "--binary", "--full-index", "--cached", "HEAD"]
    patch = subprocess.run(differ, check=True, capture_output=True).stdout
    number = work.register(patch=patch)
    if link.endswith("data"):
        assert not lifecycle.checkout(work.project, number, out=tmp_path / "again").data_whole
    else:
        with pytest.raises(CorruptError, match="lead out of the folder"):
            lifecycle.checkout(work.project, number, out=tmp_path / "again")
    before = work.state()
    if link.endswith("data"):
        with pytest.raises(DataError, match="would be overwritten: data"):
            lifecycle.checkout(work.project, number)
    else:
        assert not lifecycle.checkout(work.project, number).code_whole
    assert {name: work.state()[name] for name in before} == before
    assert not list(outside.iterdir())


def test_names_that_lead_out_of_an_imported_bundle_lead_nowhere(work: Work, tmp_path: Path) -> None:
    number = work.register(
        data_pointer="../../../evil.csv.dvc",
        source="../../../evil.csv",
        code=(CodeFile("../../../evil.py", "0" * 64, 1),),
    )
    found = lifecycle.checkout(work.project, number, out=tmp_path / "again")
    assert not (tmp_path / "evil.csv").exists()
    assert not found.code_whole
    assert not found.data_whole
    number = work.register(data_pointer="", source="/dev/zero")
    assert not lifecycle.checkout(work.project, number, out=tmp_path / "more").data_whole
    for folder in ("../../", "/evil/"):
        number = work.register(git_folder=folder)
        with pytest.raises(CorruptError, match="lead out of the folder"):
            lifecycle.checkout(work.project, number, out=tmp_path / "evil")


def test_hostile_names_stay_what_they_are(work: Work, tmp_path: Path) -> None:
    names = ["-rf.py", "a\nb.py", "$(touch x).py", ":(exclude)x.py", "ü \u202e.py", 'q"u.py']
    for name in names:
        (work.root / name).write_text(f"# {name!r}\n")
    number = work.register()
    found = lifecycle.checkout(work.project, number, out=tmp_path / "again")
    assert found.whole
    assert all((Path(found.project) / name).read_text() == f"# {name!r}\n" for name in names)
