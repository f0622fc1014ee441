"""`admin keys`: the keys that sign versions here, and whose versions are loaded."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CheckError, CorruptError, InputError, MainstayError, NotFoundError
from mainstay.registry import Known, ProjectKeys
from mainstay.registry.key_files import read_public
from mainstay.registry.signing import key_id
from mainstay.release import open_books
from mainstay.render.document import Command, Document, Facts, Table, Text
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from mainstay.project import Project
    from mainstay.registry.signing import Signer
    from mainstay.release import Books
    from mainstay.render.document import Block


_DAMAGED = "?"


class KeyChanged(msgspec.Struct, frozen=True):
    """What became of a key, and of the versions by it.

    Parameters
    ----------
    key : Known
        The key.
    unloaded : tuple of int
        Versions that aren't loaded here any more, because no key that is trusted now signed them.
    in_force : tuple of int
        Those of them that answer now, and go on until their server starts anew.
    signed : tuple of int
        Versions that were here before the key, and were signed with it.

    """

    key: Known
    unloaded: tuple[int, ...] = ()
    in_force: tuple[int, ...] = ()
    signed: tuple[int, ...] = ()


class Signed(msgspec.Struct, frozen=True):
    """A version that was signed: its number, and the id of the key."""

    version: int
    key: str


def new_key(project: Project, *, name: str, now: dt.datetime, sign: bool = True) -> KeyChanged:
    """Make a key that signs what is registered from now on, and what is here already.

    Where it is the first key, nothing that isn't signed is loaded any more. So the versions that nobody signed are
    signed with it before it counts, each after every byte of it was compared with the registry: who answers now can be
    loaded all the while. Where signatures were demanded already, what carries none wasn't loaded, and no new key makes
    it so by itself. What another key signed is left as it is.

    Parameters
    ----------
    project : Project
        The project.
    name : str
        What to call the key.
    now : datetime
        The moment, UTC.
    sign : bool
        Whether to sign what is here already.

    Raises
    ------
    CheckError
        Where it is the first key, and a version that answers now was signed by another one: it is left as it is, and no
        server here could load it again.

    """
    keys = ProjectKeys(project)
    signed: list[int] = []
    with _readable_books(project) as books:
        if not sign or keys.known():
            return _changed(books, keys.make(name, now))
        _demand_no_strangers(books)
        key = keys.make(name, now, before=lambda signer: signed.extend(_sign_all(books, signer)))
        return msgspec.structs.replace(_changed(books, key), signed=tuple(signed))


def trust_key(project: Project, public: str, *, name: str, now: dt.datetime, force: bool = False) -> KeyChanged:
    """Load what a public key signed; where it is the first, nothing is loaded any more that isn't signed.

    Raises
    ------
    InputError, NotFoundError
        Where it is no public key, or was revoked here.
    CheckError
        Where it is the first, and a version that answers now isn't signed by it, unless it is forced: no server could
        load that again.

    """
    keys = ProjectKeys(project)
    found = key_id(read_public(public)[0])
    with _readable_books(project) as books:
        first = not force and not keys.known()
        hit = tuple(number for number in _answering(books) if _signer(books, number) != found) if first else ()
        if hit:
            them, named = "it" if len(hit) == 1 else "them", " ".join(map(str, hit))
            raise CheckError(
                f"The key {found} would be the first that is trusted here, and it didn't sign {_called(hit)}: "
                f"no server could load {them} again.",
                f"Sign {them} first, where that key is (mainstay admin keys sign {named}), or --force.",
            )
        return _changed(books, keys.trust(public, name, now))


def list_keys(project: Project) -> tuple[Known, ...]:
    """Give the keys that are or were trusted here."""
    return ProjectKeys(project).known()


def revoke_key(project: Project, key: str, *, force: bool, now: dt.datetime) -> KeyChanged:
    """Trust a key no more.

    Raises
    ------
    NotFoundError
        Where no key has this id, or several do.
    CheckError
        Where it signed a version that answers now, unless it is forced: no server could load that again.

    """
    keys = ProjectKeys(project)
    found = keys.one(key)
    if found.revoked:
        raise InputError(f"The key {found.id} is revoked already.")
    with _readable_books(project) as books:
        hit = tuple(number for number in _answering(books) if _signer(books, number) == found.id)
        if hit and not force:
            named, them = " ".join(map(str, hit)), "it" if len(hit) == 1 else "them"
            answers = "answers" if len(hit) == 1 else "answer"
            raise CheckError(
                f"The key {found.id} signed {_called(hit)}, which {answers} now: no server could load {them} again.",
                f"Sign {them} with another one first (mainstay admin keys new; mainstay admin keys sign {named}), "
                "or --force.",
            )
        return _changed(books, keys.revoke(found, now))


def sign_versions(project: Project, numbers: Sequence[int] = ()) -> tuple[Signed, ...]:
    """Sign versions after every byte of them was checked; without numbers, those that nobody signed yet.

    One that another key signed must be named: whoever signs it says that it is sound.
    """
    with open_books(project) as books:
        chosen = numbers or [number for number in _present(books) if not _signer(books, number)]
        done = (books.registry.sign(project.name, number) for number in chosen)
        return tuple(Signed(version.number, version.signer) for version in done)


def keys_document(project: Project, keys: Sequence[Known]) -> Document:
    """Lay out the keys, and what they are good for."""
    if not keys:
        none = Text("No key is known here: versions aren't signed, and none has to be.")
        return Document(f"{project.name}: keys", (none, Command("mainstay admin keys new", "Sign from now on.")))
    cells = tuple((key.id, key.name, _use(key), _since(key), key.where, key.public) for key in keys)
    foot = "A version is loaded here where one of the trusted keys signed it, and not otherwise."
    return Document(
        f"{project.name}: keys", (Table(("id", "name", "use", "since", "named by", "public key"), cells),), foot
    )


def changed_document(project: Project, changed: KeyChanged, what: str) -> Document:
    """Lay out what became of a key, and what to do about the versions that aren't loaded any more."""
    key = changed.key
    blocks: list[Block] = [Facts((("Key", f"{key.id} ({key.name or 'unnamed'})"), ("Public key", key.public)))]
    if changed.signed:
        blocks.append(Text(f"It signed {_called(changed.signed)}, after every byte was compared with the registry."))
    if not changed.unloaded:
        return Document(f"{project.name}: {what}", tuple(blocks))
    numbers = " ".join(map(str, changed.unloaded))
    them = "it" if len(changed.unloaded) == 1 else "them"
    said = f"No key that is trusted here signed {_called(changed.unloaded)}: no server, gate, release or rollback here "
    said += f"loads {them} any more."
    if changed.in_force:
        now, its = _called(changed.in_force).capitalize(), "its" if len(changed.in_force) == 1 else "their"
        said += f" {now} {'answers' if its == 'its' else 'answer'} now, and only until {its} server starts anew."
    todo = Command(f"mainstay admin keys sign {numbers}", f"Where you know {them} to be yours, sign {them}.")
    return Document(f"{project.name}: {what}", (*blocks, Text(said), todo))


@contextmanager
def _readable_books(project: Project) -> Iterator[Books]:
    """Open the books and read them once: before a key is changed it is sure that what comes of it can be said."""
    with open_books(project) as books:
        _present(books)
        yield books


def _changed(books: Books, key: Known) -> KeyChanged:
    lost = tuple(number for number in _present(books) if _unloaded(books, number))
    return KeyChanged(key, lost, tuple(number for number in _answering(books) if number in lost))


def _demand_no_strangers(books: Books) -> None:
    for number in _answering(books):
        if (signer := _signer(books, number)) and signer != _DAMAGED:
            raise CheckError(
                f"Version {number}, which answers now, was signed by the key {signer[:40]!r}, "
                "which isn't trusted here: after a first key no server here could load it again.",
                "Trust that key first: mainstay admin keys trust PUBLIC. With --no-sign a key is made all the same.",
            )


def _sign_all(books: Books, signer: Signer) -> list[int]:
    """Sign what nobody signed; what is damaged stays unsigned, and is told with what isn't loaded any more."""
    done = []
    for number in _present(books):
        with suppress(CorruptError, NotFoundError):
            if not books.registry.signed_by(books.project.name, number):
                books.registry.sign(books.project.name, number, signer)
                done.append(number)
    return done


def _called(numbers: Sequence[int]) -> str:
    return ("version " if len(numbers) == 1 else "versions ") + ", ".join(map(str, numbers))


def _present(books: Books) -> list[int]:
    versions = books.registry.versions(books.project.name)
    return [version.number for version in versions if version.removed is None]


def _answering(books: Books) -> tuple[int, ...]:
    release = books.releases.current(books.project.name)
    return () if release is None else tuple(route.version for route in release.routes)


def _unloaded(books: Books, number: int) -> bool:
    try:
        return bool(books.registry.signature_fault(books.project.name, number))
    except MainstayError:
        return True  # damaged as well: it isn't loaded either way


def _signer(books: Books, number: int) -> str:
    """Give the id of the key that a version says signed it; empty where it says none."""
    try:
        return books.registry.signed_by(books.project.name, number)
    except MainstayError:
        return _DAMAGED  # damaged: to be signed it must be named, and is then told


def _use(key: Known) -> str:
    if key.revoked:
        return "revoked"
    return "signs, trusted" if key.signs else "trusted"


def _since(key: Known) -> str:
    return "" if key.since is None else moment(key.since)
