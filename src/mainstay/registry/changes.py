"""What wasn't committed, as a patch: tracked files that changed, and small new ones that shape a model."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.git import run_git
from mainstay.registry.secrets import is_secret_file, shows_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.registry.git import Tree

MOST = 1 << 20
"""Bytes of a patch that a bundle keeps."""
_SMALL = 1 << 18  # bytes of a new file
_FILES = 1000  # more new ones are no work on a model: an environment, say, that git should ignore
_NAMED = 5
_CODE = re.compile(r"\.(py|toml|ya?ml|sql|cfg|ini|dvc|lock|ipynb|md|txt|in|gitignore|dvcignore)$|^(Make|Docker)file$")
_ROWS = re.compile(
    r"\.(csv|tsv|parquet|feather|arrow|xlsx?|jsonl|ndjson|np[yz]|pkl|pickle|joblib|sqlite|db|gz|zip|zst|avro|orc|h5"
    r"|hdf5|log)$",
    re.IGNORECASE,
)
_WAY = ("diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
# A user's own settings must not change what is written: it is applied elsewhere.
_PLAIN = ("--no-relative", "--src-prefix=a/", "--dst-prefix=b/", "-U3", f"-O{os.devnull}", "--ignore-submodules=all")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What wasn't committed when a version was made.

    Parameters
    ----------
    sha256 : str
        Of the patch; empty where there is none.
    size : int
        Its bytes.
    kept : bool
        Whether the bundle holds it, as ``changes.patch``.
    left_out : tuple of str
        Files that differ and aren't in it, each with the reason: data, secrets, what is too large.
    note : str
        Why there is no patch, or it isn't kept; empty where nothing is to be said.

    """

    sha256: str = ""
    size: int = 0
    kept: bool = False
    left_out: tuple[str, ...] = ()
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything that wasn't committed can be had again."""
        return not self.left_out and not self.note


NO_CHANGES = Changes()


def take_changes(root: Path, tree: Tree) -> tuple[Changes, bytes]:
    """Write what differs from the commit as a patch from the top of the repository.

    Parameters
    ----------
    root : Path
        The project's folder.
    tree : Tree
        What git says of it.

    """
    if not tree.dirty:
        return NO_CHANGES, b""
    taken, left_out = _chosen(tree)
    patch = None if tree.unread else _patch(root, tree, taken)
    if patch is None:
        return Changes(left_out=left_out, note="git couldn't say what differs from the commit"), b""
    patch, hidden = _without_secrets(patch)
    left_out = (*left_out, *hidden)
    if not patch:
        return Changes(left_out=left_out), b""
    kept = len(patch) <= MOST
    note = "" if kept else f"the patch has {len(patch):,} bytes: only its hash is kept"
    sha256 = hashlib.sha256(patch).hexdigest()
    return Changes(sha256=sha256, size=len(patch), kept=kept, left_out=left_out, note=note), patch


def _chosen(tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose the files that go into the patch; and name those that don't, with the reason."""
    why = {name: _why_not(name) for name in tree.changed}
    many = "it is one of many new ones" if len(tree.new) > _FILES else ""
    why |= {name: many or _why_not(name) or _why_not_new(tree.top / name) for name in tree.new}
    taken = tuple(name for name, reason in why.items() if not reason)
    missed = [f"{_shown(name)}: {reason}" for name, reason in why.items() if reason]
    more = len(missed) - _NAMED
    return taken, (*missed[:_NAMED], *((f"and {more} more",) if more > 0 else ()))


def _why_not(name: str) -> str:
    path = PurePosixPath(name)
    if is_secret_file(name):
        return "by its name it holds secrets"
    if ".mainstay" in path.parts:
        return "it is part of the books"
    return "it is data" if _ROWS.search(name) else ""


def _why_not_new(path: Path) -> str:
    if not _CODE.search(path.name):
        return "it is new, and no code"
    try:
        if path.is_symlink() or not path.is_file():
            return "it is new, and no plain file"
        if path.stat().st_size > _SMALL:
            return "it is new, and large"
        content = path.read_bytes()
    except OSError:
        return "it can't be read"
    return "it is new, and no text" if b"\0" in content else ""


def _patch(root: Path, tree: Tree, names: Sequence[str]) -> bytes | None:
    """Let git write the patch over a copy of its index that knows the new files too; its own isn't touched."""
    if not names:
        return b""
    with tempfile.TemporaryDirectory(prefix="mainstay-") as folder:
        index = Path(folder) / "index"
        shutil.copyfile(root / tree.index, index)
        env = {"GIT_INDEX_FILE": str(index)}
        new = [name for name in names if name in set(tree.new)]
        listed = "\0".join(new).encode("utf-8", "surrogateescape")
        add = ("--literal-pathspecs", "add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
        if new and run_git(tree.top, add, env=env, given=listed) is None:
            return None
        return run_git(tree.top, ("--literal-pathspecs", *_WAY, *_PLAIN, "HEAD", "--", *names), env=env)


def _without_secrets(patch: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Leave out the files in whose changes a secret shows, and name them."""
    parts = re.split(rb"(?m)^(?=diff --git )", patch)
    clean, hidden = [], []
    for part in parts:
        what = shows_secret(part)
        if what:
            first = part.partition(b"\n")[0].rpartition(b" b/")[2]
            hidden.append(f"{_shown(os.fsdecode(first))}: it seems to hold {what}")
        else:
            clean.append(part)
    return b"".join(clean), tuple(hidden)


def _shown(name: str) -> str:
    """Write a name on one line, whatever it holds."""
    plain = name.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in plain)
