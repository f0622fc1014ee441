"""Keeping a version: the source goes into the cache once, its pointer beside it, and git is told to look at that."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.data.versions.cache import holds, put
from mainstay.data.versions.digest import Digest, digest_of
from mainstay.data.versions.pointer import pointer_of, tracked, write_pointer
from mainstay.data.versions.repository import (
    find_repository,
    git_has,
    git_ignores,
    git_root,
    keep_out_of_git,
    make_repository,
)
from mainstay.data.versions.state import agrees
from mainstay.errors import DataError

if TYPE_CHECKING:
    from mainstay.data.versions.pointer import Tracked
    from mainstay.data.versions.repository import Repository

LARGE = 2 << 30
"""Bytes above which training records a source's md5 and leaves the copy to whoever asks for it."""


@dataclass(frozen=True)
class Kept:
    """What is known about the version of a file or folder, and where it is kept.

    Parameters
    ----------
    source : str
        Its path, from the project's folder where it lies in it.
    md5 : str
        As DVC says it; ``.dir`` behind it for a folder.
    size : int
        Bytes.
    pointer : str
        The file that says so, from the project's folder; empty where none does.
    note : str
        What was done, or why the version isn't kept: a sentence; empty where nothing changed.

    """

    source: str
    md5: str
    size: int
    pointer: str = ""
    note: str = ""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What `add` did.

    Parameters
    ----------
    path, pointer : str
        The file or folder and its pointer, from the project's folder.
    md5 : str
        Its version.
    size : int
        Bytes.
    files : int
        How many files.
    state : {"added", "updated", "unchanged"}
        What became of the pointer.
    copied : bool
        Whether it lay outside the project and was copied into ``data/``.
    for_git : tuple of str
        Files to commit.

    """

    path: str
    pointer: str
    md5: str
    size: int
    files: int
    state: Literal["added", "updated", "unchanged"]
    copied: bool
    for_git: tuple[str, ...]


def shown(path: Path, root: Path) -> str:
    """Write a path from the project's folder where it lies in it or close by; whole elsewhere."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    repository = find_repository(root)
    near = repository is not None and path.is_relative_to(repository.root)
    return Path(os.path.relpath(path, root)).as_posix() if near else str(path)


def keep_source(path: Path, root: Path, *, keep: bool = True, most: int = LARGE) -> Kept:
    """Record a source's version for a training, and keep it where that can be done without asking.

    It is kept where it lies in the project, `keep` is said, it has at most `most` bytes, and neither git nor one of
    dvc's own stages or imports has it already. A pointer that names another version is given this one: what a model
    was trained on must be had again.

    Parameters
    ----------
    path : Path
        A file or folder.
    root : Path
        The project's folder.
    keep : bool
        ``[data] keep``.
    most : int
        Bytes.

    Raises
    ------
    DataError
        Where it can't be read, changes meanwhile, or the cache can't be written; where its pointer names another
        version than it has, and both are known: somebody went back in git and not with dvc, or the other way round.

    """
    digest = digest_of(path)
    kept = Kept(shown(path, root), digest.md5, digest.size)
    repository = find_repository(path.parent)
    found = tracked(repository, path) if repository else None
    ours = path.is_relative_to(root) and keep
    why = "" if ours else "[data] keep = false" if path.is_relative_to(root) else "it lies outside the project"
    if repository and found and agrees(repository, found, path, digest):
        if found.kind == "pointer" and found.out == path and ours and digest.size <= most:
            put(repository, path, digest)
        return replace(kept, pointer=shown(found.file, root))
    why = why or _why_not(path, found, digest, most)
    if not why and repository and found:
        _refuse_older(repository, found, digest, root, kept.source)
    if why:
        contradicted = f"; {shown(found.file, root)} names another version" if found else ""
        return replace(kept, note=f"{kept.source}: this version isn't kept, only its md5 is ({why}){contradicted}")
    where = repository or make_repository(root)
    _keep(where, path, digest)
    pointer = shown(pointer_of(path), root)
    said = f"a new version, {pointer} names it now" if found else f"kept in {shown(where.cache, root)} by {pointer}"
    return replace(kept, pointer=pointer, note=f"{kept.source}: {said}")


def add(path: Path, root: Path) -> Added:
    """Bring a file or folder under version; one outside the project is copied into its ``data/`` first.

    Parameters
    ----------
    path : Path
        The file or folder.
    root : Path
        The project's folder.

    Raises
    ------
    DataError
        Where it can't be read or written, something else has its name in ``data/``, or git or one of dvc's own stages
        or imports has it already.

    """
    given = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow a link into the cache
    given = given.parent.resolve() / given.name
    copied = not given.is_relative_to(root)
    here = _copied_into(given, root / "data") if copied else given
    if here == root or root.is_relative_to(here):
        raise DataError(f"{here} is the project itself.", "Name the file or folder of data in it.")
    digest = digest_of(here)
    repository = find_repository(here.parent)
    found = tracked(repository, here) if repository else None
    same = repository is not None and found is not None and agrees(repository, found, here, digest)
    if not same and (why := _why_not(here, found, digest, None)):
        raise DataError(f"{shown(here, root)} can't be added: {why}.")
    repository = repository or make_repository(root)
    if found is not None and same and (found.kind != "pointer" or found.out != here):
        pointer, changed = found.file, False  # dvc's own affair, and in order
    else:
        pointer, changed = pointer_of(here), _keep(repository, here, digest)
    ignore = here.parent / ".gitignore"
    files = (pointer, ignore) if repository.git and ignore.exists() else (pointer,)
    setup = [repository.root / ".dvc" / name for name in ("config", ".gitignore")] if repository.git else []
    return Added(
        path=shown(here, root),
        pointer=shown(pointer, root),
        md5=digest.md5,
        size=digest.size,
        files=len(digest.leaves) if digest.folder else 1,
        state="unchanged" if not changed else "updated" if found else "added",
        copied=copied,
        for_git=tuple(shown(each, root) for each in (*files, *setup, repository.root / ".dvcignore") if each.exists())
        if repository.git
        else (),
    )


def _refuse_older(repository: Repository, found: Tracked, digest: Digest, root: Path, source: str) -> None:
    """Refuse to point at a version that was known before, in place of another known one: nobody said which is meant."""
    if found.md5 and holds(repository, digest.md5) and holds(repository, found.md5):
        pointer = shown(found.file, root)
        raise DataError(
            f"{source} isn't the version that {pointer} names ({found.md5[:8]}) but one that was kept before "
            f"({digest.md5[:8]}), as after git checkout without dvc checkout.",
            f"To train on the file as it is: mainstay data add {source}. On what {pointer} names: "
            f"dvc checkout {pointer}, or delete {source}, and training restores it.",
        )


def _keep(repository: Repository, path: Path, digest: Digest) -> bool:
    put(repository, path, digest)
    changed = write_pointer(pointer_of(path), digest, path.name)
    if repository.git:
        keep_out_of_git(path)
    return changed


def _why_not(path: Path, found: Tracked | None, digest: Digest, most: int | None) -> str:
    """Say why a version can't be kept here, with the cure; empty where it can."""
    if most is not None and digest.size > most:
        return f"it has {digest.size:,} bytes; mainstay data add {path.name} keeps it"
    if path.is_symlink():
        return "it is a link: put the file itself there, or dvc add"
    if found is not None:
        return _spoken_for(path, found)
    inner = next((file for file in path.rglob("*.dvc") if file.is_file()), None) if path.is_dir() else None
    if inner is not None:
        return f"{inner.relative_to(path)} in it keeps a part of it already"
    return _in_the_way(path, digest)


def _spoken_for(path: Path, found: Tracked) -> str:
    """Say what of DVC's own has a path already; empty where it is a pointer that may be written."""
    name = found.file.name
    if found.kind == "stage":
        return f"a stage in {found.file.parent / 'dvc.yaml'} makes it: dvc repro, or dvc commit"
    if found.kind == "import":
        return f"{name} fetches it from elsewhere: dvc update, or dvc commit"
    if found.out != path:
        return f"it is part of {found.out.name}, which {name} keeps: mainstay data add {found.out.name}"
    return "" if found.file == pointer_of(path) else f"{name} keeps it: dvc commit {name}"


def _in_the_way(path: Path, digest: Digest) -> str:
    """Say which of git's and dvc's rules stand against a pointer; empty where none does."""
    repository = find_repository(path.parent)
    if digest.folder and repository is not None and repository.picky:
        return ".dvcignore has patterns, and what they leave out of a folder is for dvc to say: dvc add"
    if git_root(path.parent) is None or (repository is not None and not repository.git):
        return ""
    if git_has(path):
        return f"git keeps it itself; to let dvc keep it: git rm -r --cached {path.name}"
    if git_ignores(pointer_of(path)):
        return f"git ignores {pointer_of(path).name}, so nobody else would know of it: let git see *.dvc files there"
    return ""


def _copied_into(given: Path, folder: Path) -> Path:
    """Copy a file or folder into the project, whole or not at all."""
    target = folder / given.name
    if not given.exists():
        raise DataError(f"There is no file {given}.", "Check the path.")
    if target.exists():
        if digest_of(target).md5 == digest_of(given).md5:
            return target
        raise DataError(f"{target} is there already and holds something else.", "Remove it, or rename one of the two.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{given.name[:40]}.", dir=folder) as half:
            inside = Path(half) / given.name
            if given.is_dir():
                shutil.copytree(given, inside, symlinks=True)
            else:
                shutil.copyfile(given, inside)
            inside.rename(target)
    except (OSError, shutil.Error) as error:
        raise DataError(f"{target} can't be written: {error}.", "Check the folder and its permissions.") from None
    return target
