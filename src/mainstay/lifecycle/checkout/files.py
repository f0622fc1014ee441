"""The files of a version: put together beside the project first, then moved where nothing is lost by it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.data.quarantine import write_whole
from mainstay.data.versions.digest import Digest
from mainstay.data.versions.pointer import SUFFIX, write_pointer
from mainstay.errors import CorruptError, DataError
from mainstay.lifecycle.checkout.data import data_path
from mainstay.registry.code import FILES, PATCH, SHAPING
from mainstay.registry.git import POINTERS
from mainstay.registry.git_files import tracked_in, write_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.registry.git import Tree
    from mainstay.registry.lineage import Lineage

_NAMED = 5
_ALONE = "whatever lay beside the files that shaped the model: the training ran on no commit of git"


@dataclass(frozen=True)
class Recorded:
    """What a bundle keeps of the project: its lineage, the patch, and the files that shaped the model."""

    lineage: Lineage
    patch: bytes
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Staged:
    """A version's files, put together.

    Parameters
    ----------
    project : Path
        The folder that holds its project.
    from_commit : bool
        Whether they came from a commit; only from the bundle otherwise.
    restored, missing : tuple of str
        What is there and what isn't, in words.
    left_out : tuple of str
        What nobody kept, and didn't shape the model as far as it is known.

    """

    project: Path
    from_commit: bool
    restored: tuple[str, ...]
    missing: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def files(self) -> tuple[str, ...]:
        """Name them, from the project's folder."""
        found = []
        for folder, names, files in os.walk(self.project):
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            found += [(Path(folder) / name).relative_to(self.project).as_posix() for name in (*files, *links)]
        return tuple(sorted(found))


@dataclass(frozen=True)
class Moves:
    """What happens to a folder: files that change, that are new, and that go away; from the folder."""

    staged: Path
    changed: tuple[str, ...]
    new: tuple[str, ...]
    removed: tuple[str, ...]

    def carry_out(self, root: Path) -> None:
        """Move the files where they belong."""
        for name in self.removed:
            path = root / name
            path.unlink()
            for folder in path.parents:
                if folder == root or any(folder.iterdir()):
                    break
                folder.rmdir()
        for name in (*self.changed, *self.new):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.staged / name).replace(root / name)


def read_recorded(folder: Path, lineage: Lineage) -> Recorded:
    """Read what a bundle keeps of the project; its bytes were compared with their hashes just before."""
    patch = (folder / PATCH).read_bytes() if (folder / PATCH).is_file() else b""
    kept = [one.path for one in lineage.code if one.path in SHAPING and (folder / FILES / one.path).is_file()]
    files = {name: (folder / FILES / name).read_bytes() for name in kept}
    old = folder / "features.py"
    if not lineage.code and old.is_file():  # older bundles keep this file alone
        files["features.py"] = old.read_bytes()
    return Recorded(lineage, patch, files)


def stage_files(
    root: Path, recorded: Recorded, into: Path, pointer: tuple[str, bytes], *, only: bool = False
) -> Staged:
    """Put a version's files together in an empty folder.

    Parameters
    ----------
    root : Path
        The project's folder.
    recorded : Recorded
        What its bundle keeps.
    into : Path
        The folder.
    pointer : tuple of str and bytes
        The file that says which version it is: name and content.
    only : bool
        Whether the project's own folder is enough; the whole repository otherwise.

    """
    lineage = recorded.lineage
    project, missing = _written(root, recorded, into, lineage.git_folder if only else "")
    there = project is not None
    project = project or into
    restored = []
    if there:
        restored.append(f"the files of commit {lineage.git_commit[:12]}")
        if recorded.patch and not missing:
            restored.append("the changes that weren't committed")
    for name, content in recorded.files.items():
        if not (project / name).is_file() or (project / name).read_bytes() != content:
            write_whole(project / name, content)
            restored.append(f"{name}, out of the bundle")
    write_whole(project / pointer[0], pointer[1])
    _point(project, lineage)
    alone = () if lineage.git_commit else (_ALONE,)
    return Staged(project, there, tuple(restored), (*missing, *_differing(project, lineage)), alone)


def _written(root: Path, recorded: Recorded, into: Path, only: str) -> tuple[Path | None, tuple[str, ...]]:
    """Write the files of the commit; give the project's folder there, None where there is none, and what is missing."""
    commit, folder = recorded.lineage.git_commit, recorded.lineage.git_folder
    if not commit:
        return None, ()
    missing = write_commit(root, commit, into, patch=recorded.patch, only=only)
    if missing and not any(into.iterdir()):
        return None, missing
    if not _inside(into, f"{folder}file"):
        raise CorruptError(
            f"The version's own files make '{folder}' lead out of the folder that they are written into.",
            "Nothing was given back: don't use this version.",
        )
    if not (into / folder).is_dir():
        return None, (*missing, f"Commit {commit[:12]} has no folder {folder}")
    return into / folder, missing


def plan_moves(root: Path, tree: Tree | None, staged: Staged) -> Moves:
    """Say what would happen to a folder, and refuse where something would be lost by it.

    Raises
    ------
    DataError
        Naming what would be lost.

    """
    if tree is not None and (tree.changed or tree.unread):
        told = _named(tree.changed) or "git didn't say in time which"
        raise DataError(
            f"{root} holds changes that weren't committed: {told}.",
            "Commit them, or check the version out elsewhere: --out DIR. Nothing was changed.",
        )
    tracked = frozenset() if tree is None else tracked_in(root)
    wanted = staged.files()
    changed, new, lost = [], [], []
    for name in wanted:
        path = root / name
        _demand_straight(root, path)
        if not os.path.lexists(path):
            new.append(name)
        elif path.is_dir() and not path.is_symlink():
            lost.append(name)
        elif not _same(path, staged.project / name):
            changed.append(name)
            if name not in tracked and not Path(name).match(POINTERS):
                lost.append(name)
    if lost:
        said = "git doesn't know" if tree is not None else "nobody else keeps"
        raise DataError(
            f"Files that {said} would be overwritten: {_named(lost)}.",
            "Move them away, or check the version out elsewhere: --out DIR. Nothing was changed.",
        )
    gone = tracked - set(wanted) if staged.from_commit else frozenset()
    removed = [name for name in sorted(gone) if (root / name).is_symlink() or (root / name).is_file()]
    return Moves(staged.project, tuple(changed), tuple(new), tuple(removed))


def too_many(root: Path, lineage: Lineage) -> tuple[str, ...]:
    """Name files that would shape a model and didn't shape this one; git doesn't know them, so they stay."""
    known = {one.path for one in lineage.code}
    stay = [name for name in SHAPING if known and name not in known and (root / name).exists()]
    return tuple(f"{name} wasn't there then, and stays: git doesn't know it. Move it away" for name in stay)


def _point(project: Path, lineage: Lineage) -> None:
    """Let the pointer of the data name the version's own, where it is one that may be written."""
    pointer = lineage.data_pointer
    if (
        not pointer.endswith(SUFFIX)
        or pointer.removesuffix(SUFFIX) != data_path(lineage)
        or not _inside(project, pointer)
    ):
        return
    path = project / pointer
    if path.is_file() and lineage.data_md5 in path.read_text(encoding="utf-8", errors="replace"):
        return
    if not lineage.data_md5.endswith(".dir"):  # a folder's pointer also counts its files
        path.parent.mkdir(parents=True, exist_ok=True)
        name = path.name.removesuffix(SUFFIX)
        write_pointer(path, Digest(lineage.data_md5, lineage.data_size or 0), name)


def _differing(project: Path, lineage: Lineage) -> tuple[str, ...]:
    """Name the files that aren't what shaped the model, and what of the changes nobody kept."""
    wrong = []
    for one in lineage.code:
        path = project / one.path
        if not _inside(project, one.path) or not path.is_file():
            wrong.append(f"{one.path} isn't there" + (f": {one.note}" if one.note else ""))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256:
            wrong.append(f"{one.path} isn't what shaped the model" + (f": {one.note}" if one.note else ""))
    if lineage.git_commit and not lineage.code and lineage.dirty:
        wrong.append("Something wasn't committed then, and this old version doesn't say what.")
    if lineage.changes.note:
        wrong.append(f"What wasn't committed isn't whole: {lineage.changes.note}")
    return tuple(wrong)


def _inside(folder: Path, name: str) -> bool:
    """Whether a name from a bundle stays where it belongs, links among what was written there included."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        return False
    return (folder / path.parent).resolve().is_relative_to(folder.resolve())


def _demand_straight(root: Path, path: Path) -> None:
    for folder in path.relative_to(root).parents:
        step = root / folder
        if folder != Path() and (step.is_symlink() or (step.exists() and not step.is_dir())):
            raise DataError(
                f"{step} is a link or a file, and the version has a folder there.",
                "Move it away, or check the version out elsewhere: --out DIR. Nothing was changed.",
            )


def _same(mine: Path, theirs: Path) -> bool:
    if mine.is_symlink() or theirs.is_symlink():
        return mine.is_symlink() and theirs.is_symlink() and mine.readlink() == theirs.readlink()
    ours = mine.stat().st_mode & 0o111, theirs.stat().st_mode & 0o111
    return bool(ours[0]) == bool(ours[1]) and mine.read_bytes() == theirs.read_bytes()


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(name.encode("utf-8", "backslashreplace").decode() for name in names[:_NAMED])
    return shown + (f" and {more} more" if more > 0 else "")
