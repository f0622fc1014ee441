"""What a bundle says in files of its own: each read once, compared with its hash as it is read, and decoded in bounds.

The bytes that are decoded are the bytes that were compared, whoever writes in the folder meanwhile.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.contract import from_json
from mainstay.errors import ContractError, CorruptError
from mainstay.registry.plain import loads
from mainstay.registry.plain_file import read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mainstay.contract import Contract
    from mainstay.registry.manifest import File, Manifest

T = TypeVar("T")
LARGEST = 512 * 1024 * 1024
"""Bytes of a file that is read as a whole: twenty golden records of a million numbers each."""
COLUMNS = 50_000
WIDTH = 1 << 24
_CURE = "Use the mainstay that its requirements.txt names."


@dataclass(frozen=True)
class Documents:
    """The files of a bundle that are read whole.

    Parameters
    ----------
    folder : Path
        Where the bundle lies.
    manifest : Manifest
        What it holds, verified.
    name : str
        What to call it in errors.

    """

    folder: Path
    manifest: Manifest
    name: str

    def holds(self, file: str) -> bool:
        """Say whether the bundle has such a file."""
        return file in self._listed

    def content(self, file: str) -> bytes:
        """Read a file.

        Raises
        ------
        CorruptError
            Where there is none, it is too large to be read as a whole, or it isn't what was once written.

        """
        listed = self._listed.get(file)
        if listed is None:
            raise CorruptError(f"{self.name} lacks its file {file!r}.", "It is no whole version: don't use it.")
        if listed.size > LARGEST:
            raise CorruptError(f"{file} of {self.name} has {listed.size} bytes, at most {LARGEST} are read.", _CURE)
        try:
            content = read_plain(self.folder / PurePosixPath(file), listed.size)
        except OSError as error:
            raise CorruptError(
                f"{file} of {self.name} can't be read: {error.strerror or error}.", "Try again."
            ) from None
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise CorruptError(f"The file {file!r} of {self.name} isn't what was once written.", "Don't use it.")
        return content

    def decoded(self, file: str, kind: type[T]) -> T:
        """Read a file of JSON; raises as `content`, and where it isn't what `kind` says."""
        content = self.content(file)
        try:
            return loads(content, kind)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise self._unreadable(file, error) from None

    def contract(self, file: str) -> Contract:
        """Read a contract; raises as `content`, and where it is none, or wider than any server could take."""
        content = self.content(file)
        try:
            found = from_json(content)
        except (ContractError, ValueError, RecursionError) as error:
            raise self._unreadable(file, error) from None
        columns, width = len(found.columns), found.width
        if columns > COLUMNS or width > WIDTH:
            raise CorruptError(
                f"{file} of {self.name} has {columns} columns of {width} numbers; {COLUMNS} of {WIDTH} are the most.",
                "Don't use it.",
            )
        return found

    @cached_property
    def _listed(self) -> Mapping[str, File]:
        return {file.path: file for file in self.manifest.files}

    def _unreadable(self, file: str, error: Exception) -> CorruptError:
        # Every hash was right: it was written so, by a mainstay that knows more.
        return CorruptError(f"{file} of {self.name} can't be read by this mainstay: {error}", _CURE)
