"""`Lineage`: where a version comes from: data, code, settings, environment, people."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.packages import installed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 10.0  # seconds


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version comes from.

    Parameters
    ----------
    data_fingerprint : str
        Of the rows it was trained on.
    source : str
        Where they came from.
    rows : int
        How many there were.
    data_md5 : str
        Of the file or folder they were in, as DVC says it; empty where there was none.
    data_size : int or None
        Its bytes.
    data_pointer : str
        The file that names this version in git, from the project's folder; empty where none does.
    git_commit : str
        Of the project's folder; empty where it isn't under git.
    dirty : bool
        Whether something there wasn't committed.
    parameters : dict
        What the model was made with.
    seed : int
        Of all randomness.
    python : str
        Version of the interpreter.
    packages : dict
        Installed distribution to version.
    by : str
        Who trained it.
    machine : str
        System and processor it was trained on.

    """

    data_fingerprint: str
    source: str
    rows: int
    data_md5: str = ""
    data_size: int | None = None
    data_pointer: str = ""
    git_commit: str = ""
    dirty: bool = False
    parameters: dict[str, str | int | float | bool | None] = {}
    seed: int = 0
    python: str = ""
    packages: dict[str, str] = {}
    by: str = ""
    machine: str = ""


def capture_lineage(  # noqa: PLR0913 - one name for each thing a version is made of
    root: Path,
    *,
    data_fingerprint: str,
    source: str,
    rows: int,
    data_md5: str = "",
    data_size: int | None = None,
    data_pointer: str = "",
    parameters: Mapping[str, str | int | float | bool | None],
    seed: int,
    by: str,
) -> Lineage:
    """Put what the caller knows together with what can be seen here: git, the interpreter, what is installed.

    Parameters
    ----------
    root : Path
        The project's folder.
    data_fingerprint, source, rows, data_md5, data_size, data_pointer, parameters, seed, by
        As in `Lineage`.

    """
    commit, dirty = git_state(root)
    return Lineage(
        data_fingerprint=data_fingerprint,
        source=source,
        rows=rows,
        data_md5=data_md5,
        data_size=data_size,
        data_pointer=data_pointer,
        git_commit=commit,
        dirty=dirty,
        parameters=dict(parameters),
        seed=seed,
        python=platform.python_version(),
        packages=installed(),
        by=by,
        machine=f"{platform.system()} {platform.machine()}",
    )


def git_state(root: Path) -> tuple[str, bool]:
    """Ask git for the commit of a folder and whether something in it isn't committed.

    Returns
    -------
    tuple of str and bool
        ``("", False)`` where git isn't installed, doesn't answer, or the folder isn't under it.

    """
    commit = ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return "", False
    changed = ask_git(root, "status", "--porcelain", "--", ".", ":(exclude).mainstay")
    return commit.strip(), changed != ""


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


def ask_git(root: Path, *words: str) -> str | None:
    """Ask git about a folder; None where it isn't installed, doesn't answer in time, or says no."""
    git = shutil.which("git")
    if git is None:
        return None
    # A folder's own settings must not be able to start programs here; reading must not take locks.
    command = [git, "-c", "core.fsmonitor=false", "-C", str(root), *words]
    try:
        done = subprocess.run(  # noqa: S603 - a list and no shell; only the folder varies
            command,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
