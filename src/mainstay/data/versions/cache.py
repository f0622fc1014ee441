"""The cache: each content once, under its md5, read-only; nothing comes out of it that isn't what its name says.

A copy shares its blocks with the original where the file system can do that (Btrfs, XFS: a reflink), and is a real copy
elsewhere. Never a hard link: one careless edit of the file would change the version behind it as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from mainstay.data.quarantine import write_whole
from mainstay.data.versions.digest import FOLDER, Digest, Leaf, listing_of, old_digest
from mainstay.errors import CorruptError, DataError
from mainstay.state import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.versions.repository import Repository

MD5 = re.compile(rf"[0-9a-f]{{32}}({re.escape(FOLDER)})?")
_KEPT = 0o444
_SHARED = 0o2775
_REFLINK = 0x40049409  # FICLONE of linux/fs.h
_CHUNK = 1 << 20


def put(repository: Repository, path: Path, digest: Digest) -> int:
    """Store a file or folder; what is there already and sound is left alone.

    Returns
    -------
    int
        Bytes that were written or shared.

    Raises
    ------
    DataError
        Where the cache can't be written, the disk would be full, or the source isn't what was digested any more.

    """
    leaves = digest.leaves if digest.folder else (Leaf("", digest.md5, digest.size),)
    files = [(path / leaf.path, leaf.md5, leaf.size) for leaf in leaves]
    lacking = [each for each in files if not _sound(repository, each[1])]
    needed = sum({md5: size for _, md5, size in lacking}.values())
    try:
        _make(repository, repository.cache)
        if shutil.disk_usage(repository.cache).free < needed:
            raise DataError(
                f"{path.name} doesn't fit on the disk of {repository.cache} ({needed:,} bytes).",
                "Make room, or set [data] keep = false.",
            )
        for source, md5, _ in lacking:
            _copy_in(repository, source, md5)
        if digest.folder:
            _write_listing(repository, digest)
    except OSError as error:
        raise DataError(
            f"The cache {repository.cache} can't be written: {error.strerror}.",
            "Give this user the right to write there, or set [data] keep = false.",
        ) from None
    return needed


def holds(repository: Repository, md5: str) -> bool:
    """Whether the cache has an entry of this name; its bytes aren't looked at."""
    return repository.entry(md5).is_file() or repository.entry(md5, old=True).is_file()


def leaves_of(repository: Repository, md5: str) -> tuple[Leaf, ...] | None:
    """Read a folder's list from the cache; None where the cache doesn't have it. Sizes aren't in it: 0.

    Raises
    ------
    CorruptError
        Where the list isn't what its name says, or names a path outside the folder.

    """
    entry = repository.entry(md5)
    try:
        content = entry.read_bytes()
    except OSError:
        return None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() + FOLDER != md5:
        raise _wrong(entry)
    try:
        leaves = tuple(Leaf(each["relpath"], each["md5"], 0) for each in json.loads(content))
    except (ValueError, KeyError, TypeError):
        raise _wrong(entry) from None
    for leaf in leaves:
        if not _inside(leaf.path) or not MD5.fullmatch(leaf.md5) or leaf.md5.endswith(FOLDER):
            raise CorruptError(
                f"{entry} names '{leaf.path}', which leads out of the folder; it isn't used.", f"Remove it: rm {entry}"
            )
    return leaves


def fetch(repository: Repository, md5: str, path: Path, *, old: bool = False) -> bool:
    """Bring a file back from the cache; False where the cache doesn't have it.

    Raises
    ------
    CorruptError
        Where the entry's bytes aren't what its name says: they are never used.
    DataError
        Where the file can't be written.

    """
    entry = repository.entry(md5)
    if not entry.is_file() and old:
        entry = repository.entry(md5, old=True)
    if not entry.is_file():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = _copied(entry, path)
        try:
            found = _md5(half)
            if found != md5 and not (old and old_digest(half) == md5):
                raise _wrong(entry)
            half.chmod(0o666 & ~_umask())
            half.replace(path)
            sync_folder(path.parent)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:
        said = f"{path} can't be restored: {error.strerror}."
        raise DataError(said, "Check the folder and its permissions.") from None
    return True


def _sound(repository: Repository, md5: str) -> bool:
    """Whether the cache really has this content; one that was spoilt is written again, from the source at hand."""
    entry = repository.entry(md5)
    try:
        return stat.S_ISREG(entry.stat().st_mode) and _md5(entry) == md5
    except OSError:
        return False


def _copy_in(repository: Repository, source: Path, md5: str) -> None:
    entry = repository.entry(md5)
    _make(repository, entry.parent)
    half = _copied(source, entry)
    try:
        if _md5(half) != md5:
            raise DataError(f"{source} changed while it was read.", "Wait until whoever writes it is done.")
        half.chmod(_KEPT)
        half.replace(entry)
        sync_folder(entry.parent)
    finally:
        half.unlink(missing_ok=True)


def _write_listing(repository: Repository, digest: Digest) -> None:
    entry = repository.entry(digest.md5)
    content = listing_of(digest.leaves)
    if not entry.is_file() or entry.read_bytes() != content:
        _make(repository, entry.parent)
        write_whole(entry, content)
        entry.chmod(_KEPT)


def _copied(source: Path, target: Path) -> Path:
    """Copy a file to a temporary name beside its target, sharing blocks where the file system can."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
            if not _reflinked(original, copy):
                shutil.copyfileobj(original, copy, _CHUNK)
            copy.flush()
            os.fsync(copy.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _reflinked(original: BinaryIO, copy: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - POSIX only

    try:
        fcntl.ioctl(copy.fileno(), _REFLINK, original.fileno())
    except OSError:
        return False
    return True


def _make(repository: Repository, folder: Path) -> None:
    missing = [each for each in _upward(folder) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if repository.shared:
        for each in missing:
            each.chmod(_SHARED)


def _upward(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.parents


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _inside(path: object) -> bool:
    if not isinstance(path, str) or not path or "\\" in path or "\0" in path:
        return False
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and bool(parts.parts)


def _wrong(entry: Path) -> CorruptError:
    return CorruptError(
        f"The cache's file {entry} isn't what its name says; it isn't used.",
        f"Remove it and fetch it again: rm -f {entry} && dvc pull",
    )


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
