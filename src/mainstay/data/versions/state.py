"""Whether a path is what its pointer says, and bringing it back from the cache where it isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.versions.cache import fetch, holds, leaves_of
from mainstay.data.versions.digest import FOLDER, Digest, digest_of, old_digest
from mainstay.data.versions.pointer import Tracked, tracked
from mainstay.data.versions.repository import find_repository
from mainstay.errors import DataError
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.data.versions.repository import Repository


def agrees(repository: Repository, found: Tracked, path: Path, digest: Digest) -> bool:
    """Whether a path holds the version that DVC's files name; a part of a folder is looked up in the folder's list."""
    named = named_md5(repository, found, path)
    return named == digest.md5 or (found.old and not digest.folder and named == old_digest(path))


def named_md5(repository: Repository, found: Tracked, path: Path) -> str:
    """Give the version DVC's files name for a path; empty where they name none or the folder's list isn't here."""
    if found.out == path:
        return found.md5
    inside = path.relative_to(found.out).as_posix()
    leaves = leaves_of(repository, found.md5) if found.md5 else None
    return next((leaf.md5 for leaf in leaves or () if leaf.path == inside), "")


def version_findings(path: Path | None) -> tuple[Finding, ...]:
    """Compare a source with what DVC's files say about it; empty where they say nothing.

    Parameters
    ----------
    path : Path or None
        A file or folder that is there; None for rows that are in none.

    Raises
    ------
    DataError
        Where a pointer can't be read.

    """
    repository = find_repository(path.parent) if path else None
    found = tracked(repository, path) if repository and path else None
    if path is None or repository is None or found is None or not found.md5:
        return ()
    same = agrees(repository, found, path, digest_of(path))
    name, pointer = repository.shown(path), repository.shown(found.file)
    note = (
        f"{name} is what {pointer} says"
        if same
        else f"{name} isn't what {pointer} says. Get that version back: dvc checkout. Or keep this one: "
        f"{'mainstay data add, or dvc add' if found.kind == 'pointer' else 'dvc commit'}"
    )
    return (Finding(measure="data_version", where=name, value=float(not same), ok=same, group="data", note=note),)


def restore(path: Path) -> bool:
    """Bring a missing file or folder back from the cache, every byte compared with its md5.

    Returns
    -------
    bool
        Whether it was brought back; False where it is there, or DVC's files know nothing of it.

    Raises
    ------
    DataError
        Where the cache doesn't have it, and ``dvc pull`` is what helps; or it can't be written.
    CorruptError
        Where the cache has other bytes under its name; they are never used.

    """
    if path.exists():
        return False
    there = next(folder for folder in path.parents if folder.is_dir())
    repository = find_repository(there)
    found = tracked(repository, path) if repository else None
    if repository is None or found is None or not found.md5:
        return False
    if not path.parent.resolve().is_relative_to(repository.root.resolve()):
        raise DataError(f"{path} leads out of the repository {repository.root}.", "Remove the link on the way to it.")
    if not _fetched(repository, found, path):
        name, pointer = repository.shown(path), repository.shown(found.file)
        raise DataError(
            f"{name} isn't there, and the version that {pointer} names isn't in the cache {repository.cache} either.",
            f"Fetch it: dvc pull {pointer if found.kind != 'stage' else name}",
        )
    return True


def _fetched(repository: Repository, found: Tracked, path: Path) -> bool:
    if not found.md5.endswith(".dir"):
        return path == found.out and fetch(repository, found.md5, path, old=found.old)
    leaves = leaves_of(repository, found.md5)
    if leaves is None:
        return False
    wanted = [leaf for leaf in leaves if found.out / leaf.path == path or path in (found.out / leaf.path).parents]
    if not wanted or not all(holds(repository, leaf.md5) for leaf in wanted):
        return False
    return all(fetch(repository, leaf.md5, found.out / leaf.path, old=found.old) for leaf in wanted)


def bring(repository: Repository, md5: str, path: Path) -> bool:
    """Write a version out of the cache to a path where nothing is, every byte compared; False where the cache lacks it.

    Parameters
    ----------
    repository : Repository
        Whose cache; the path may lie elsewhere.
    md5 : str
        The version; ``.dir`` behind it for a folder.
    path : Path
        Where to.

    Raises
    ------
    DataError
        Where it can't be written.
    CorruptError
        Where the cache has other bytes under its name; they are never used.

    """
    if not md5.endswith(FOLDER):
        return fetch(repository, md5, path, old=True)
    leaves = leaves_of(repository, md5)
    if leaves is None or not all(holds(repository, leaf.md5) for leaf in leaves):
        return False
    return all(fetch(repository, leaf.md5, path / leaf.path) for leaf in leaves)
