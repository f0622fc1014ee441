from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.registry.code import Code, capture_code
from mainstay.registry.git import look_at_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with a project in a folder of it; gives the project's folder."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "me")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "me@example.com")
    project = tmp_path / "work" / "churn"
    project.mkdir(parents=True)
    git(tmp_path / "work", "init", "-q")
    (project / "mainstay.toml").write_text("[problem]\n")
    (project / "features.py").write_text("def features(frame):\n    return frame\n")
    git(tmp_path / "work", "add", ".")
    git(tmp_path / "work", "commit", "-q", "-m", "first")
    return project


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


def patch_of(code: Code) -> bytes:
    return dict(code.contents)["changes.patch"]


def test_a_clean_tree_has_files_with_hashes_and_no_patch(repository: Path) -> None:
    code = capture_code(repository)
    assert (code.commit, code.prefix) == (git(repository, "rev-parse", "HEAD").strip(), "churn/")
    assert not code.dirty
    assert [one.path for one in code.files] == ["mainstay.toml", "features.py"]
    assert code.files[0].sha256 == hashlib.sha256(b"[problem]\n").hexdigest()
    assert [name for name, _ in code.contents] == ["project/mainstay.toml", "project/features.py"]
    assert code.changes.whole


def test_what_was_not_committed_is_a_patch_that_git_applies(repository: Path, tmp_path: Path) -> None:
    (repository / "features.py").write_bytes(b"def features(frame):\n    return frame  # \xc3\xa9\xff\n")
    (repository / "model.py").write_text("def model():\n    ...")
    (repository / "contract.toml").write_text("[tenure]\n")
    git(repository, "add", "contract.toml")
    (repository.parent / "elsewhere.py").write_text("not this project's")
    before = git(repository.parent, "status", "--porcelain")
    code = capture_code(repository)
    assert code.dirty
    assert code.changes.whole
    assert code.changes.sha256 == hashlib.sha256(patch_of(code)).hexdigest()
    assert git(repository.parent, "status", "--porcelain") == before  # its index is as it was

    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repository.parent), str(other))
    (tmp_path / "p").write_bytes(patch_of(code))
    git(other, "apply", str(tmp_path / "p"))
    for name in ("features.py", "model.py", "contract.toml"):
        assert (other / "churn" / name).read_bytes() == (repository / name).read_bytes()
    assert not (other / "elsewhere.py").exists()


def test_binary_and_removed_files_and_hostile_names_survive(repository: Path, tmp_path: Path) -> None:
    names = ['a "quoted"\tname.py', "-dash.py", ":(exclude)x.py", "tür\nzwei.py", "$(touch x).py"]
    (repository / "blob.bin").write_bytes(bytes(range(256)))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    (repository / "blob.bin").write_bytes(bytes(reversed(range(256))))
    (repository / "features.py").unlink()
    for name in names:
        (repository / name).write_text(f"# {name!r}\n")
    code = capture_code(repository)
    assert code.changes.left_out == ()
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repository.parent), str(other))
    (tmp_path / "p").write_bytes(patch_of(code))
    git(other, "apply", str(tmp_path / "p"))
    assert (other / "churn" / "blob.bin").read_bytes() == bytes(reversed(range(256)))
    assert not (other / "churn" / "features.py").exists()
    assert all((other / "churn" / name).read_text() == f"# {name!r}\n" for name in names)


def test_data_books_and_secrets_are_never_in_it(repository: Path) -> None:
    (repository / "rows.csv").write_text("a,b\n1,2\n")
    (repository / ".env").write_text("PASSWORD=hunter2\n")
    (repository / "deploy.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    (repository / ".mainstay").mkdir()
    (repository / ".mainstay" / "books.py").write_text("ours")
    (repository / "settings.py").write_text('URL = "postgresql://me:hunter2@db/rows"\n')
    (repository / "notes.bin").write_bytes(b"\0\1")
    (repository / "model.py").write_text("def model(): ...\n")
    code = capture_code(repository)
    patch = patch_of(code)
    assert b"model.py" in patch
    assert not any(secret in patch for secret in (b"hunter2", b"PRIVATE", b"ours", b"rows.csv"))
    assert len(code.changes.left_out) == 5
    assert "churn/settings.py: it seems to hold an address with a password" in code.changes.left_out
    assert not code.changes.whole


def test_a_project_file_with_a_secret_is_known_by_its_hash_alone(repository: Path) -> None:
    (repository / "mainstay.toml").write_text('[data]\nsource = "postgresql://me:hunter2@db/rows"\n')
    code = capture_code(repository)
    assert code.files[0].note == "it seems to hold an address with a password"
    assert not any(b"hunter2" in content for _, content in code.contents)
    (repository / "mainstay.toml").write_text('[data]\nsource = "postgresql://me:${WORD}@db/rows"\n')
    assert capture_code(repository).files[0].note == ""


def test_a_patch_beyond_its_bound_is_known_by_its_hash_alone(repository: Path) -> None:
    (repository / "features.py").write_text("".join(f"x{n} = {n}\n" for n in range(100_000)))
    code = capture_code(repository)
    assert code.changes.sha256
    assert not code.changes.kept
    assert "only its hash is kept" in code.changes.note
    assert [name for name, _ in code.contents] == ["project/mainstay.toml"]
    assert code.files[1].note == "it has 1,477,780 bytes"


def test_an_environment_that_git_should_ignore_does_not_hide_the_work(repository: Path) -> None:
    (repository / "venv").mkdir()
    for number in range(1001):
        (repository / "venv" / f"m{number}.py").touch()
    (repository / "features.py").write_text("changed = 1\n")
    code = capture_code(repository)
    assert b"changed = 1" in patch_of(code)
    assert b"venv" not in patch_of(code)
    assert code.changes.left_out[-1] == "and 996 more"


def test_a_file_that_names_a_version_changes_nothing(repository: Path) -> None:
    (repository / "churn.mainstay.json").write_text("{}")
    assert not capture_code(repository).dirty
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    (repository / "churn.mainstay.json").write_text('{"version": 2}')
    tree = look_at_tree(repository)
    assert tree is not None
    assert not tree.dirty


def test_settings_of_a_user_do_not_change_the_patch(repository: Path) -> None:
    (repository / "features.py").write_text("def features(frame):\n    return 1\n")
    plain = patch_of(capture_code(repository))
    for key, value in (
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.relative", "true"),
        ("color.ui", "always"),
        ("diff.external", "false"),
        ("status.relativePaths", "true"),
        ("core.quotePath", "false"),
    ):
        git(repository, "config", key, value)
    assert patch_of(capture_code(repository)) == plain


def test_variables_that_git_sets_for_its_hooks_do_not_lead_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", "nowhere")
    assert len(capture_code(repository).commit) == 40


def test_a_folder_without_git_has_its_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mainstay.toml").write_text("")
    code = capture_code(tmp_path)
    assert (code.commit, code.dirty, code.changes.whole) == ("", False, True)
    assert [one.path for one in code.files] == ["mainstay.toml"]


def test_a_repository_cannot_start_programs_here(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    git(repository, "config", "diff.external", str(hook))
    git(repository, "config", "diff.evil.textconv", str(hook))
    git(repository, "config", "diff.evil.command", str(hook))
    (repository / ".gitattributes").write_text("*.py diff=evil\n")
    (repository / "features.py").write_text("changed = 1\n")
    canary.unlink(missing_ok=True)
    assert b"changed = 1" in patch_of(capture_code(repository))
    assert not canary.exists()


def test_capturing_is_fast(repository: Path) -> None:
    (repository / "features.py").write_text("changed = 1\n")
    capture_code(repository)
    best = min(_timed(repository) for _ in range(3))
    assert best < 1.0  # about 40 ms on a quiet machine; the bound is for a busy one


def _timed(repository: Path) -> float:
    start = time.perf_counter()
    capture_code(repository)
    return time.perf_counter() - start
