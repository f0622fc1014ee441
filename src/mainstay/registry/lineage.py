"""`Lineage`: where a version comes from: data, code, settings, environment, people."""

from __future__ import annotations

import datetime as dt
import os
import platform
from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.changes import NO_CHANGES, Changes
from mainstay.registry.code import Code, CodeFile, capture_code
from mainstay.registry.environment import Package, instructions, own_code, platform_words, used_packages
from mainstay.registry.packages import installed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class LogSpan(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an event log that a version was trained on: what is needed to read the same rows again.

    Parameters
    ----------
    since, until : datetime
        Answers from the first moment on, until just before the second; from the beginning where `since` is None.
    known_at : datetime
        Outcomes that had arrived by then.
    steps : tuple of (str, int, int)
        Every step from the log's answers to its rows: its name, rows before and after.

    """

    since: dt.datetime | None
    until: dt.datetime
    known_at: dt.datetime
    steps: tuple[tuple[str, int, int], ...] = ()


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
    log : LogSpan or None
        The part of the event log they are from, where they are from there.
    git_commit : str
        Of the project's folder; empty where it isn't under git.
    git_folder : str
        The project's folder in the repository, ``"models/churn/"``; empty where it is the repository's own.
    dirty : bool
        Whether something there wasn't committed.
    changes : Changes
        What wasn't: a patch, which the bundle keeps as ``changes.patch`` where it is small.
    code : tuple of CodeFile
        The files that shaped the model, as training found them; the bundle keeps them in its folder ``project``.
    parameters : dict
        What the model was made with.
    seed : int
        Of all randomness.
    python : str
        Version of the interpreter.
    packages : dict
        Installed distribution to version.
    environment : tuple of Package
        The distributions the training really used, with all they require, each with a hash of its content; empty in
        versions made before this was recorded.
    mainstay_sha256 : str
        Of mainstay's own code, which made it and serves it.
    platform : str
        What kind of system wheels are chosen for.
    processor : tuple of str
        Its instructions by which numerical libraries choose how they add up.
    cores : int
        Of the processor, for this process.
    made : str
        How: see `Version`; empty in versions made before this was recorded.
    parent : int or None
        The version that was champion then, or that it was made from.
    by : str
        Who made it.
    machine : str
        System and processor it was made on. Its name isn't recorded: a bundle travels, and reproducing doesn't need it.

    """

    data_fingerprint: str
    source: str
    rows: int
    data_md5: str = ""
    data_size: int | None = None
    data_pointer: str = ""
    log: LogSpan | None = None
    git_commit: str = ""
    git_folder: str = ""
    dirty: bool = False
    changes: Changes = NO_CHANGES
    code: tuple[CodeFile, ...] = ()
    parameters: dict[str, str | int | float | bool | None] = {}
    seed: int = 0
    python: str = ""
    packages: dict[str, str] = {}
    environment: tuple[Package, ...] = ()
    mainstay_sha256: str = ""
    platform: str = ""
    processor: tuple[str, ...] = ()
    cores: int = 0
    made: str = ""
    parent: int | None = None
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
    log: LogSpan | None = None,
    parameters: Mapping[str, str | int | float | bool | None],
    seed: int,
    by: str,
    code: Code | None = None,
    made: str = "",
    parent: int | None = None,
) -> Lineage:
    """Put what the caller knows together with what can be seen here: the interpreter, and what this process imported.

    Parameters
    ----------
    root : Path
        The project's folder.
    data_fingerprint, source, rows, data_md5, data_size, data_pointer, log, parameters, seed, by, made, parent
        As in `Lineage`.
    code : Code, optional
        The project's code as it was before training; as it is now unless given.

    """
    found = capture_code(root) if code is None else code
    return Lineage(
        data_fingerprint=data_fingerprint,
        source=source,
        rows=rows,
        data_md5=data_md5,
        data_size=data_size,
        data_pointer=data_pointer,
        log=log,
        git_commit=found.commit,
        git_folder=found.prefix,
        dirty=found.dirty,
        changes=found.changes,
        code=found.files,
        parameters=dict(parameters),
        seed=seed,
        python=platform.python_version(),
        packages=installed(),
        environment=used_packages(),
        mainstay_sha256=own_code(),
        platform=platform_words(),
        processor=instructions(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        made=made,
        parent=parent,
        by=by,
        machine=f"{platform.system()} {platform.machine()}",
    )
