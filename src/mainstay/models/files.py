"""``model.json``: what a model's folder says about itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.errors import CorruptError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
HEADER = "model.json"


def write_file(folder: Path, name: str, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the machine stops."""
    half = folder / f".{name}.{os.getpid()}.part"
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(folder / name)
    finally:
        half.unlink(missing_ok=True)


def write_header(folder: Path, header: msgspec.Struct) -> None:
    """Write ``model.json``."""
    write_file(folder, HEADER, msgspec.json.encode(header))


def decode(folder: Path, content: bytes, kind: type[T]) -> T:
    """Decode ``model.json``.

    Raises
    ------
    CorruptError
        Where it isn't what `kind` says; names the file.

    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise damaged(folder / HEADER, str(error)) from None


def damaged(path: Path, why: str) -> CorruptError:
    """Make the error for a file that isn't what was once written."""
    return CorruptError(f"{path} is damaged: {why.rstrip('.')}.", "Restore it from a backup, or train again.")
