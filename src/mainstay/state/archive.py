"""One file that holds many, with the sha256 of each: written whole or not at all, and checked whole before it is used.

A zip archive whose first entry lists all the others. It may come from anywhere: nothing it says of itself is believed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, InputError, StoreError
from mainstay.state.files import PRIVATE_FILE, private_folder, sync_folder, unreadable
from mainstay.state.zips import DAMAGED, copy_counted, directory_size, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

LIST = "contents.json"
_LONGEST_LIST = 256 * 2**20  # bytes
_PIECE = 2**20  # bytes at a time
_CURE = "Take another backup; nothing was changed."


class Entry(msgspec.Struct, frozen=True):
    """A file in an archive: its path with ``/``, its bytes, its sha256."""

    path: str
    size: int
    sha256: str


class Contents(msgspec.Struct, frozen=True):
    """Everything in an archive.

    Parameters
    ----------
    about : str
        What it is of: words of the room that wrote it, as JSON.
    files : tuple of Entry
        Each file, once.

    """

    about: str
    files: tuple[Entry, ...]


def pack(out: Path, about: str, files: Iterable[tuple[str, Path]]) -> Contents:
    """Write an archive, for this user alone; it is complete as soon as it has its name.

    Parameters
    ----------
    out : Path
        Where to; nothing may be there yet.
    about : str
        What it is of.
    files : iterable of (str, Path)
        The path inside, and the file.

    Raises
    ------
    InputError
        Where something has that name already.
    StoreError
        Where it can't be written, or a file can't be read.

    """
    half = out.with_name(f".{out.name}.{secrets.token_hex(8)}.tmp")
    listed = list(files)
    try:
        private_folder(out.absolute().parent)
        handle = os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        try:
            with os.fdopen(handle, "w+b") as raw:
                contents = _write(raw, about, listed)
                raw.flush()
                os.fsync(raw.fileno())
            os.link(half, out)  # unlike a rename, this replaces nothing
            sync_folder(out.absolute().parent)
        finally:
            half.unlink(missing_ok=True)
    except FileExistsError:
        raise InputError(f"{out} is there already.", "Name another file with --out.") from None
    except OSError as error:
        raise StoreError(
            f"{out} can't be written: {error.strerror} ({error.filename or out}).",
            "Make room, or give this user the right to read and write there.",
        ) from None
    return contents


def _write(raw: IO[bytes], about: str, files: Sequence[tuple[str, Path]]) -> Contents:
    entries: list[Entry] = []
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for inside, path in files:
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as source, archive.open(inside, "w", force_zip64=True) as target:
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    target.write(piece)
            entries.append(Entry(inside, size, digest.hexdigest()))
        contents = Contents(about, tuple(entries))
        archive.writestr(LIST, msgspec.json.encode(contents))
    return contents


def read_contents(file: Path) -> Contents:
    """Read what an archive says it holds, and refuse one that could do harm before anything is written.

    Raises
    ------
    InputError
        Where there is no such file.
    CorruptError
        Where it is no archive, was cut off, or names something it must not: another place, a link, a name twice, more
        than it lists.

    """
    with _opened(file) as archive:
        return _contents(archive, file)


def unpack(file: Path, folder: Path) -> Contents:
    """Write what is in an archive into an empty folder, every byte checked; raises as `read_contents` does.

    Raises
    ------
    StoreError
        Where there isn't the room for it, or it can't be written.

    """
    with _opened(file) as archive:
        contents = _contents(archive, file)
        try:
            if sum(entry.size for entry in contents.files) > shutil.disk_usage(folder).free:
                raise StoreError(f"There is no room for what {file} holds.", f"Make room in {folder.parent}.")
            for entry in contents.files:
                _extract(archive, entry, folder, file)
        except OSError as error:
            raise StoreError(
                f"What {file} holds can't be written in {folder}: {error.strerror}.", "Make room; nothing was changed."
            ) from None
    return contents


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with file.open("rb") as raw:
            if (directory_size(raw) or 0) > _LONGEST_LIST:  # it would fill the memory
                raise _refused(file, "lists too much")
            raw.seek(0)
            with zipfile.ZipFile(raw) as archive:
                yield archive
    except FileNotFoundError:
        raise InputError(f"There is no file {file}.", "Name the backup: mainstay admin restore FILE.zip") from None
    except DAMAGED:
        raise CorruptError(f"{file} isn't a backup, or was cut off or changed since.", _CURE) from None
    except IsADirectoryError:
        raise InputError(f"{file} is a folder.", "Name the backup's file.") from None
    except OSError as error:
        raise unreadable(file, error) from None


def _contents(archive: zipfile.ZipFile, file: Path) -> Contents:
    infos = {info.orig_filename: info for info in archive.infolist()}
    if len(infos) != len(archive.infolist()):
        raise _refused(file, "names a file twice")
    for name, info in infos.items():
        if what := _wrong(info):
            raise _refused(file, f"holds {name[:80]!r}, which {what}")
    contents = _list(archive, infos.pop(LIST, None), file)
    listed = {entry.path: entry.size for entry in contents.files}
    if len(listed) != len(contents.files):
        raise _refused(file, "lists a file twice")
    for name, info in infos.items():
        if name not in listed:
            raise _refused(file, f"holds {name[:80]!r}, which it doesn't list")
        if info.file_size != listed[name]:
            raise _refused(file, f"holds {name[:80]!r} in another size than it lists")
    if missing := sorted(listed.keys() - infos.keys()):
        raise _refused(file, f"lacks {missing[0][:80]!r}")
    return contents


def _list(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, file: Path) -> Contents:
    if info is None:
        raise _refused(file, f"lacks {LIST}: it isn't a backup")
    if info.file_size > _LONGEST_LIST:
        raise _refused(file, "lists too much")
    try:
        return msgspec.json.decode(archive.read(info), type=Contents)
    except msgspec.MsgspecError:
        raise _refused(file, f"has a {LIST} that can't be read") from None


def _wrong(info: zipfile.ZipInfo) -> str:
    """Say what is wrong with an entry, as the end of a sentence; empty where nothing is."""
    name = info.orig_filename
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or "\0" in name:
        return "names a place outside"
    if any(part in {"", ".", ".."} for part in parts) or PurePosixPath(name).as_posix() != name:
        return "leads outside, or is a folder"
    return fault_of(info)


def _extract(archive: zipfile.ZipFile, entry: Entry, folder: Path, file: Path) -> None:
    target = folder / PurePosixPath(entry.path)
    private_folder(target.parent)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as out, archive.open(entry.path) as source:
        digest = copy_counted(source, out, entry.size)
        out.flush()
        os.fsync(out.fileno())
    if digest != entry.sha256:
        raise _refused(file, f"holds {entry.path[:80]!r}, which isn't what was once written")


def _refused(file: Path, what: str) -> CorruptError:
    return CorruptError(f"{file} {what}.", _CURE)
