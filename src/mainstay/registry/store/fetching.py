"""Bringing a bundle here from an object store: all of it, as it was once written, or nothing."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, StoreError
from mainstay.registry.manifest import NAME, read_manifest
from mainstay.registry.store.base import UNLISTED
from mainstay.registry.store.staging import KEPT, write_kept
from mainstay.state import sync_file, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.registry.manifest import File, Manifest
    from mainstay.registry.store.objects import Objects

MOST_MANIFEST = 16 << 20
"""Bytes: a manifest of a hundred thousand files."""
_AT_ONCE = 4
_CURE = "Don't use it: release another version, and restore this one from a backup."


def fetch(objects: Objects, place: str, digest: str, folder: Path, name: str) -> None:
    """Bring a bundle into an empty folder and wait until it is on the disk.

    Parameters
    ----------
    objects : Objects
        The object store.
    place : str
        Where the bundle lies there: ``churn/3``.
    digest : str
        sha256 its manifest must have.
    folder : Path
        Empty, of this machine.
    name : str
        What to call it in errors: ``"churn version 3"``.

    Raises
    ------
    CorruptError
        Where something is missing there, or isn't what was once written.
    StoreError
        Where the store can't be reached, refuses, or the disk has no room.

    """
    where = f"{name} in {objects.address}"
    content = objects.read(f"{place}/{NAME}", MOST_MANIFEST)
    if content is None:
        raise CorruptError(f"{where} has no {NAME}.", _CURE)
    manifest = _manifest(content, digest, where)
    _demand_room(sum(file.size for file in manifest.files), folder, where)

    def bring(file: File) -> None:
        _bring(objects, place, file, folder, where)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(bring, manifest.files))
    for unlisted in UNLISTED:
        found = objects.read(f"{place}/{unlisted}", MOST_MANIFEST)
        if found is not None:
            write_kept(folder / unlisted, found)
    write_kept(folder / NAME, content)
    sync_folder(folder)


def _manifest(content: bytes, digest: str, where: str) -> Manifest:
    if hashlib.sha256(content).hexdigest() != digest:
        raise CorruptError(f"{NAME} of {where} isn't what was once written.", _CURE)
    manifest = read_manifest(content, where)
    for file in manifest.files:
        parts = file.path.split("/")
        if not file.path.isprintable() or "\\" in file.path or any(part in {"", ".", ".."} for part in parts):
            raise CorruptError(f"{NAME} of {where} names {file.path!r}, which is no path inside it.", _CURE)
    return manifest


def _bring(objects: Objects, place: str, file: File, folder: Path, where: str) -> None:
    path = folder / PurePosixPath(file.path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = hashlib.sha256()
    try:
        with path.open("xb") as out:
            for piece in objects.pieces(f"{place}/{file.path}", file.size):
                seen.update(piece)
                out.write(piece)
    except FileExistsError:
        raise CorruptError(f"{where} names the file {file.path!r} twice.", _CURE) from None
    except FileNotFoundError:
        raise CorruptError(f"{where} lacks its file {file.path!r}, or a part of it.", _CURE) from None
    if seen.hexdigest() != file.sha256:
        raise CorruptError(f"The file {file.path!r} of {where} isn't what was once written.", _CURE)
    path.chmod(KEPT)
    sync_file(path)


def _demand_room(size: int, folder: Path, where: str) -> None:
    """Refuse what can't fit before a byte of it is asked for: a size that is absurd never fits."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise StoreError(
            f"{where} needs {size >> 20} MB, and {folder.parent} has room for {free >> 20} MB.",
            "Make room there, or name another folder with MAINSTAY_CACHE.",
        )
