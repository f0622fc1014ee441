from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from typing import TYPE_CHECKING

import pytest

from mainstay.registry import Lineage, capture_lineage
from mainstay.registry.git import look_at_tree
from mainstay.registry.packages import _packages_in, find_installed, normal, requirements_text, serving_closure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for key, value in (("user.name", "me"), ("user.email", "me@example.com")):
        monkeypatch.setenv(f"GIT_{'AUTHOR' if 'name' in key else 'COMMITTER'}_NAME", "me")
        monkeypatch.setenv(f"GIT_{'AUTHOR' if 'name' in key else 'COMMITTER'}_EMAIL", value)
    project = tmp_path / "work" / "churn"
    project.mkdir(parents=True)
    git(tmp_path / "work", "init", "-q")
    (project / "mainstay.toml").write_text("")
    git(tmp_path / "work", "add", ".")
    git(tmp_path / "work", "commit", "-q", "-m", "first")
    return project


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


def at(folder: Path) -> tuple[str, bool]:
    tree = look_at_tree(folder)
    assert tree is not None
    return tree.commit, tree.dirty


def test_a_commit_is_named_and_clean_until_something_changes(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD").strip()
    assert at(repository) == (head, False)
    (repository / ".mainstay").mkdir()
    (repository / ".mainstay" / "registry.sqlite").write_text("ours")
    (repository.parent / "a neighbour").write_text("not this project's")
    assert at(repository) == (head, False)
    (repository / "features.py").write_text("new")
    assert at(repository) == (head, True)
    (repository / "features.py").unlink()
    (repository / "mainstay.toml").write_text("[problem]")
    assert at(repository) == (head, True)


def test_a_folder_without_git_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_at_tree(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert look_at_tree(tmp_path) is None


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert look_at_tree(tmp_path) is None


def test_a_repository_cannot_start_programs_here(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    assert look_at_tree(repository) is not None
    assert not canary.exists()


def test_the_lineage_adds_what_can_be_seen_here(tmp_path: Path) -> None:
    found = capture_lineage(
        tmp_path, data_fingerprint="f00d", source="a.csv", rows=3, parameters={"l2": 1.0}, seed=7, by="me"
    )
    assert (found.data_fingerprint, found.source, found.rows, found.seed, found.by) == ("f00d", "a.csv", 3, 7, "me")
    assert found.python == platform.python_version()
    assert found.packages["numpy"] == importlib.metadata.version("numpy")
    assert list(found.packages) == sorted(found.packages)
    assert isinstance(found, Lineage)


def test_the_requirements_are_what_serving_needs_and_nothing_for_training() -> None:
    base = serving_closure("linear")
    assert {"mainstay", "numpy", "msgspec", "starlette", "anyio", "sqlalchemy", "typing-extensions"} <= set(base)
    assert not {"scikit-learn", "lightgbm", "pandas", "pytest", "mypy", "mkdocs"} & set(base)
    grown = serving_closure("lightgbm")
    assert set(grown) - set(base) == {"lightgbm", "scipy"} | (set(grown) - set(base) - {"lightgbm", "scipy"})
    assert "lightgbm" in grown
    text = requirements_text("linear")
    assert f"numpy=={importlib.metadata.version('numpy')}\n" in text


def test_packages_are_found_where_the_standard_library_finds_them_in_seconds() -> None:
    found: dict[str, set[str]] = {}
    for name, one in find_installed().items():
        for package in _packages_in(one.folder):
            found.setdefault(package, set()).add(name)
    assert found == {
        package: {normal(name) for name in names}
        for package, names in importlib.metadata.packages_distributions().items()
    }
