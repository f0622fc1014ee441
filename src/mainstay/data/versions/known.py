"""Which data the registry knows, and which versions were trained on a file, whatever it is called now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.data.fingerprint import fingerprint
from mainstay.data.source import read_source
from mainstay.data.versions.digest import digest_of
from mainstay.data.versions.pointer import SUFFIX, pointer_of, read_pointer
from mainstay.data.versions.repository import find_repository
from mainstay.errors import DataError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.registry import Version


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Data that versions were trained on.

    Parameters
    ----------
    source : str
        Where it was when the last of them was trained.
    fingerprint : str
        Of its rows.
    md5 : str
        Of its file or folder; empty where it had none (a database), or the version is older than this record.
    size, rows : int or None
        Bytes and rows.
    pointer : str
        What names this version in git; empty where nothing does.
    versions : tuple of int
        Trained on it, newest first.

    """

    source: str
    fingerprint: str
    md5: str
    size: int | None
    rows: int | None
    pointer: str
    versions: tuple[int, ...]


class Match(msgspec.Struct, frozen=True):
    """A version trained on a file: on these very bytes, or on the same rows written in another way."""

    version: int
    same: Literal["file", "rows"]
    source: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry knows about a file.

    Parameters
    ----------
    file : str
        As it was asked for.
    md5 : str
        Of the file, or what its pointer names where the file isn't there.
    fingerprint : str
        Of its rows; empty where they weren't read.
    matches : tuple of Match
        Newest first; empty where no version was trained on it.

    """

    file: str
    md5: str
    fingerprint: str
    matches: tuple[Match, ...]


def known_data(versions: Sequence[Version]) -> tuple[Known, ...]:
    """Put together what versions were trained on: each content once, the latest trained on first."""
    groups: dict[tuple[str, str], list[Version]] = {}
    for version in sorted(versions, key=lambda each: -each.number):
        groups.setdefault((version.data_fingerprint, version.data_md5), []).append(version)
    return tuple(
        Known(
            source=group[0].source,
            fingerprint=group[0].data_fingerprint,
            md5=group[0].data_md5,
            size=group[0].data_size,
            rows=group[0].data_rows,
            pointer=next((each.data_pointer for each in group if each.data_pointer), ""),
            versions=tuple(each.number for each in group),
        )
        for group in groups.values()
    )


def ask(path: Path, versions: Sequence[Version], *, missing: Sequence[str] = ()) -> Asked:
    """Find the versions trained on a file, by its bytes and by its rows.

    Parameters
    ----------
    path : Path
        A file, a folder, or a pointer; a file that isn't there is asked for by its pointer.
    versions : sequence of Version
        Those there are.
    missing : sequence of str
        ``[data] missing``: texts that stood for a missing value when the rows were fingerprinted.

    Raises
    ------
    NotFoundError
        Where there is neither the file nor a pointer.
    DataError
        Where no version knows its bytes and its rows can't be read.

    """
    md5, there = _md5(path)
    exact = {version.number: version for version in versions if md5 and version.data_md5 == md5}
    prints = {version.data_fingerprint for version in exact.values()}
    if not exact and there:
        prints = {fingerprint(read_source(path, missing=missing))}
    matches = [
        Match(each.number, "file" if each.number in exact else "rows", each.source)
        for each in sorted(versions, key=lambda each: -each.number)
        if each.number in exact or each.data_fingerprint in prints
    ]
    return Asked(file=str(path), md5=md5, fingerprint=next(iter(prints), ""), matches=tuple(matches))


def _md5(path: Path) -> tuple[str, bool]:
    if path.exists() and path.suffix != SUFFIX:
        return digest_of(path).md5, True
    pointer = path if path.suffix == SUFFIX else pointer_of(path)
    repository = find_repository(pointer.parent.resolve()) if pointer.is_file() else None
    if repository is None:
        raise NotFoundError(f"There is no file {path}, and no pointer {pointer.name}.", "Check the path.")
    named = read_pointer(repository, pointer.resolve())
    if not named.md5:
        raise DataError(f"{pointer} names no version.", "Name the file itself.")
    return named.md5, False
