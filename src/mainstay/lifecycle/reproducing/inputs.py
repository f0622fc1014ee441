"""The code and the rows of a version in a throw-away folder, as its training found them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.data import DataSettings, read_source, resolve_source
from mainstay.data.fingerprint import fingerprint
from mainstay.data.source import as_written, source_of
from mainstay.data.versions.digest import digest_of
from mainstay.errors import DataError, MainstayError, TrustError
from mainstay.lifecycle.checkout import checkout
from mainstay.lifecycle.reproducing.result import Drift
from mainstay.lifecycle.served_rows import fingerprint_now, write_served
from mainstay.registry import trusted_by
from mainstay.release import open_books

if TYPE_CHECKING:
    from mainstay.lifecycle.checkout import CheckedOut
    from mainstay.project import Project
    from mainstay.registry import Lineage

_RUN = ("features.py", "model.py", "measures.py")
"""Files of a project that a training runs."""


@dataclass(frozen=True)
class Inputs:
    """What a training takes.

    Parameters
    ----------
    root : Path
        The project's folder, as it was.
    data : Path or None
        Its rows; None where its own source gives them.
    notes : tuple of str
        What a reader must know of them.

    """

    root: Path
    data: Path | None
    notes: tuple[str, ...] = ()


def lay_out(project: Project, number: int, folder: Path) -> Inputs:
    """Put a version's code and rows together below a folder that isn't there yet.

    Raises
    ------
    DataError
        Where the code, or rows of that fingerprint, can't be had any more.
    TrustError
        Where a training would run code of the version that nobody here trusts.

    """
    found = checkout(project, number, out=folder)
    with open_books(project) as books:
        lineage = books.registry.lineage(project.name, number)
    root = Path(found.project)
    if not (root / "mainstay.toml").is_file():
        said = "; ".join(found.missing) or "its project file isn't kept"
        raise DataError(f"The code of version {number} can't be had: {said}", "Bring its commit back: git fetch")
    _demand_trusted(project, root, number)
    data, notes = _rows_of(project, lineage, root, found)
    return Inputs(root, data, notes if found.code_whole else (*notes, *found.missing))


def _rows_of(project: Project, lineage: Lineage, root: Path, found: CheckedOut) -> tuple[Path | None, tuple[str, ...]]:
    if lineage.log is not None:
        return write_served(project, root, lineage, lineage.log), ()
    return (root / found.data, ()) if found.data else _rows_of_today(project, lineage, found.missing)


def drifted_rows(project: Project, lineage: Lineage) -> tuple[Drift, ...]:
    """Hold the project's rows of today against those of a version; empty where they are the same."""
    try:
        now = _fingerprint_of_today(project) if lineage.log is None else fingerprint_now(project, lineage.log)
    except MainstayError as error:
        now = f"can't be read: {error.message}"
    if now == lineage.data_fingerprint:
        return ()
    return (Drift(kind="data", name=lineage.source, recorded=lineage.data_fingerprint, found=now),)


def _rows_of_today(project: Project, lineage: Lineage, missing: tuple[str, ...]) -> tuple[Path | None, tuple[str, ...]]:
    """Take the project's source where it still gives the rows of that fingerprint."""
    path = resolve_source(project, project.section("data", DataSettings)).path
    same_file = path is not None and path.exists() and digest_of(path).md5 == lineage.data_md5
    if not same_file and _fingerprint_of_today(project) != lineage.data_fingerprint:
        said = " ".join(("Today's source gives others.", *missing[:2]))
        raise DataError(
            f"The rows of fingerprint {lineage.data_fingerprint[:12]} can't be had. {said}",
            f"Fetch them: dvc pull {lineage.data_pointer}".strip() if lineage.data_pointer else "Put them back.",
        )
    return path, ("The rows are those of today's source, which have the recorded fingerprint.",)


def _fingerprint_of_today(project: Project) -> str:
    settings = project.section("data", DataSettings)
    source = resolve_source(project, settings)
    return fingerprint(read_source(source if source.path is None else as_written(source_of(source.path), settings)))


def _demand_trusted(project: Project, root: Path, number: int) -> None:
    """Refuse to run code that is neither trusted here nor the project's own of today."""
    trusted = trusted_by(project)()
    for name in _RUN:
        path = root / name
        if not path.is_file():
            continue
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        ours = project.root / name
        known = ours.is_file() and hashlib.sha256(ours.read_bytes()).hexdigest() == sha256
        if sha256 not in trusted and not known:
            raise TrustError(
                f"Version {number} was trained with a {name} that isn't trusted here, so it isn't run.",
                f'Read it, then write its hash into the project file: [serving] trust = ["{sha256}"]',
            )
