"""What DVC calls a version: the md5 of a file, or of the list of a folder's files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ".dir"
"""Ends the md5 of a folder."""
_CHUNK = 1 << 20
_PROBE = 512
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_NEVER = frozenset({".git", ".hg", ".dvc"})  # what dvc leaves out everywhere


@dataclass(frozen=True)
class Leaf:
    """A file of a folder: its path in it with ``/``, its md5, its size in bytes."""

    path: str
    md5: str
    size: int


@dataclass(frozen=True)
class Digest:
    """A file's or folder's version.

    Parameters
    ----------
    md5 : str
        32 hex digits, and ``.dir`` behind them for a folder.
    size : int
        Bytes, all files together.
    leaves : tuple of Leaf
        A folder's files by path; empty for a file.

    """

    md5: str
    size: int
    leaves: tuple[Leaf, ...] = ()

    @property
    def folder(self) -> bool:
        """Whether it is a folder's."""
        return self.md5.endswith(FOLDER)


def digest_of(path: Path) -> Digest:
    """Digest a file or folder as DVC 3 does.

    Raises
    ------
    DataError
        Where something can't be read, changes while it is read, or is no plain file.

    """
    if not path.is_dir():
        md5, size = _digest_file(path)
        return Digest(md5, size)
    leaves = tuple(Leaf(file.relative_to(path).as_posix(), *_digest_file(file)) for file in _files(path))
    leaves = tuple(sorted(leaves, key=lambda leaf: leaf.path))
    return Digest(hashlib.md5(listing_of(leaves), usedforsecurity=False).hexdigest() + FOLDER, _total(leaves), leaves)


def stamp_of(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Note name, size and time of every file, cheaply: equal stamps, nobody wrote in between."""
    try:
        files = [path] if not path.is_dir() else sorted(file for file in path.rglob("*") if file.is_file())
        found = [(file, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple((file.relative_to(path).as_posix(), state.st_size, state.st_mtime_ns) for file, state in found)


def listing_of(leaves: tuple[Leaf, ...]) -> bytes:
    """Write the ``.dir`` file of a folder, byte for byte as DVC does."""
    return json.dumps([{"md5": leaf.md5, "relpath": leaf.path} for leaf in leaves], sort_keys=True).encode()


def old_digest(path: Path) -> str:
    """Digest a file as DVC 2 did: for it, a text's line ends in CR LF are LF alone."""
    hasher = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            hasher.update(block.replace(b"\r\n", b"\n") if _is_text(block[:_PROBE]) else block)
    return hasher.hexdigest()


def _digest_file(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.", "Check the path and its permissions.") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError(f"{path} changed while it was read.", "Wait until whoever writes it is done.")
    return md5, after.st_size


def _files(folder: Path) -> Iterator[Path]:
    def told(error: OSError) -> None:
        raise DataError(f"{error.filename} can't be read: {error.strerror}.", "Check its permissions.")

    for place, names, files in os.walk(folder, onerror=told):
        for name in names + files:
            path = Path(place) / name
            if path.is_symlink():
                raise DataError(f"{path} is a link; a version is made of plain files.", "Put the file itself there.")
            if not name.isprintable():
                raise DataError(f"{path!r} can't be written into a list of files.", "Give it a plain name.")
        names[:] = [name for name in names if name not in _NEVER]
        yield from (Path(place) / name for name in files if name not in _NEVER)


def _total(leaves: tuple[Leaf, ...]) -> int:
    return sum(leaf.size for leaf in leaves)


def _is_text(block: bytes) -> bool:
    return b"\0" not in block and len(block.translate(None, _TEXT)) <= 0.3 * len(block)
