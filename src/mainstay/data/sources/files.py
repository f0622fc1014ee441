"""A local file: that it is there, what kind it is, and whether it changes while it is read."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

PARQUET, ARROW, SQLITE = b"PAR1", b"ARROW1", b"SQLite format 3\x00"
_MARK = 16


@dataclass(frozen=True)
class Stamp:
    """What tells that a file was written again: size, time of the last change, inode; the same for several files.

    Parameters
    ----------
    paths : tuple of Path
        The files.
    marks : tuple
        Of each, when it was opened.
    name : str
        What a sentence calls them.

    """

    paths: tuple[Path, ...]
    marks: tuple[tuple[int, int, int], ...]
    name: str

    @classmethod
    def of(cls, *paths: Path, name: str) -> Stamp:
        """Take the stamp of files as they are now."""
        return cls(paths, tuple(_mark(path) for path in paths), name)

    def check(self) -> None:
        """Refuse a file that was written to since.

        Raises
        ------
        DataError
            Naming the file.

        """
        for path, mark in zip(self.paths, self.marks, strict=True):
            if _mark(path) != mark:
                which = self.name if len(self.paths) == 1 else f"{path.name} in {self.name}"
                raise DataError(
                    f"{which} changed while it was read.", "Wait until whoever writes it is done, then start again."
                )


def first_bytes(path: Path) -> bytes:
    """Read what tells the kind of a file.

    Raises
    ------
    DataError
        Where it isn't there, or can't be read, or is empty.

    """
    try:
        with path.open("rb") as file:
            start = file.read(_MARK)
            rest = start
            while rest and not start.strip():  # a file of blanks is as good as none
                rest = file.read(1 << 20)
                start = rest.lstrip()[:_MARK] or start
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.", _suggest(path)) from None
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.", "Check the path and its permissions.") from None
    if not start.strip():
        raise DataError(
            f"{path.name} is empty.", "Give a csv or parquet file with a header and rows; to train, at least 50."
        )
    return start


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (-1, 0, 0)
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _suggest(path: Path) -> str:
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    stems = {name.partition(".")[0].casefold(): name for name in beside}  # endings are alike too often to be near
    near = [stems[stem] for stem in difflib.get_close_matches(path.name.partition(".")[0].casefold(), stems, 1, 0.75)]
    return f"Did you mean {path.parent / near[0]}?" if near else "Check the path."
