"""Who says which version a path has: a ``.dvc`` pointer beside it, or a stage's output in ``dvc.lock``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mainstay.data.quarantine import write_whole
from mainstay.data.versions.blocks import Node, read_blocks, scalar
from mainstay.data.versions.cache import MD5
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.versions.digest import Digest
    from mainstay.data.versions.repository import Repository

SUFFIX = ".dvc"
LOCK = "dvc.lock"
PIPELINE = "dvc.yaml"
_MOST = 1 << 24  # bytes of a pointer or lock file anybody writes
_CHANGED = re.compile(r"^(\s*(?:- )?)(md5|size|nfiles):.*$")


@dataclass(frozen=True)
class Tracked:
    """What DVC's files say about a path.

    Parameters
    ----------
    file : Path
        The pointer, ``dvc.lock`` or ``dvc.yaml`` that says it.
    out : Path
        What it says it about: the path itself, or a folder above it.
    md5 : str
        The version; empty where it names none yet.
    kind : {"pointer", "import", "stage"}
        A pointer of plain data; one whose data dvc fetches from elsewhere; a stage's output. Only the first is ours to
        write.
    size : int or None
        Bytes.
    old : bool
        Whether the md5 was made by DVC 2; see `mainstay.data.versions.digest.old_digest`.

    """

    file: Path
    out: Path
    md5: str
    kind: Literal["pointer", "import", "stage"]
    size: int | None = None
    old: bool = False


def pointer_of(path: Path) -> Path:
    """Name the pointer of a path: ``telco.csv.dvc`` beside ``telco.csv``."""
    return path.with_name(path.name + SUFFIX)


def tracked(repository: Repository, path: Path) -> Tracked | None:
    """Find what DVC's files say about a path or a folder above it; None where they say nothing.

    Raises
    ------
    DataError
        Where the path's own pointer, or a lock file on the way up, can't be read.

    """
    own = pointer_of(path)
    if own.is_file():
        found = next((each for each in _said(repository, own) if each.out == path), None)
        if found:
            return found
    for folder in path.parents:
        if not folder.is_relative_to(repository.root):
            break
        for file in _files(folder, own):
            for each in _said(repository, file):
                if each.out == path or each.out in path.parents:
                    return each
    return None


def read_pointer(repository: Repository, file: Path) -> Tracked:
    """Read a pointer that speaks of one path.

    Raises
    ------
    DataError
        Where it can't be read, speaks of none or of several, or leads out of the repository.

    """
    found = list(_said(repository, file))
    if len(found) != 1:
        raise DataError(f"{file} speaks of {len(found)} paths, not of one.", "Name the file it is about.")
    return found[0]


def write_pointer(file: Path, digest: Digest, name: str) -> bool:
    """Write a pointer, or put a new version into one that is there; returns whether anything changed.

    What people and dvc have added to it (``desc``, ``meta``, ``remote``, comments) stays.
    """
    fresh = _fresh(digest, name)
    if not file.exists():
        write_whole(file, fresh.encode())
        return True
    before = file.read_text(encoding="utf-8")
    after = _renewed(before, digest) or fresh
    if after == before:
        return False
    write_whole(file, after.encode())
    return True


def _fresh(digest: Digest, name: str) -> str:
    lines = ["outs:", f"- md5: {digest.md5}", f"  size: {digest.size}"]
    if digest.folder:
        lines.append(f"  nfiles: {len(digest.leaves)}")
    return "\n".join([*lines, "  hash: md5", f"  path: {scalar(name)}", ""])


def _renewed(before: str, digest: Digest) -> str:
    """Put the new numbers into a pointer's text; empty where it doesn't have just the fields that need them."""
    wanted = {"md5": digest.md5, "size": str(digest.size)}
    if digest.folder:
        wanted["nfiles"] = str(len(digest.leaves))
    said = {match[2] for line in before.splitlines() if (match := _CHANGED.match(line))}
    if said != set(wanted) or not re.search(r"^\s+hash: md5\s*$", before, re.MULTILINE):
        return ""
    return "".join(
        f"{match[1]}{match[2]}: {wanted[match[2]]}\n" if (match := _CHANGED.match(line)) else line
        for line in before.splitlines(keepends=True)
    )


def _files(folder: Path, own: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return
    pointers = [folder / name for name in names if name.endswith(SUFFIX) and name != SUFFIX]
    yield from (file for file in pointers if file != own)
    yield from (folder / name for name in (LOCK, PIPELINE) if name in names)


def _said(repository: Repository, file: Path) -> Iterator[Tracked]:
    if not file.is_file():
        return
    try:
        document = _read(file)
    except DataError:
        if file.name == PIPELINE:  # written by people, in all of YAML; what has been run is in the lock file
            return
        raise
    stages = document.get("stages")
    if file.name in {LOCK, PIPELINE}:
        for stage in stages.values() if isinstance(stages, dict) else ():
            if isinstance(stage, dict):
                yield from _outs(repository, file, stage, "stage")
    else:
        imported = "deps" in document or "md5" in document
        yield from _outs(repository, file, document, "import" if imported else "pointer")


def _outs(
    repository: Repository, file: Path, stage: dict[str, Node], kind: Literal["pointer", "import", "stage"]
) -> Iterator[Tracked]:
    outs = stage.get("outs", [])
    if not isinstance(outs, list) or (not outs and kind != "stage"):
        raise _unreadable(file, "it has no list of outs")
    base = file.parent / str(stage.get("wdir") or ".")
    for out in outs:
        if file.name == PIPELINE:
            name = out if isinstance(out, str) else next(iter(out), "")
            if isinstance(name, str):
                yield Tracked(file, Path(os.path.normpath(base / name)), "", kind)
            continue
        if not isinstance(out, dict) or not isinstance(out.get("path"), str) or not out["path"]:
            raise _unreadable(file, "an out has no path")
        path = Path(os.path.normpath(base / str(out["path"])))
        if not path.is_relative_to(repository.root):
            if kind == "stage":
                continue  # a stage may write where it likes; a version of it isn't in this repository
            said = f"{file} speaks of {path}, which lies outside the repository."
            raise DataError(said, "Mend the pointer, or remove it.")
        md5, size = str(out.get("md5", "")), str(out.get("size", ""))
        if md5 and not MD5.fullmatch(md5):
            raise _unreadable(file, f"'{md5[:40]}' is no md5")
        yield Tracked(file, path, md5, kind, int(size) if size.isdecimal() else None, old="hash" not in out)


def _read(file: Path) -> dict[str, Node]:
    try:
        if file.stat().st_size > _MOST:
            raise _unreadable(file, "it is larger than any that dvc writes")
        node = read_blocks(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file} can't be read: {error.strerror}.", "Check its permissions.") from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, str(error)) from None
    if not isinstance(node, dict):
        raise _unreadable(file, "it is no mapping")
    return node


def _unreadable(file: Path, why: str) -> DataError:
    said = f"{file} can't be read as a file of DVC: {why}."
    return DataError(said, "Get it back from git, or write it again: dvc add")
