"""Two versions' code: the files that shaped them as unified diffs, and their contracts both ways."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import msgspec

from mainstay.lifecycle.contrast.values import Changed, changes
from mainstay.registry.code import FILES, SHAPING
from mainstay.release import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mainstay.registry import Bundle, Lineage

_MOST = 200  # lines of a diff
_WIDEST = 400  # characters of a line


class FileContrast(msgspec.Struct, frozen=True, kw_only=True):
    """A file that differs.

    Parameters
    ----------
    path : str
        From the project's folder.
    state : {"changed", "added", "removed"}
        What became of it.
    lines : tuple of str
        Its unified diff, without the names; at most 200 lines.
    note : str
        Why there is no diff, or how much of it isn't shown.

    """

    path: str
    state: str
    lines: tuple[str, ...] = ()
    note: str = ""


class CodeContrast(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions' code.

    Parameters
    ----------
    same : bool or None
        Whether every file that shaped them is the same; None where a version is too old to say.
    files : tuple of FileContrast
        Those that differ.
    facts : tuple of Changed
        Git's commit and what wasn't committed, where they differ.
    refused, accepted : tuple of str
        What callers of the other version could send and this one refuses; and the other way round.

    """

    same: bool | None
    files: tuple[FileContrast, ...]
    facts: tuple[Changed, ...]
    refused: tuple[str, ...]
    accepted: tuple[str, ...]


def contrast_code(was: Bundle, now: Bundle) -> CodeContrast:
    """Compare the code of two versions by what their bundles keep of it."""
    files = tuple(_files(was, now))
    told = bool(was.lineage.code and now.lineage.code)
    return CodeContrast(
        same=False if files else True if told else None,
        files=files,
        facts=changes(_facts(was.lineage), _facts(now.lineage)),
        refused=differences(was.contract, now.contract),
        accepted=differences(now.contract, was.contract),
    )


def _facts(lineage: Lineage) -> Mapping[str, object]:
    return {"git commit": lineage.git_commit, "not committed": lineage.changes.sha256 or _uncommitted(lineage)}


def _uncommitted(lineage: Lineage) -> str:
    return "something" if lineage.dirty else ""


def _files(was: Bundle, now: Bundle) -> list[FileContrast]:
    before, after = _hashes(was), _hashes(now)
    both_told = bool(was.lineage.code and now.lineage.code)
    names = [name for name in SHAPING if both_told or (name in before and name in after)]
    return [_file(name, was.folder, now.folder, before, after) for name in names if before.get(name) != after.get(name)]


def _hashes(bundle: Bundle) -> Mapping[str, str]:
    told = {one.path: one.sha256 for one in bundle.lineage.code}
    if not told and bundle.features is not None:  # an older bundle keeps this file alone
        told["features.py"] = bundle.features.code.sha256
    return told


def _file(name: str, was: Path, now: Path, before: Mapping[str, str], after: Mapping[str, str]) -> FileContrast:
    state = "changed" if name in before and name in after else "added" if name in after else "removed"
    old, new = (_lines(folder, name) if name in told else [] for folder, told in ((was, before), (now, after)))
    if old is None or new is None:
        return FileContrast(path=name, state=state, note="a bundle keeps its hash alone")
    lines = [line[:_WIDEST] for line in difflib.unified_diff(old, new, lineterm="")][2:]
    more = len(lines) - _MOST
    note = f"{more} more lines of it differ" if more > 0 else ""
    return FileContrast(path=name, state=state, lines=tuple(lines[:_MOST]), note=note)


def _lines(folder: Path, name: str) -> list[str] | None:
    for path in (folder / FILES / name, folder / name):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
    return None
