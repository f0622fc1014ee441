"""Where files for other tools go: beside those of others, never over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import DataError, StoreError

if TYPE_CHECKING:
    from pathlib import Path


def write_file(path: Path, text: str, mark: str) -> Path:
    """Write a file, whole or not at all; one that is there already is replaced where mainstay wrote it.

    Parameters
    ----------
    path : Path
        Where.
    text : str
        What.
    mark : str
        What a file that mainstay wrote has in it.

    Raises
    ------
    DataError
        Where there is another file of that name.
    StoreError
        Where it can't be written.

    """
    try:
        if path.exists() and mark not in path.read_text(encoding="utf-8", errors="replace"):
            raise DataError(
                f"{path} is there already, and mainstay didn't write it.",
                "Name another folder with --out, or see what would be written: --show",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise StoreError(f"{path} can't be written: {error.strerror}.", "Name another folder with --out.") from None
    return path
