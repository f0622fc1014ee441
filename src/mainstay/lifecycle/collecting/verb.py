"""admin gc: what nobody needs any more leaves the store; what is known of it stays in the books.

A version is marked as removed in its row first, and its bundle goes then: whoever is killed in between leaves a version
that says it is gone, and files that the next gc removes.
"""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.registry import RegistrySettings
from mainstay.release import answering, open_books, removable
from mainstay.state.copies import BACKUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books

Kind = Literal["version", "unfinished", "half-written", "copy", "orphan", "backup"]
_PATIENCE = dt.timedelta(days=1)  # how long a writer that can't be asked may still be writing


class Gone(msgspec.Struct, frozen=True):
    """A thing that was removed, or would be.

    Parameters
    ----------
    kind : {"version", "unfinished", "half-written", "copy", "orphan", "backup"}
        A version's bundle; one that was marked before, and is still there; what a killed writer left; the copy on this
        machine of a bundle that is kept elsewhere; a bundle that no row tells of; a copy of the books.
    what : str
        Which one.
    size : int
        Bytes.

    """

    kind: Kind
    what: str
    size: int


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What one gc did, or would do.

    Parameters
    ----------
    model : str
        Whose versions.
    dry : bool
        Whether it only looked.
    days, newest : int
        By which rule.
    gone : tuple of Gone
        What was removed.
    kept : int
        Versions that still have their bundle.
    orphans : tuple of int
        Bundles that no row tells of, and that stay.

    """

    model: str
    dry: bool
    days: int
    newest: int
    gone: tuple[Gone, ...]
    kept: int
    orphans: tuple[int, ...] = ()


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    now: dt.datetime
    days: int
    newest: int
    orphans: bool
    dry: bool

    @property
    def since(self) -> dt.datetime:
        return self.now - dt.timedelta(days=self.days)


def collect(
    project: Project,
    *,
    now: dt.datetime,
    days: int | None = None,
    newest: int | None = None,
    orphans: bool = False,
    dry: bool = False,
) -> Collected:
    """Remove the bundles, leftovers, copies and backups that nobody needs any more.

    Parameters
    ----------
    project : Project
        Whose.
    now : datetime
        UTC.
    days, newest : int, optional
        Instead of ``[registry] keep_days`` and ``keep_versions``.
    orphans : bool
        Whether bundles that no row tells of go too, once they are older than `days`. Where the database was lost they
        are all there is, and ``mainstay admin doctor --repair`` takes them in again.
    dry : bool
        Whether to look only.

    Raises
    ------
    StoreError
        Where something can't be read or removed; what went before stays removed, the next gc goes on.

    """
    said = project.section("registry", RegistrySettings)
    rule = _Rule(
        now=now,
        days=said.keep_days if days is None else days,
        newest=said.keep_versions if newest is None else newest,
        orphans=orphans,
        dry=dry,
    )
    with open_books(project) as books:
        versions, chosen = _choose(books, rule)
        known = {one.number for one in versions}
        before = frozenset(one.number for one in versions if one.removed is not None)
        lying = books.registry.store.numbers(project.name)
        strangers = [number for number in lying if number not in known]
        gone = (
            *_bundles(books, [number for number in lying if number in chosen], "version", rule),
            *_bundles(books, [number for number in lying if number in before - chosen], "unfinished", rule),
            *_leftovers(books, rule),
            *_strangers(books, strangers, rule),
            *_copies(books, chosen | before, rule),
            *_backups(project.books / BACKUPS, rule),
        )
    left = {int(one.what) for one in gone if one.kind in {"orphan", "half-written"} and one.what.isdecimal()}
    return Collected(
        model=project.name,
        dry=dry,
        days=rule.days,
        newest=rule.newest,
        gone=gone,
        kept=len(known - before - chosen),
        orphans=tuple(number for number in strangers if number not in left),
    )


def _choose(books: Books, rule: _Rule) -> tuple[tuple[Version, ...], frozenset[int]]:
    """Pick the versions whose bundles go, and mark them unless this is a dry run; gives all as they were, too."""
    name = books.project.name
    seen: list[tuple[Version, ...]] = []

    def pick(versions: tuple[Version, ...]) -> tuple[int, ...]:
        seen.append(versions)
        history = books.releases.history(name)
        return removable(versions, history, now=rule.now, days=rule.days, newest=rule.newest)

    chosen = pick(books.registry.versions(name)) if rule.dry else books.registry.mark_removed(name, pick, rule.now)
    return seen[-1], frozenset(chosen)


def _bundles(books: Books, numbers: Sequence[int], kind: Kind, rule: _Rule) -> Iterator[Gone]:
    store, name = books.registry.store, books.project.name
    for number in numbers:
        found = store.look(name, number)
        if not rule.dry:
            store.remove(name, number)
        if found is not None:
            yield Gone(kind, str(number), found.size)


def _leftovers(books: Books, rule: _Rule) -> Iterator[Gone]:
    for left in books.registry.store.sweep(books.project.name, dry=rule.dry):
        yield Gone("half-written", left.name, left.size)


def _strangers(books: Books, numbers: Sequence[int], rule: _Rule) -> Iterator[Gone]:
    """Remove what no row tells of: a part of a bundle after a day, a whole one only where that is asked for."""
    store, name = books.registry.store, books.project.name
    for number in numbers:
        found = store.look(name, number)
        if found is None:
            continue
        kind: Kind = "orphan" if found.whole else "half-written"
        goes = rule.orphans and found.at < rule.since if found.whole else found.at < rule.now - _PATIENCE
        if goes:
            yield from _bundles(books, [number], kind, rule)


def _copies(books: Books, removed: frozenset[int], rule: _Rule) -> Iterator[Gone]:
    """Drop copies that were made long ago and of what answers no more; they can be brought here again."""
    store, name = books.registry.store, books.project.name
    needed = answering(books.releases.history(name), rule.since)
    for copy in store.copies(name):
        if copy.number in removed or (copy.number not in needed and copy.at < rule.since):
            if not rule.dry:
                store.drop(name, copy.number)
            yield Gone("copy", str(copy.number), copy.size)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _backups(folder: Path, rule: _Rule) -> Iterator[Gone]:
    """Remove the copies that were made before a migration, but the newest, once they are old; others are kept."""
    found = sorted(folder.glob("*-before-*"), key=lambda path: path.stat().st_mtime)
    for path in found[:-1]:
        state = path.stat()
        if state.st_mtime < rule.since.timestamp():
            size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else (path,)))
            if not rule.dry:
                _remove(path)
            yield Gone("backup", path.name, size)
