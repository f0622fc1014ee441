"""`admin restore FILE.zip`: a backup becomes the books of a project, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, InputError, StoreError
from mainstay.events.persons import FILE as PERSONS
from mainstay.events.persons import EmbeddedPersons, open_persons, shared_place
from mainstay.lifecycle.backups.backup import EVENTS, FILES, KEYS, PROJECT, STATE, STORE, BackedUp
from mainstay.lifecycle.backups.standing import demand_room
from mainstay.project import open_project
from mainstay.registry import Registry, Version, verify
from mainstay.registry.store import FileStore
from mainstay.registry.trust import NAME as TRUST
from mainstay.release import place_of, store_of
from mainstay.render.document import Document, Facts, Text
from mainstay.state import Move, finish_moves, load, open_state, private_folder, replace_together
from mainstay.state.archive import read_contents, unpack
from mainstay.state.files import sweep_abandoned
from mainstay.state.moves import JOURNAL
from mainstay.state.opening import file_of, is_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.registry.store import Store

BOOKS = ".mainstay"
STAGING = ".restoring-"
_REVOKED = f"{KEYS}/revoked"
_WITH = ("-wal", "-shm")  # what belongs to a file of SQLite


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was brought back.

    Parameters
    ----------
    about : BackedUp
        What the backup says of itself.
    aside : str
        The folder that took what was there before; empty where nothing was.

    """

    about: BackedUp
    aside: str = ""


def restore(root: Path, file: Path, *, force: bool = False) -> Restored:
    """Bring back the books that a backup holds; every byte is checked before anything is changed.

    What is there is moved aside, never removed; the project file and the contract are only written where there are
    none. Nothing should serve or operate meanwhile.

    Parameters
    ----------
    root : Path
        The project's folder, which may be empty.
    file : Path
        From `back_up`.
    force : bool
        Whether healthy books may be replaced.

    Raises
    ------
    InputError
        Where there is no such file, it is of another project, or healthy books would be replaced.
    CorruptError
        Where it isn't what was once written; nothing is changed then.
    StoreError
        Where it can't be written, or the database or the object store that is to take it isn't empty.

    """
    root = root.absolute()
    read_contents(file)  # before as much as a folder is made
    books = private_folder(root / BOOKS)
    finish_moves(books)
    place, store = place_of(books), store_of(books)
    with staging(books, books) as ready:
        about = _about(unpack(file, ready).about, file)
        _demand_same(root, about, file)
        demand_room(books, place, force=force)
        versions = _rebuild(ready, file)
        aside = books / f"before-restore-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
        moves = [*_moves(root, books, ready, aside), *_bring_bundles(store, versions, ready, aside)]
        if not is_server(place):
            moves = [*replaced(file_of(place), ready / "registry.sqlite", aside), *moves]
        replace_together(books, tuple(_within_reach(move) for move in moves))
        if is_server(place):
            with closing(open_state(place, books=books)) as state:
                load(state, ready / STATE)
            _bring_persons(books, about.model, ready / PERSONS)
    return Restored(about=about, aside=str(aside) if aside.exists() else "")


@contextmanager
def staging(home: Path, books: Path) -> Iterator[Path]:
    """Make a folder in `home` for what is to come in; it stays where the journal in `books` still needs it."""
    sweep_abandoned((home, f"{STAGING}*"))
    folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=home))
    try:
        yield folder
    finally:
        if not (books / JOURNAL).exists():
            shutil.rmtree(folder, ignore_errors=True)


def replaced(registry: Path, new: Path | None, aside: Path) -> Iterator[Move]:
    """Give the moves that put a registry's file in the place of another, and of the files that belong to that one."""
    for end in _WITH:
        yield Move(f"{registry}{end}", str(aside / f"{registry.name}{end}"))
    yield Move(str(registry), str(aside / registry.name), "" if new is None else str(new))


def _about(text: str, file: Path) -> BackedUp:
    try:
        return msgspec.json.decode(text, type=BackedUp)
    except msgspec.MsgspecError:
        raise CorruptError(f"{file} isn't a backup of a project's books.", "Name one: mainstay admin backup") from None


def _demand_same(root: Path, about: BackedUp, file: Path) -> None:
    if (root / PROJECT).is_file() and (name := open_project(root).name) != about.model:
        raise InputError(
            f"{file} is a backup of {about.model}, and the project in {root} is {name}.",
            "Name the folder of its own project, or an empty one: --project DIR",
        )


def _rebuild(ready: Path, file: Path) -> tuple[Version, ...]:
    """Make the registry's file of the dump, and hold every bundle against it."""
    with closing(open_state(f"sqlite:///{ready}/registry.sqlite")) as state:
        load(state, ready / STATE)
        if damages := state.damages():
            raise CorruptError(f"{file} contradicts itself: {damages[0]}", "Take another backup; nothing was changed.")
        registry = Registry(state, FileStore(ready / STORE))
        versions = tuple(one for model in registry.models() for one in registry.versions(model))
    there = tuple(one for one in versions if (ready / STORE / one.model / str(one.number)).is_dir())
    for one in there:
        verify(ready / STORE / one.model / str(one.number), one.digest, f"{one.model} version {one.number} of {file}")
    return there


def _moves(root: Path, books: Path, ready: Path, aside: Path) -> Iterator[Move]:
    for path in sorted((ready / FILES).glob("*")):
        if not (root / path.name).exists():  # never over what somebody wrote
            yield Move(str(root / path.name), "", str(path))
    _unite(books / _REVOKED, ready / _REVOKED)
    names = [
        TRUST,
        "entity.key",
        *(() if shared_place() else (PERSONS,)),
        *(f"{KEYS}/{path.name}" for path in sorted((ready / KEYS).glob("*"))),
        EVENTS,
    ]
    for name in names:
        if (ready / name).exists():
            yield Move(str(books / name), str(aside / name), str(ready / name))
    if (ready / PERSONS).exists() and not shared_place():  # what lies beside it belongs to the one that goes
        for beside in (f"{PERSONS}-wal", f"{PERSONS}-shm"):
            yield Move(str(books / beside), str(aside / beside))


def _bring_persons(books: Path, model: str, kept: Path) -> None:
    """Put the keys of persons into the database that machines share; of who has one there, that one stays."""
    if kept.exists():
        with closing(EmbeddedPersons(kept)) as before, closing(open_persons(books, model)) as persons:
            persons.put(before.known(before.everybody()))


def _unite(here: Path, new: Path) -> None:
    """Keep revoked what was revoked since the backup."""
    if here.is_file():
        private_folder(new.parent)
        known = new.read_bytes().splitlines() if new.is_file() else []
        more = [line for line in here.read_bytes().splitlines() if line not in known]
        new.write_bytes(b"".join(line + b"\n" for line in (*known, *more)))


def _bring_bundles(store: Store, versions: tuple[Version, ...], ready: Path, aside: Path) -> Iterator[Move]:
    if isinstance(store, FileStore):
        for path in (ready / STORE).rglob("*"):
            if path.is_file():
                path.chmod(0o400)
        private_folder(ready / STORE)
        yield Move(str(store.root), str(aside / STORE), str(ready / STORE))
        return
    for one in sorted(versions, key=lambda version: (version.model, version.number)):
        _send(store, one, ready / STORE / one.model / str(one.number))


def _send(store: Store, version: Version, folder: Path) -> None:
    """Bring a bundle to an object store under its own number; what lies there already must be the same."""
    name = f"{version.model} version {version.number}"
    if version.number in store.numbers(version.model):
        verify(store.folder(version.model, version.number, version.digest), version.digest, name)
        return
    with store.stage(version.model) as draft:
        shutil.copytree(folder, draft.folder, dirs_exist_ok=True)
        draft.send(above=version.number - 1)
        if draft.number(highest=version.number - 1) != version.number:
            draft.withdraw()
            raise StoreError(
                f"{name} can't have its number in the object store: later ones lie there.",
                "Restore into an empty prefix: MAINSTAY_STORE=s3://BUCKET/PREFIX",
            )
        draft.settle()


def _within_reach(move: Move) -> Move:
    """Bring what is new onto the file system of its place, and let what was there stay on it: a rename needs that."""
    place = Path(move.place)
    if not place.parent.exists():
        private_folder(place.parent)
    if not move.new or place.parent.stat().st_dev == Path(move.new).stat().st_dev:
        return move
    beside = Path(tempfile.mkdtemp(prefix=STAGING, dir=place.parent)) / place.name
    shutil.move(move.new, beside)
    aside = place.parent / Path(move.aside).parent.name / Path(move.aside).name
    return Move(move.place, str(aside) if move.aside else "", str(beside))


def restored_document(done: Restored, file: Path) -> Document:
    """Lay out what was brought back."""
    about = done.about
    facts = [("From", str(file)), ("Of", f"{about.at:%Y-%m-%d %H:%M} UTC"), ("Versions", str(about.versions))]
    facts.append(("Releases", str(about.releases)))
    if done.aside:
        facts.append(("Before", done.aside))
    notes: list[Text] = []
    if about.left_out:
        notes.append(Text(f"The backup has no bundle of {', '.join(about.left_out)}.", "warning"))
    if not about.keys:
        notes.append(Text("It holds no private key: those that are here stay.", "note"))
    return Document(f"{about.model}: the books are restored", (Facts(tuple(facts)), *notes))
