"""Bundles as somebody would build them who wants to run something here: as values, never as files in git."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "manifest.json"
SIGNATURE = "signature.json"


@dataclass(frozen=True)
class Bundle:
    """A bundle in the hand: its files, and what its manifest says of them.

    Parameters
    ----------
    files : mapping of str to bytes
        Everything but the manifest.
    head : mapping
        What the manifest says beside its files.
    listed : tuple of dict, optional
        What the manifest says of the files; the truth unless given.

    """

    files: Mapping[str, bytes]
    head: Mapping[str, Any] = field(default_factory=dict)
    listed: tuple[dict[str, Any], ...] | None = None

    @classmethod
    def of(cls, found: Mapping[str, bytes]) -> Self:
        """Take a sound bundle apart."""
        manifest = json.loads(found[MANIFEST])
        head = {key: value for key, value in manifest.items() if key != "files"}
        return cls({name: content for name, content in found.items() if name not in {MANIFEST, SIGNATURE}}, head)

    @property
    def truth(self) -> tuple[dict[str, Any], ...]:
        """What an honest manifest would say of the files."""
        return tuple(
            {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in sorted(self.files.items())
            if name != SIGNATURE
        )

    @property
    def manifest(self) -> bytes:
        """The manifest's bytes."""
        listed = self.truth if self.listed is None else self.listed
        return json.dumps({**self.head, "files": listed}).encode()

    @property
    def digest(self) -> str:
        """What a registry that was deceived would say of it."""
        return hashlib.sha256(self.manifest).hexdigest()

    def with_file(self, name: str, content: bytes) -> Bundle:
        """Give a bundle with another file, as its own manifest lists it."""
        return replace(self, files={**self.files, name: content})

    def with_json(self, name: str, change: Mapping[str, Any]) -> Bundle:
        """Give a bundle with some settings of a JSON file changed."""
        return self.with_file(name, json.dumps({**json.loads(self.files[name]), **change}).encode())

    def with_model(self, files: Mapping[str, bytes]) -> Bundle:
        """Give a bundle with another model."""
        kept = {name: content for name, content in self.files.items() if not name.startswith("model/")}
        return replace(self, files={**kept, **{f"model/{name}": content for name, content in files.items()}})

    def listing(self, *more: dict[str, Any]) -> Bundle:
        """Give a bundle whose manifest lists further entries."""
        return replace(self, listed=(*self.truth, *more))


def written(bundle: Bundle, folder: Path) -> Path:
    """Write a bundle as a folder."""
    for name, content in bundle.files.items():
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / MANIFEST).write_bytes(bundle.manifest)
    return folder


def packed(bundle: Bundle, out: Path, *more: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """Write a bundle as an archive, with further entries."""
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(MANIFEST, bundle.manifest)
        for name, content in bundle.files.items():
            archive.writestr(name, content)
        for entry, content in more:
            archive.writestr(entry, content)
    return out


def entry(name: str, mode: int = stat.S_IFREG | 0o400) -> zipfile.ZipInfo:
    """Give an entry of an archive with a name, and a kind of file, that `zipfile` would not write by itself."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = name
    info.create_system, info.external_attr = 3, mode << 16
    return info
