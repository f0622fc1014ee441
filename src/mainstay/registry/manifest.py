"""The manifest of a bundle: every file with its sha256, and the check that nothing else is there."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import msgspec

from mainstay.errors import CorruptError
from mainstay.registry.plain import loads, pretty
from mainstay.registry.plain_file import read_plain
from mainstay.registry.signing import SIGNATURE, anybody, demand_signature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mainstay.registry.signing import Keys

NAME = "manifest.json"
FORMAT = 1
MOST = 8 * 1024 * 1024
"""Bytes of a manifest: some fifty thousand files."""
_DEEPEST, _LONGEST = 16, 255  # folders in each other; bytes of a name
_CURE = "Don't use it: release another version, and restore this one from a backup."


class File(msgspec.Struct, frozen=True):
    """A file of a bundle: its path with ``/``, its sha256, its size in bytes."""

    path: str
    sha256: str
    size: Annotated[int, msgspec.Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds.

    Parameters
    ----------
    model : str
        Name of the model.
    created : datetime
        When it was written, UTC.
    parent : int or None
        The version that was champion when it was trained.
    files : tuple of File
        Everything in the folder but the manifest and its signature, sorted by path.
    format : int
        Which layout: this code reads 1.

    """

    model: str
    created: dt.datetime
    parent: int | None
    files: tuple[File, ...]
    format: int = FORMAT


def write_manifest(folder: Path, model: str, created: dt.datetime, parent: int | None) -> str:
    """Write the manifest of a folder that is otherwise complete; returns its sha256, the bundle's digest."""
    files = tuple(File(name, _sha256(folder / name), (folder / name).stat().st_size) for name in sorted(_walk(folder)))
    content = pretty(Manifest(model=model, created=created, parent=parent, files=files))
    (folder / NAME).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def verify(folder: Path, digest: str, name: str, beside: Collection[str] = (), *, keys: Keys = anybody) -> Manifest:
    """Compare a bundle with what was once written, byte by byte, before anything in it is used.

    Parameters
    ----------
    folder : Path
        The bundle.
    digest : str
        sha256 its manifest must have, from the registry.
    name : str
        What to call it in errors: ``"churn version 3"``.
    beside : collection of str
        Names of plain files that may lie in the folder too; nothing reads them.
    keys : callable, optional
        Gives the keys whose bundles are loaded here; no signature is demanded without.

    Raises
    ------
    CorruptError
        Naming the file that is missing, different, too much, or no plain file inside the folder.
    SignatureError
        Where a signature is demanded, and none of those keys made it; not even the manifest was decoded.

    """
    content = manifest_bytes(folder, name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise CorruptError(f"{NAME} of {name} isn't what was once written.", _CURE)
    demand_signature(folder, content, keys(), name)
    manifest = read_manifest(content, name)
    listed = {file.path for file in manifest.files}
    found = set(_walk(folder, name)) - {NAME, SIGNATURE}
    beside = set(beside) - listed
    for path in sorted(found - listed - beside):
        raise CorruptError(f"{name} holds {path!r}, which nobody listed.", _CURE)
    for file in manifest.files:
        if file.path not in found:
            raise CorruptError(f"{name} lacks its file {file.path!r}.", _CURE)
        inside = folder / PurePosixPath(file.path)
        if inside.stat().st_size != file.size or _sha256(inside) != file.sha256:
            raise CorruptError(f"The file {file.path!r} of {name} isn't what was once written.", _CURE)
    return manifest


def manifest_bytes(folder: Path, name: str) -> bytes:
    """Read the bytes of a manifest, which nobody has checked yet; raises `CorruptError`."""
    try:
        return read_plain(folder / NAME, MOST)
    except FileNotFoundError:
        raise CorruptError(f"{name} has no {NAME} in {folder}.", _CURE) from None
    except OSError as error:
        raise CorruptError(f"{NAME} of {name} can't be read: {error.strerror or error}.", _CURE) from None


def demand_sound_paths(paths: Sequence[str], name: str, cure: str = _CURE) -> None:
    """Refuse paths that lead outside, or that some system can't tell apart or keep.

    Parameters
    ----------
    paths : sequence of str
        As a manifest or an archive names them.
    name : str
        Which one, for errors.
    cure : str
        What to do about it.

    Raises
    ------
    CorruptError
        Naming the first one.

    """
    seen: set[str] = set()
    folded: set[str] = set()
    for path in paths:
        alike = unicodedata.normalize(
            "NFKC", path
        )  # other dots and slashes become those that some system takes them for
        parts = alike.split("/")
        if not _keepable(path, alike, parts):
            raise CorruptError(f"{name} names {path[:200]!r}, which is no path inside it.", cure)
        if path in seen:
            raise CorruptError(f"{name} names a file twice: {path!r}.", cure)
        if alike.casefold() in folded:
            raise CorruptError(f"{name} names {path!r}, which some systems can't tell from another of its files.", cure)
        seen.add(path)
        folded.add(alike.casefold())


def _keepable(path: str, alike: str, parts: Sequence[str]) -> bool:
    if not path.isprintable() or alike.count("/") != path.count("/") or len(parts) > _DEEPEST:
        return False
    if any(sign in alike for sign in "\\:") or any(len(part.encode()) > _LONGEST for part in path.split("/")):
        return False
    return not any(part in {"", ".", ".."} or part != part.strip() or part.endswith(".") for part in parts)


def read_manifest(content: bytes, name: str) -> Manifest:
    """Read a manifest; raises CorruptError where it is none, or of another format."""
    try:
        manifest = loads(content, Manifest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CorruptError(f"{NAME} of {name} can't be read: {error}.", _CURE) from None
    if manifest.format != FORMAT:
        raise CorruptError(
            f"{name} was written by a newer mainstay (format {manifest.format}; this one reads {FORMAT}).",
            "Update this one: pip install --upgrade mainstay",
        )
    paths = [file.path for file in manifest.files]
    demand_sound_paths(paths, f"{NAME} of {name}")
    if own := {NAME, SIGNATURE}.intersection(paths):
        raise CorruptError(f"{NAME} of {name} lists {min(own)!r}, which no manifest can.", _CURE)
    return manifest


def _walk(folder: Path, name: str = "The bundle") -> Iterator[str]:
    """Name every file below a folder; only paths that were found are ever opened, so none can lead outside."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as found:
            entries = list(found)
        for entry in entries:
            path = Path(entry.path)
            inside = path.relative_to(folder).as_posix()
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield inside
            else:
                raise CorruptError(f"{name} holds {inside!r}, which is a link or no plain file.", _CURE)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
