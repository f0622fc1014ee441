"""The quarantine: rows that can't be used are written to a file with the rules they broke, never dropped silently."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


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
    path = folder / f"{name}.csv"
    if failing.height == 0:
        return None
    first = failing.columns[-2:]
    write_whole(path, failing.select(*first, *failing.columns[:-2]).write_csv().encode("utf-8"))
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary name, to the disk, then its own name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(
            f"{path} can't be written: {error.strerror}.", "Check the folder and its permissions."
        ) from None
