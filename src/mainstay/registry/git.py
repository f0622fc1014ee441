"""Git, asked about a project's folder: nothing of the repository is run, nothing of it is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POINTERS = "*.mainstay.json"
"""Files that name a version: they follow from a training, and never make a tree one with changes."""
_PATIENCE = 10.0  # seconds
# A folder's own settings must not be able to start programs here.
_CALM = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
# Git sets these for its own hooks: they would lead to another repository than the folder's. Nor may it fetch or ask.
_ASTRAY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS")
_ALONE = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}


@dataclass(frozen=True)
class Tree:
    """What git says of a project's folder.

    Parameters
    ----------
    commit : str
        It is at.
    top : Path
        The folder that holds the repository's files.
    prefix : str
        The project's folder from there: ``"models/churn/"``; empty where it is the same.
    index : str
        Where git keeps its index, from the project's folder.
    changed, new : tuple of str
        Files of the project that differ from the commit, and those git doesn't know and doesn't ignore; from `top`.
    unread : bool
        Whether git didn't say in time what differs: then nobody knows.

    """

    commit: str
    top: Path
    prefix: str
    index: str
    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    unread: bool = False

    @property
    def dirty(self) -> bool:
        """Whether something of the project wasn't committed."""
        return bool(self.changed or self.new or self.unread)


def run_git(
    root: Path,
    words: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
    patience: float = _PATIENCE,
) -> bytes | None:
    """Run git in a folder; None where it isn't installed, doesn't answer in time, or says no.

    Parameters
    ----------
    root : Path
        The folder.
    words : sequence of str
        What to ask.
    env : mapping, optional
        Variables beside this process's.
    given : bytes
        For its standard input.
    patience : float
        Seconds to wait for the answer.

    """
    git = shutil.which("git")
    if git is None:
        return None
    kept = {name: value for name, value in os.environ.items() if name not in _ASTRAY}
    try:
        done = subprocess.run(  # noqa: S603 - a list and no shell; only the folder varies
            [git, *_CALM, "-C", str(root), *words],
            capture_output=True,
            check=False,
            input=given,
            env={**kept, **_ALONE, **(env or {})},
            timeout=patience,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def ask_git(root: Path, *words: str) -> str | None:
    """Ask git about a folder, in text; None where it isn't installed, doesn't answer in time, or says no."""
    answer = run_git(root, words)
    return None if answer is None else answer.decode("utf-8", "replace")


def names_in(listed: bytes | None) -> tuple[str, ...]:
    """Split what git lists with ``-z``; a name that is no text keeps its bytes, as the file system does."""
    return tuple(os.fsdecode(name) for name in (listed or b"").split(b"\0") if name)


def look_at_tree(root: Path) -> Tree | None:
    """Ask git for the commit of a folder and for what of the project differs from it.

    Returns
    -------
    Tree or None
        None where git isn't installed, doesn't answer, the folder isn't under it, or nothing was ever committed.

    """
    said = run_git(root, ("rev-parse", "--show-toplevel", "--show-prefix", "--git-path", "index", "HEAD"))
    if said is None:
        return None
    lines = os.fsdecode(said).splitlines()
    if len(lines) != 4:  # a folder whose name has several lines
        return None
    top, prefix, index, commit = lines
    asked = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    said = run_git(root, (*asked, "--", ".", ":(exclude).mainstay", f":(exclude,glob)**/{POINTERS}"))
    entries = names_in(said)
    new = tuple(each[3:] for each in entries if each.startswith("??"))
    changed = tuple(each[3:] for each in entries if not each.startswith("??"))
    return Tree(commit, Path(top), prefix, index, changed, new, said is None)


def commit_naming(root: Path, pointer: str, md5: str, first: str = "") -> str:
    """Find the commit whose pointer names a version of data, so that checking it out gives the data back.

    Parameters
    ----------
    root : Path
        The project's folder.
    pointer : str
        The file that names it, from that folder; it may have been moved or removed since.
    md5 : str
        The version.
    first : str
        A commit to prefer where it names it: the one the training ran on.

    Returns
    -------
    str
        Empty where no commit does, or git can't be asked.

    """
    if not md5:
        return ""
    if first and pointer and md5 in (ask_git(root, "show", "--no-textconv", f"{first}:./{pointer}") or ""):
        return first
    found = ("--all", "--reverse", "--format=%H", "--no-textconv", "--no-ext-diff", f"-S{md5}")
    named = ask_git(root, "log", *found, "--", ":/*.dvc", ":/*dvc.lock")
    return (named or "").split("\n", 1)[0]
