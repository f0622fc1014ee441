"""Bundles that somebody changed: each is refused by a sentence that names the file, and nothing in it is used."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainstay.errors import CorruptError
from mainstay.registry import Entry, Registry, verify

Change = Callable[[Path], None]


def flip(name: str) -> Change:
    def change(folder: Path) -> None:
        file = folder / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.chmod(0o600)
        file.write_bytes(content)

    return change


def cut(folder: Path) -> None:
    (folder / "report.json").chmod(0o600)
    os.truncate(folder / "report.json", 10)


def drop(folder: Path) -> None:
    (folder / "policy.json").unlink()


def drop_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def add(folder: Path) -> None:
    (folder / "model" / "extra.pkl").write_bytes(b"\x80\x04.")


def link_out(folder: Path) -> None:
    (folder / "card.md").unlink()
    (folder / "card.md").symlink_to("/etc/passwd")


def link_folder_out(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def pipe(folder: Path) -> None:
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip("model/model.json"), "'model/model.json' of churn version 1 isn't what was once written"),
        (flip("contract.json"), "'contract.json' of churn version 1 isn't"),
        (flip("manifest.json"), "manifest.json of churn version 1 isn't what was once written"),
        (cut, "'report.json' of churn version 1 isn't"),
        (drop, "lacks its file 'policy.json'"),
        (drop_manifest, "has no manifest.json"),
        (add, "holds 'model/extra.pkl', which nobody listed"),
        (link_out, "holds 'card.md', which is a link"),
        (link_folder_out, "holds 'more', which is a link"),
        (pipe, "holds 'card.md', which is a link or no plain file"),
    ],
)
def test_a_changed_bundle_is_refused_by_name(registry: Registry, entry: Entry, change: Change, said: str) -> None:
    registry.register(entry)
    change(registry.folder("churn", 1))
    with pytest.raises(CorruptError) as told:
        registry.load_bundle("churn", 1)
    assert said in told.value.message
    assert "restore this one from a backup" in told.value.cure


def rewritten(folder: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """Write another manifest and return its digest, as somebody would who holds the database as well."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").chmod(0o600)
    (folder / "manifest.json").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("path", ["../../../../etc/passwd", "/etc/passwd", "model/../card.md", "model\\model.json"])
def test_a_manifest_that_leads_outside_opens_nothing_there(registry: Registry, entry: Entry, path: str) -> None:
    registry.register(entry)
    folder = registry.folder("churn", 1)
    digest = rewritten(folder, lambda manifest: manifest["files"][0].update(path=path))
    with pytest.raises(CorruptError, match="which is no path inside it"):
        verify(folder, digest, "churn version 1")
    digest = rewritten(folder, lambda manifest: manifest["files"].append({"path": path, "sha256": "", "size": 0}))
    with pytest.raises(CorruptError):
        verify(folder, digest, "churn version 1")


def test_a_manifest_that_names_a_file_twice_is_refused(registry: Registry, entry: Entry) -> None:
    registry.register(entry)
    folder = registry.folder("churn", 1)
    digest = rewritten(folder, lambda manifest: manifest["files"].append(manifest["files"][0]))
    with pytest.raises(CorruptError, match="names a file twice"):
        verify(folder, digest, "churn version 1")


def test_a_layout_of_a_newer_mainstay_is_refused(registry: Registry, entry: Entry) -> None:
    registry.register(entry)
    folder = registry.folder("churn", 1)
    digest = rewritten(folder, lambda manifest: manifest.update(format=2))
    with pytest.raises(CorruptError, match="written by a newer mainstay"):
        verify(folder, digest, "churn version 1")
    digest = rewritten(folder, lambda manifest: manifest.clear())
    with pytest.raises(CorruptError, match="can't be read"):
        verify(folder, digest, "churn version 1")
