"""`admin restore` of the registry alone: a copy takes the place of a damaged or lost one; the newest unless named."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, InputError, NotFoundError
from mainstay.lifecycle.backups.restoring import replaced, staging
from mainstay.lifecycle.backups.standing import demand_room
from mainstay.release import open_books, place_of, store_of
from mainstay.render.document import Command, Document, Facts, Text
from mainstay.state import finish_moves, load, open_state, private_folder, replace_together, sync_file
from mainstay.state.copies import copies_of, first_damage
from mainstay.state.opening import file_of, is_server

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.render.document import Block

_RELEASES = "SELECT coalesce(max(id), 0) FROM releases WHERE model = ?"


class BroughtBack(msgspec.Struct, frozen=True, kw_only=True):
    """What took the place of the registry.

    Parameters
    ----------
    copy : str
        The copy; empty where an empty registry was made.
    at : datetime or None
        When it was made, UTC.
    versions, releases : int
        How many of this project's are in it.
    without_row : tuple of int
        Versions that lie in the store and aren't in it: their rows can be derived from the bundles.
    lost_releases : int or None
        How many releases the damaged one told of that the copy doesn't; None where nobody can say.
    aside : str
        The folder that took what was there before; empty where nothing was.

    """

    copy: str
    at: dt.datetime | None
    versions: int
    releases: int
    without_row: tuple[int, ...]
    lost_releases: int | None
    aside: str


def restore_newest(project: Project, *, force: bool = False, empty: bool = False) -> BroughtBack:
    """Put the newest sound copy of a registry in its place, or an empty one; what was there is moved aside.

    Parameters
    ----------
    project : Project
        Whose registry.
    force : bool
        Whether a healthy one may be replaced.
    empty : bool
        Whether an empty one is to be made, where there is no copy: versions can be derived from their bundles.

    Raises
    ------
    InputError
        Where the registry is healthy, or is kept in a database server.
    NotFoundError
        Where there is no sound copy.

    """
    place = _place(project)
    if is_server(place):
        raise InputError(
            "The registry is kept in a database server, which has its own backups.",
            "Restore it there, or name a backup or a dump: mainstay admin restore FILE.zip",
        )
    path = file_of(place)
    demand_room(project.books, place, force=force)
    return _put_in_place(project, path, None if empty else _newest_sound(path))


def restore_copy(project: Project, copy: Path, *, force: bool = False) -> BroughtBack:
    """Put one copy of a registry in its place: a file that was copied, or a dump; what was there is moved aside.

    Parameters
    ----------
    project : Project
        Whose registry.
    copy : Path
        From ``backups``: ``registry-….sqlite``, or the folder ``registry-….dump``.
    force : bool
        Whether a healthy one may be replaced.

    Raises
    ------
    InputError
        Where the registry is healthy, or the copy isn't of a kind that its engine can take.
    CorruptError
        Where the copy isn't sound.
    StoreError
        Where a database server that is to take it isn't empty.

    """
    place = _place(project)
    demand_room(project.books, place, force=force)
    if not is_server(place):
        return _put_in_place(project, file_of(place), copy)
    if not copy.is_dir():
        raise InputError(f"{copy} is no dump, and a database server takes nothing else.", "Name a folder ….dump")
    with closing(open_state(place, books=project.books)) as state:
        load(state, copy)
    return _report(project, copy, None, None)


def _place(project: Project) -> Path | str:
    finish_moves(private_folder(project.books))
    return place_of(project.books)


def _put_in_place(project: Project, path: Path, copy: Path | None) -> BroughtBack:
    before = _last_release(path, project.name)
    aside = path.parent / f"before-restore-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    with staging(private_folder(path.parent), project.books) as ready:
        _make(ready / path.name, copy)
        replace_together(project.books, tuple(replaced(path, ready / path.name, aside)))
    return _report(project, copy, before, aside)


def _make(new: Path, copy: Path | None) -> None:
    """Make the registry that is to come in, of today's schema, and see that it is sound."""
    try:
        if copy is not None and copy.is_file():
            shutil.copyfile(copy, new)
            new.chmod(0o600)
        with closing(open_state(f"sqlite:///{new}")) as state:
            if copy is not None and copy.is_dir():
                load(state, copy)
            damages = state.damages()
    except (CorruptError, OSError) as error:
        said = error.message if isinstance(error, CorruptError) else error.strerror
        raise CorruptError(
            f"{copy} isn't a sound copy of a registry: {said}", "Name another; nothing was changed."
        ) from None
    if damages:
        raise CorruptError(
            f"{copy} isn't a sound copy of a registry: {damages[0]}", "Name another; nothing was changed."
        )
    sync_file(new)


def _newest_sound(path: Path) -> Path:
    for copy in reversed(copies_of(path)):
        try:
            with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as connection:
                if not first_damage(connection):
                    return copy
        except sqlite3.Error:
            continue
    raise NotFoundError(
        f"There is no sound copy of the registry in {path.parent / 'backups'}.",
        "Name a backup: mainstay admin restore FILE.zip. Without one: mainstay admin restore --empty, then "
        "mainstay admin doctor --repair, which derives the versions from their bundles; who was released is lost.",
    )


def _last_release(path: Path, model: str) -> int | None:
    """Ask a damaged registry how many releases it told of; None where it can't say."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute(_RELEASES, [model]).fetchone()[0])
    except sqlite3.Error:
        return None


def _report(project: Project, copy: Path | None, before: int | None, aside: Path | None) -> BroughtBack:
    store = store_of(project.books)
    with open_books(project) as books:
        known = {version.number for version in books.registry.versions(project.name)}
        releases = books.releases.last_id(project.name)
    return BroughtBack(
        copy="" if copy is None else str(copy),
        at=None if copy is None else dt.datetime.fromtimestamp(copy.stat().st_mtime, dt.UTC),
        versions=len(known),
        releases=releases,
        without_row=tuple(number for number in store.numbers(project.name) if number not in known),
        lost_releases=None if before is None else max(0, before - releases),
        aside=str(aside) if aside is not None and aside.exists() else "",
    )


def brought_back_document(done: BroughtBack, model: str) -> Document:
    """Lay out what took the place of the registry, and what it doesn't know."""
    copy = "an empty one" if done.at is None else f"{done.copy} of {done.at:%Y-%m-%d %H:%M:%S} UTC"
    facts = [("From", copy), ("Versions", str(done.versions)), ("Releases", str(done.releases))]
    if done.aside:
        facts.append(("Before", done.aside))
    blocks: list[Block] = [Facts(tuple(facts))]
    if done.lost_releases:
        lost = f"{done.lost_releases} releases after that copy are lost: look who should answer, and release it again."
        blocks.append(Text(lost, "warning"))
    elif done.lost_releases is None:
        blocks.append(Text("Nobody can say whether there were releases after that copy: mainstay history", "warning"))
    if done.without_row:
        named = ", ".join(map(str, done.without_row))
        blocks.append(Text(f"Versions in the store that it doesn't know: {named}.", "warning"))
        blocks.append(Command("mainstay admin doctor --repair", "derives them from their bundles"))
    return Document(f"{model}: the registry is restored", tuple(blocks))
