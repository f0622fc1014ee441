"""The files of a commit, written into an empty folder: the repository, its index and its files stay as they are."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.registry.git import ask_git, names_in, run_git

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_PATIENCE = 600.0  # seconds


def write_commit(root: Path, commit: str, into: Path, *, patch: bytes = b"", only: str = "") -> tuple[str, ...]:
    """Write the files of a commit, and changes on top of them, into an empty folder.

    Parameters
    ----------
    root : Path
        A folder of the repository.
    commit : str
        Which one, in full.
    into : Path
        The folder.
    patch : bytes
        What wasn't committed, from the top of the repository.
    only : str
        A folder of the repository, with ``/`` behind it; empty for all of it.

    Returns
    -------
    tuple of str
        What couldn't be done, as sentences with the cure; nothing is written where the commit isn't there.

    """
    if missing := _why_not(root, commit):
        return (missing,)
    with tempfile.TemporaryDirectory(prefix="mainstay-") as apart:
        env = _apart(root, Path(apart))
        top = Path((ask_git(root, "rev-parse", "--show-toplevel") or "").rstrip("\n"))
        if run_git(top, ("read-tree", commit), env=env, patience=_PATIENCE) is None:
            return (f"Git can't read all of commit {commit[:12]}. See what is wrong: git fsck",)
        told: tuple[str, ...] = ()
        if patch and run_git(top, ("apply", "--cached", "--whitespace=nowarn", "-"), env=env, given=patch) is None:
            told = ("The changes that weren't committed don't fit the commit, and were left out.",)
        listed = run_git(top, ("--literal-pathspecs", "ls-files", "-z", "--", only or "."), env=env)
        write = (*_unfiltered(root), "checkout-index", "-z", "--stdin", "--force", f"--prefix={into}{os.sep}")
        if run_git(top, write, env=env, given=listed or b"", patience=_PATIENCE) is None:
            return (*told, f"Git can't write all files of commit {commit[:12]}. See what is wrong: git fsck")
    return told


def tracked_in(root: Path) -> frozenset[str]:
    """Name the files of a folder that git knows, from that folder."""
    return frozenset(names_in(run_git(root, ("ls-files", "-z", "--", "."))))


def _why_not(root: Path, commit: str) -> str:
    if not COMMIT.fullmatch(commit):
        return f"'{commit[:80]}' is no commit of git."
    if run_git(root, ("cat-file", "-e", f"{commit}^{{commit}}")) is not None:
        return ""
    if ask_git(root, "rev-parse", "--git-dir") is None:
        return f"{root} isn't under git here, so the files of commit {commit[:12]} can't be had."
    shallow = (ask_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    cure = "This clone is shallow: git fetch --unshallow" if shallow else "Fetch it from where it was pushed: git fetch"
    return f"Commit {commit[:12]} isn't in this repository. {cure}"


def _apart(root: Path, apart: Path) -> dict[str, str]:
    """Let git write what it must, an index and the contents of a patch, beside the repository."""
    objects = (ask_git(root, "rev-parse", "--git-path", "objects") or "").rstrip("\n")
    (apart / "objects").mkdir()
    return {
        "GIT_INDEX_FILE": str(apart / "index"),
        "GIT_OBJECT_DIRECTORY": str(apart / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str((root / objects).absolute()),
    }


def _unfiltered(root: Path) -> Sequence[str]:
    """Switch off the programs that a repository has files go through when they are written."""
    named = ask_git(root, "config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(smudge|process|required)$")
    switches = []
    for key in (named or "").split("\0"):
        if key:
            switches += ["-c", f"{key}={'false' if key.endswith('.required') else ''}"]
    return switches
