"""A bundle as one file: a zip that is the same bytes each time, and its unpacking, which believes nothing it says.

Files are stored, not compressed: then the same bundle gives the same bytes on every machine, whatever its zlib.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, InputError, StoreError
from mainstay.registry.manifest import MOST, NAME, demand_sound_paths, read_manifest
from mainstay.registry.signing import SIGNATURE, anybody, demand_signature
from mainstay.state import sync_folder
from mainstay.state.zips import DAMAGED, copy_counted, directory_size, fault_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.registry.manifest import File, Manifest
    from mainstay.registry.signing import Keys

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold
_MODE = (stat.S_IFREG | 0o400) << 16
_UNIX = 3
_DIRECTORY = 4 * 1024 * 1024  # bytes of a zip's list of files
_ENTRIES = 10_000
_SIGNATURE = 4096  # bytes
_RATIO = 200  # times its own size that an archive may unpack to; text compresses to a tenth
_LEAST = 16 * 1024 * 1024  # bytes below which nobody counts
_BLOCK = 1 << 20
_CURE = "Ask whoever made it for another one; nothing was registered."
_UNKNOWN = "Let whoever made it sign it, and trust their key: mainstay admin keys trust KEY; nothing was registered."


def write_archive(folder: Path, manifest: Manifest, out: Path) -> int:
    """Write a bundle that was verified as one file, whole or not at all; returns its size in bytes.

    Each file is hashed as it is copied, so that what is in the archive is what the manifest lists.

    Raises
    ------
    CorruptError
        Where a file changed since it was verified.
    StoreError
        Where it can't be written.

    """
    half = out.with_name(f".{out.name}.{os.getpid()}.part")
    beside = [name for name in (NAME, SIGNATURE) if (folder / name).is_file()]
    try:
        with zipfile.ZipFile(half, "x", zipfile.ZIP_STORED) as archive:
            for name in beside:
                _add(archive, folder / name, name)
            for file in manifest.files:
                if _add(archive, folder / PurePosixPath(file.path), file.path) != file.sha256:
                    raise CorruptError(f"The file {file.path!r} changed while it was copied.", "Export it again.")
        size = half.stat().st_size
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise StoreError(
            f"{out} can't be written: {error.strerror}.", "Name a file in a folder that this user may write in."
        ) from None
    finally:
        half.unlink(missing_ok=True)
    return size


def unpack_archive(path: Path, folder: Path, keys: Keys = anybody) -> tuple[Manifest, str]:
    """Unpack a bundle into an empty folder, as its manifest lists it and not otherwise.

    The signature is checked before anything but the manifest's bytes was looked at. Names and sizes of the archive are
    believed nowhere: what is read is counted, and compared with the manifest.

    Parameters
    ----------
    path : Path
        The archive.
    folder : Path
        Empty, and nobody else's.
    keys : callable
        Gives the keys whose bundles are taken here.

    Returns
    -------
    tuple of Manifest and str
        What it holds, and its digest.

    Raises
    ------
    NotFoundError, InputError
        Where there is no such file, or it is no archive of a version.
    CorruptError
        Where it holds something else than its manifest lists; whatever was unpacked is left for the caller to remove.
    SignatureError
        Where a signature is demanded here, and no trusted key made its own.

    """
    size = _demand_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, path.name)
            content = _whole(archive, entries, NAME, MOST, path.name)
            if SIGNATURE in entries:
                (folder / SIGNATURE).write_bytes(_whole(archive, entries, SIGNATURE, _SIGNATURE, path.name))
            demand_signature(folder, content, keys(), path.name, _UNKNOWN)
            manifest = read_manifest(content, path.name)
            _demand_listed(manifest, entries, size, folder, path.name)
            for file in manifest.files:
                _bring(archive, entries[file.path], file, folder, path.name)
            (folder / NAME).write_bytes(content)
    except DAMAGED as error:
        raise _damaged(path.name, str(error)) from None
    return manifest, hashlib.sha256(content).hexdigest()


def _add(archive: zipfile.ZipFile, source: Path, name: str) -> str:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system, info.external_attr = _UNIX, _MODE
    info.file_size = source.stat().st_size  # decides whether its sizes are written in 8 bytes
    seen = hashlib.sha256()
    with source.open("rb") as given, archive.open(info, "w") as taken:
        while block := given.read(_BLOCK):
            seen.update(block)
            taken.write(block)
    return seen.hexdigest()


def _demand_archive(path: Path) -> int:
    """Refuse what is no zip, or whose list alone would fill the memory, before the list is read; returns its size."""
    try:
        if not path.is_file():
            raise InputError(f"There is no file {path}.", "Name what mainstay version export wrote.")
        with path.open("rb") as file:
            listing = directory_size(file)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.", "Give this user the right to read it.") from None
    if listing is None:
        raise InputError(f"{path.name} is no zip file.", "Name what mainstay version export wrote.")
    if listing > _DIRECTORY:
        raise CorruptError(f"{path.name} lists more files than a version has.", _CURE)
    return size


def _entries(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """Give the files of an archive by their paths, every one of them a plain one below the folder it is unpacked in."""
    infos = archive.infolist()
    if len(infos) > _ENTRIES:
        raise CorruptError(f"{name} lists more files than a version has.", _CURE)
    demand_sound_paths([info.orig_filename for info in infos], name, _CURE)
    for info in infos:
        if fault := fault_of(info):
            raise CorruptError(f"{name} holds {info.filename!r}, which {fault}.", _CURE)
    return {info.filename: info for info in infos}


def _whole(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], file: str, most: int, name: str) -> bytes:
    if file not in entries:
        raise InputError(f"{name} holds no {file}: it is no version of mainstay.", "Name what version export wrote.")
    with archive.open(entries[file]) as given:
        content = given.read(most + 1)
    if len(content) > most:
        raise CorruptError(f"{file} of {name} has more than {most} bytes.", _CURE)
    return content


def _demand_listed(
    manifest: Manifest, entries: Mapping[str, zipfile.ZipInfo], size: int, folder: Path, name: str
) -> None:
    """Refuse an archive that doesn't hold what its manifest lists, and one that nobody has room for."""
    listed = {file.path for file in manifest.files}
    for path in sorted(entries.keys() - listed - {NAME, SIGNATURE}):
        raise CorruptError(f"{name} holds {path!r}, which nobody listed.", _CURE)
    for path in sorted(listed - entries.keys()):
        raise CorruptError(f"{name} lacks its file {path!r}.", _CURE)
    total = sum(file.size for file in manifest.files)
    if total > max(_RATIO * size, _LEAST):
        raise CorruptError(f"{name} has {size} bytes, and would unpack to {total}.", _CURE)
    if total > shutil.disk_usage(folder).free:
        raise StoreError(f"{name} needs {total:,} bytes, and there is no room for it.", "Make room.")


def _bring(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: File, folder: Path, name: str) -> None:
    inside = folder / PurePosixPath(file.path)
    inside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.open(entry) as given, inside.open("xb") as taken:
        if copy_counted(given, taken, file.size) != file.sha256:
            raise CorruptError(f"The file {file.path!r} of {name} isn't what its manifest lists.", _CURE)


def _damaged(name: str, why: str) -> CorruptError:
    said = " ".join(why.split())[:200].rstrip(".")
    return CorruptError(f"{name} is damaged: {said}.", _CURE)
