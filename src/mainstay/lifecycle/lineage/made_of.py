"""`version list --made-of`: which versions are made of a commit, a file, a package, a setting, another version."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.data import DataSettings
from mainstay.data.versions import ask
from mainstay.errors import DataError, InputError, MainstayError
from mainstay.registry.asking import Sought
from mainstay.registry.git import ask_git
from mainstay.registry.ingredients import HASHED
from mainstay.registry.listing import versions_document
from mainstay.registry.packages import normal
from mainstay.registry.version import Version
from mainstay.release import open_books
from mainstay.render.document import Document, Heading, Items, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.project import Project
    from mainstay.release import Books

_VERSION = re.compile(r"version[\s:=]*([1-9][0-9]{0,8})", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{6,64}(\.dir)?", re.IGNORECASE)
_CODE = {".py", ".toml"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked for.

    Parameters
    ----------
    what : str
        As it was asked.
    understood : str
        What was looked for, in words.
    versions : tuple of int
        Made of it, newest first.

    """

    what: str
    understood: str
    versions: tuple[int, ...]


class MadeOf(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions are made of everything that was asked for.

    Parameters
    ----------
    model : str
        Name of the model.
    asked : tuple of Asked
        Each thing by itself.
    versions : tuple of Version
        Made of all of them, newest first.
    unread : tuple of str
        Versions whose bundle had to be looked at and couldn't be, in words.

    """

    model: str
    asked: tuple[Asked, ...]
    versions: tuple[Version, ...]
    unread: tuple[str, ...] = ()


def made_of(project: Project, whats: Sequence[str]) -> MadeOf:
    """Find the versions that are made of all of these.

    Parameters
    ----------
    project : Project
        Whose versions.
    whats : sequence of str
        Each is a file, a commit or another revision of git, a fingerprint or another hash (its start is enough), a
        package (``numpy`` or ``numpy==2.1.0``), ``"version 3"`` for what was made from it, or a parameter
        (``learning_rate=0.1``).

    Raises
    ------
    InputError
        Where it can't be told what one of them means.

    """
    with open_books(project) as books:
        unread = _derived(books)
        versions = books.registry.versions(project.name)
        asked = tuple(_ask(books, what, versions) for what in whats)
    numbers = set.intersection(*(set(one.versions) for one in asked)) if asked else set()
    found = tuple(one for one in reversed(versions) if one.number in numbers)
    return MadeOf(model=project.name, asked=asked, versions=found, unread=unread)


def made_of_document(found: MadeOf) -> Document:
    """Lay out which versions are made of it, and what was looked for."""
    looked = tuple(f"{one.understood}: {_numbers(one.versions)}" for one in found.asked)
    unread = tuple(Text(each, "warning") for each in found.unread)
    sought = " and ".join(one.what for one in found.asked)
    if not found.versions:
        title = f"No version of {found.model} is made of {sought}"
        return Document(title, (Heading("What was looked for"), Items(looked), *unread))
    table = versions_document(found.model, found.versions).blocks
    many = len(found.versions)
    title = f"{many} version{'s' * (many > 1)} of {found.model} {'are' if many > 1 else 'is'} made of {sought}"
    return Document(title, (*table, Items(looked), *unread))


def _derived(books: Books) -> tuple[str, ...]:
    """Write down of older versions what they are made of, so that none is left out for its age."""
    unread = []
    for number in books.registry.untold(books.project.name):
        try:
            books.registry.derive_ingredients(books.project.name, number)
        except MainstayError as error:
            unread.append(f"Version {number} couldn't be looked at: {error}")
    return tuple(unread)


def _ask(books: Books, what: str, versions: Sequence[Version]) -> Asked:
    path = _path(books.project, what)
    if path is not None:
        return _ask_file(books, what, path, versions)
    sought, understood = _understand(books, what)
    numbers = books.registry.made_of(books.project.name, sought)
    return Asked(what=what, understood=understood, versions=tuple(sorted(numbers, reverse=True)))


def _path(project: Project, what: str) -> Path | None:
    """Give the file or folder that is meant, from here or from the project's folder; a bare word is no folder."""
    for path in (Path(what).expanduser(), project.root / what):
        try:
            if path.is_file() or (path.is_dir() and "/" in what) or path.with_name(path.name + ".dvc").is_file():
                return path
        except (OSError, ValueError):  # a name no file can have
            return None
    return None


def _ask_file(books: Books, what: str, path: Path, versions: Sequence[Version]) -> Asked:
    """Look for a file as code, and else as data: then the answer is that of ``data list FILE``."""
    if path.is_file():
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        numbers = books.registry.made_of(books.project.name, (Sought(("code", "changes"), value=sha256),))
        if numbers or path.suffix in _CODE:
            said = f"a file with sha256 {sha256[:12]}"
            return Asked(what=what, understood=said, versions=tuple(sorted(numbers, reverse=True)))
    try:
        missing = books.project.section("data", DataSettings).missing
        found = ask(path, versions, missing=missing)
    except DataError as error:
        return Asked(what=what, understood=f"a file that no version knows by its bytes ({error.message})", versions=())
    said = f"data with md5 {found.md5[:12]}" + (f", fingerprint {found.fingerprint[:12]}" if found.fingerprint else "")
    return Asked(what=what, understood=said, versions=tuple(each.version for each in found.matches))


def _understand(books: Books, what: str) -> tuple[tuple[Sought, ...], str]:
    text = what.strip()
    if match := _VERSION.fullmatch(text):
        return (Sought(("parent",), value=match[1]),), f"made from version {match[1]}, or while it was champion"
    name, sign, value = text.partition("==")
    if sign:
        if name.strip().lower() == "python":
            return (Sought(("python",), value=value.strip()),), f"Python {value.strip()}"
        name, value = normal(name.strip()), value.strip()
        return (Sought(("package",), name, value),), f"the package {name} {value}"
    name, sign, value = (part.strip() for part in text.partition("="))
    if sign and not name.endswith(("<", ">", "!", "~")):  # a range of versions isn't asked for, and is no parameter
        sought = [Sought(("parameter",), name, value, setting=True)]
        sought += [Sought(("seed",), value=value, setting=True)] if name == "seed" else []
        return tuple(sought), f"the parameter {name} = {value}"
    if _HASH.fullmatch(text):
        return (Sought(HASHED, value=text.lower(), start=True),), f"a commit or hash that starts with {text.lower()}"
    return _named(books, text)


def _named(books: Books, text: str) -> tuple[tuple[Sought, ...], str]:
    """Understand a bare word: a package, a parameter, or a revision of git."""
    model = books.project.name
    package, parameter = Sought(("package",), normal(text)), Sought(("parameter",), text)
    known = [each for each in (package, parameter) if books.registry.made_of(model, (each,))]
    if known:
        return tuple(known), f"the {' or '.join(each.kinds[0] for each in known)} {text}"
    # A revision that begins with a dash would be an option.
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    commit = (ask_git(books.project.root, *asked) or "").strip()
    if commit:
        return (Sought(("commit",), value=commit),), f"the commit {commit[:12]}"
    if re.fullmatch(r"[A-Za-z0-9._-]+", text):
        return (package, parameter), f"a package or parameter called {text}"
    raise InputError(
        f"It can't be told what '{text[:80]}' is: there is no such file, revision of git, package or parameter.",
        "Name a file, a commit, a hash, numpy or numpy==2.1.0, learning_rate=0.1, or 'version 3'.",
    )


def _numbers(versions: Sequence[int]) -> str:
    if not versions:
        return "no version"
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}"
