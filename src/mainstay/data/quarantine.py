"""The quarantine: rows that can't be used are written to a file with the rules they broke, never dropped silently."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import polars as pl

from mainstay.errors import DataError
from mainstay.state import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence


def free_name(name: str, taken: Sequence[str]) -> str:
    """Give `name`, with underscores behind it until no column is called so.

    Examples
    --------
    >>> free_name("row", ["row", "rules"])
    'row_'

    """
    while name in taken:
        name += "_"
    return name


def write_quarantine(failing: pl.DataFrame, folder: Path, name: str) -> Path | None:
    """Write the refused rows to ``folder/name.csv``; None, and no file, where there are none.

    Parameters
    ----------
    failing : polars.DataFrame
        The original rows, then the number of each in the source (from 0) and the rules it broke.
    folder : Path
        Made where it isn't there.
    name : str
        The same content under the same name replaces itself.

    Raises
    ------
    DataError
        Where the folder can't be written.

    """
    with Quarantine(folder, name) as rows:
        rows.add(failing)
    return rows.path


class Quarantine:
    """A file of refused rows, written as they come: under its name only once all are in it, on leaving the block.

    Parameters
    ----------
    folder : Path
        Made where it isn't there.
    name : str
        The file is ``folder/name.csv``; where no row is refused there is none.

    Raises
    ------
    DataError
        Where the folder can't be written.

    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path: Path | None = None
        self._final = folder / f"{name}.csv"
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, failing: pl.DataFrame) -> None:
        """Take in rows as they were read, then the number of each in the source and the rules it broke."""
        if failing.height == 0:
            return
        cells = failing.get_columns()
        told = pl.DataFrame([_in_a_cell(column) for column in (*cells[-2:], *cells[:-2])])
        try:
            header = self._file is None
            if self._file is None:
                self._final.parent.mkdir(parents=True, exist_ok=True)
                handle, half = tempfile.mkstemp(prefix=f".{self._final.name}.", dir=self._final.parent)
                self._file, self.path = os.fdopen(handle, "wb"), Path(half)
            self._file.write(told.write_csv(include_header=header).encode("utf-8"))
        except OSError as error:
            raise _unwritable(self._final, error) from None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Give the file its name; remove it where something went wrong."""
        if self._file is None or self.path is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self.path.chmod(0o644)
                self.path = self.path.replace(self._final)
                return
        except OSError as error:
            if kind is None:
                raise _unwritable(self._final, error) from None
        finally:
            if self.path != self._final:
                self.path.unlink(missing_ok=True)
                self.path = None


def _in_a_cell(cells: pl.Series) -> pl.Series:
    """Write what holds several values as JSON, as a csv has one cell for it."""
    if not cells.dtype.is_nested():
        return cells
    texts = [None if cell is None else json.dumps(cell, default=str) for cell in cells.to_list()]
    return pl.Series(cells.name, texts, dtype=pl.String)


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} can't be written: {error.strerror}.", "Check the folder and its permissions.")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that others may read, whole or not at all; raises `DataError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from None
