"""`FeatureCode`: the text of ``features.py`` and the hash it is trusted by. Nothing here runs it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mainstay.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "features.py"


@dataclass(frozen=True)
class FeatureCode:
    r"""Feature code as bytes: what is hashed is what is compiled.

    Parameters
    ----------
    content : bytes
        The file, read once.
    file : str
        What it is called.

    Examples
    --------
    >>> FeatureCode(b"def features(frame):\n    return frame\n").sha256[:12]
    '4ca3f39aa93d'

    """

    content: bytes
    file: str = FILE

    @cached_property
    def sha256(self) -> str:
        """What it is trusted by."""
        return hashlib.sha256(self.content).hexdigest()


def read_code(root: Path, file: str = FILE) -> FeatureCode | None:
    """Read the ``features.py`` of a project's folder, or other code of its own; None where it has none.

    Raises
    ------
    ProjectError
        Where it is there and can't be read.

    """
    try:
        return FeatureCode((root / file).read_bytes(), file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProjectError(f"{file} can't be read: {error.strerror}.", f"Check {root / file}.") from None
