"""The code of a project as a training found it: the files that shape the model, and what wasn't committed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.changes import NO_CHANGES, Changes, take_changes
from mainstay.registry.git import look_at_tree
from mainstay.registry.secrets import shows_secret

if TYPE_CHECKING:
    from pathlib import Path

SHAPING = ("mainstay.toml", "contract.toml", "features.py", "model.py", "heuristic.toml", "measures.py")
"""Files beside the project file that make another model, or judge it otherwise."""
FILES = "project"
"""The folder of a bundle that keeps them."""
PATCH = "changes.patch"
_LARGEST = 1 << 20  # bytes of a file that is kept


class CodeFile(msgspec.Struct, frozen=True):
    """A file that shaped a model.

    Parameters
    ----------
    path : str
        From the project's folder.
    sha256 : str
        Of its bytes.
    size : int
        Bytes.
    note : str
        Why the bundle doesn't hold the file itself; empty where it does, in its folder ``project``.

    """

    path: str
    sha256: str
    size: int
    note: str = ""


@dataclass(frozen=True)
class Code:
    """What a training found in the project's folder.

    Parameters
    ----------
    commit, prefix : str
        Git's commit, and the project's folder in the repository; empty where it isn't under git.
    dirty : bool
        Whether something wasn't committed.
    files : tuple of CodeFile
        Those that shape the model.
    changes : Changes
        What wasn't committed.
    contents : tuple of (str, bytes)
        What goes into the bundle: its name there, and the bytes.

    """

    commit: str = ""
    prefix: str = ""
    dirty: bool = False
    files: tuple[CodeFile, ...] = ()
    changes: Changes = NO_CHANGES
    contents: tuple[tuple[str, bytes], ...] = ()


def capture_code(root: Path) -> Code:
    """Take the project's code as it is now: before it is used, so that what is edited meanwhile isn't taken for it.

    Parameters
    ----------
    root : Path
        The project's folder.

    """
    contents = {name: content for name in SHAPING if (content := _content(root / name)) is not None}
    files = tuple(_file(name, content) for name, content in contents.items())
    kept = [(f"{FILES}/{one.path}", contents[one.path]) for one in files if not one.note]
    tree = look_at_tree(root)
    if tree is None:
        return Code(files=files, contents=tuple(kept))
    changes, patch = take_changes(root, tree)
    if changes.kept:
        kept.append((PATCH, patch))
    return Code(tree.commit, tree.prefix, tree.dirty, files, changes, tuple(kept))


def kept_code(bundle: Path) -> tuple[tuple[str, bytes], ...]:
    """Give the files of the project that a bundle keeps, as `Code.contents` has them."""
    places = (*sorted((bundle / FILES).glob("*")), bundle / PATCH)
    found = ((place.relative_to(bundle).as_posix(), _content(place)) for place in places)
    return tuple((name, content) for name, content in found if content is not None)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _file(name: str, content: bytes) -> CodeFile:
    note = ""
    if len(content) > _LARGEST:
        note = f"it has {len(content):,} bytes"
    elif what := shows_secret(content):
        note = f"it seems to hold {what}"
    return CodeFile(name, hashlib.sha256(content).hexdigest(), len(content), note)
