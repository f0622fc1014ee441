"""`admin backup`: the books of a project in one file; restoring them is in `restoring`."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.contract import FILE as CONTRACT
from mainstay.errors import MainstayError, store_error
from mainstay.events.persons import FILE as PERSONS
from mainstay.events.persons import open_persons
from mainstay.events.pseudonym import FILE as ENTITY_KEY
from mainstay.extras import own_version
from mainstay.registry import verify
from mainstay.registry.trust import NAME as TRUST
from mainstay.release import open_books
from mainstay.render.document import Document, Facts, Text
from mainstay.state import dump
from mainstay.state.archive import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books

PROJECT = "mainstay.toml"
STATE, STORE, EVENTS, KEYS, FILES = "state", "store", "events", "keys", "project"
_PRIVATE = ".pem"


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, as it says itself.

    Parameters
    ----------
    model : str
        Name of the project.
    at : datetime
        When, UTC.
    mainstay : str
        Which version wrote it.
    schema : int
        Of the database.
    versions, releases : int
        How many, of every model in the registry.
    keys : bool
        Whether it holds the private keys and the key of the pseudonyms.
    events : bool
        Whether it holds the event log.
    left_out : tuple of str
        Versions whose bundle is damaged or gone, so that it isn't in here: ``"churn/3"``.

    """

    model: str
    at: dt.datetime
    mainstay: str
    schema: int
    versions: int
    releases: int
    keys: bool = False
    events: bool = False
    left_out: tuple[str, ...] = ()


def back_up(project: Project, out: Path, *, keys: bool = False, events: bool = False) -> BackedUp:
    """Write the books of a project into one file, for this user alone.

    The database as of one moment, every bundle that it names and that is whole, what this machine trusts, the project
    file and the contract.

    Parameters
    ----------
    project : Project
        Whose books.
    out : Path
        Where to; nothing may be there yet.
    keys : bool
        Whether the private keys go into it: then who has the file can sign, can undo the pseudonyms, and can open what
        is personal in the log. Whoever is erased later is still in it.
    events : bool
        Whether the event log does.

    Raises
    ------
    InputError
        Where something is at `out` already.
    StoreError
        Where the books can't be read, or the file can't be written.

    """
    with open_books(project) as books, tempfile.TemporaryDirectory(prefix="mainstay-backup-") as name:
        folder = Path(name)
        header = dump(books.state, folder / STATE)
        bundles, left_out = _bundles(books)
        rows = {table.name: table.rows for table in header.tables}
        about = BackedUp(
            model=project.name,
            at=header.at,
            mainstay=own_version(),
            schema=header.schema,
            versions=rows.get("versions", 0),
            releases=rows.get("releases", 0),
            keys=keys,
            events=events,
            left_out=left_out,
        )
        files = [*_below(STATE, folder / STATE), *bundles, *_beside(project, keys=keys, events=events)]
        files += _persons(project, folder) if keys else []
        pack(out, msgspec.json.encode(about).decode(), files)
    return about


def _bundles(books: Books) -> tuple[list[tuple[str, Path]], tuple[str, ...]]:
    found: list[tuple[str, Path]] = []
    left_out: list[str] = []
    for one in every_version(books.registry.models(), books):
        try:
            folder = books.registry.folder(one.model, one.number)
            verify(folder, one.digest, f"{one.model} version {one.number}")
        except MainstayError:
            left_out.append(f"{one.model}/{one.number}")
        else:
            found += _below(f"{STORE}/{one.model}/{one.number}", folder)
    return found, tuple(left_out)


def every_version(models: Sequence[str], books: Books) -> Iterator[Version]:
    """Give the versions of several models whose bundle should be there."""
    for model in models:
        yield from (one for one in books.registry.versions(model) if one.removed is None)


def _beside(project: Project, *, keys: bool, events: bool) -> Iterator[tuple[str, Path]]:
    for name in (PROJECT, CONTRACT):
        yield from _one(f"{FILES}/{name}", project.root / name)
    yield from _one(TRUST, project.books / TRUST)
    for inside, path in _below(KEYS, project.books / KEYS):
        if keys or path.suffix != _PRIVATE:
            yield inside, path
    if keys:
        yield from _one(ENTITY_KEY, project.books / ENTITY_KEY)
    if events:
        yield from _below(EVENTS, project.books / EVENTS)


def _persons(project: Project, folder: Path) -> list[tuple[str, Path]]:
    """Copy the keys of persons, as of one moment, where there are any."""
    with closing(open_persons(project.books, project.name)) as persons:
        if not persons.everybody():
            return []
        persons.back_up(folder / PERSONS)
    return [(PERSONS, folder / PERSONS)]


def _one(inside: str, path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file() and not path.is_symlink():
        yield inside, path


def _below(inside: str, folder: Path) -> Iterator[tuple[str, Path]]:
    # Whoever asked for it must not believe to have what can't be read.
    for root, _, names in sorted(os.walk(folder, onerror=_refuse)):
        for path in (Path(root, name) for name in sorted(names)):
            yield from _one(f"{inside}/{path.relative_to(folder).as_posix()}", path)


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise store_error(error)


def backup_document(about: BackedUp, out: Path) -> Document:
    """Lay out what was written."""
    held = ["the database", "bundles", "trust", "the project file and the contract"]
    held += ["private keys"] * about.keys + ["the event log"] * about.events
    facts = Facts(
        (
            ("File", str(out)),
            ("Versions", str(about.versions)),
            ("Releases", str(about.releases)),
            ("Holds", ", ".join(held)),
        )
    )
    notes = tuple(Text(note, "warning") for note in _notes(about))
    return Document(f"{about.model}: the books are backed up", (facts, *notes))


def _notes(about: BackedUp) -> Iterator[str]:
    if about.left_out:
        yield (
            f"Damaged or gone, and so not in it: {', '.join(about.left_out)}. mainstay admin doctor says what is wrong."
        )
    if about.keys:
        yield "It holds private keys: whoever has this file can sign versions and undo pseudonyms. Keep it locked away."
        if about.events:
            yield "Whoever is erased from now on is still in it: after restoring it, erase them again."
    else:
        yield "It holds no private key: where versions are signed, a loss then costs a new key, or say --with-keys."
