"""`version export` and `version import`: a bundle moves between registries as it is, with its digest and signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError
from mainstay.registry.moving import export_archive, import_archive
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Facts
from mainstay.render.numbers import count

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.project import Project
    from mainstay.registry import Version


class Moved(msgspec.Struct, frozen=True):
    """What was written.

    Parameters
    ----------
    path : str
        The file.
    size : int
        Its bytes.
    digest : str
        Of the bundle: the same wherever it is imported.
    signer : str
        Id of the key that its signature names; empty where it has none.

    """

    path: str
    size: int
    digest: str
    signer: str


def export_version(project: Project, number: int, out: Path) -> Moved:
    """Write a version as one file, after every byte of it was checked; nothing of it is run.

    Raises
    ------
    InputError
        Where the file isn't called ``.zip``, or is there already.
    NotFoundError, CorruptError, StoreError
        Where there is no such version, it is damaged, or the file can't be written.

    """
    if out.suffix != ".zip":
        raise InputError(f"A version isn't exported to '{out.name}'.", "Name it .zip.")
    if out.exists():
        raise InputError(f"{out} is there already.", "Name another file, or remove that one.")
    with open_books(project) as books:
        digest, size = export_archive(books.registry, project.name, number, out)
        return Moved(str(out), size, digest, books.registry.signed_by(project.name, number))


def import_version(project: Project, path: Path, *, parent: int | None, now: dt.datetime, by: str) -> Version:
    """Register a version that `export_version` wrote elsewhere, under the next number; no gate has judged it here.

    Raises
    ------
    InputError
        Where it is no version, is of another model, or is here already.
    CorruptError
        Where it isn't what its manifest lists, or doesn't answer as it did when it was made.
    SignatureError, TrustError
        Where no key that is trusted here signed it, or it brings what isn't trusted here; nothing of it was run.

    """
    with open_books(project) as books:
        if parent is not None:
            books.registry.version(project.name, parent)
        return import_archive(books.registry, project.name, path, parent=parent, now=now, by=by)


def moved_document(project: Project, number: int, moved: Moved) -> Document:
    """Lay out what was written, and how it is taken in elsewhere."""
    facts = (
        ("File", moved.path),
        ("Bytes", count(moved.size)),
        ("Digest", moved.digest),
        ("Signed by", moved.signer or "nobody"),
    )
    todo = Command(
        f"mainstay version import {Path(moved.path).name}", "Register it elsewhere, in a project of this name."
    )
    return Document(f"{project.name} version {number} as a file", (Facts(facts), todo))


def imported_document(project: Project, version: Version) -> Document:
    """Lay out what was registered, and what comes next."""
    facts = (
        ("Digest", version.digest),
        ("Trained on", version.data_fingerprint),
        (
            "Signature",
            f"by the key {version.signer}, which is trusted here" if version.signer else "none was asked for",
        ),
    )
    todo = Command(f"mainstay gate {version.number}", "No gate has judged it here yet.")
    return Document(f"{project.name} version {version.number} was imported", (Facts(facts), todo))
