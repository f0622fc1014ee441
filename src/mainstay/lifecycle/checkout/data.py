"""The data of a version: out of the cache of this machine, compared with its md5, where nothing is lost by it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mainstay.data.versions import bring, find_repository
from mainstay.data.versions.cache import holds
from mainstay.data.versions.digest import digest_of
from mainstay.data.versions.pointer import SUFFIX
from mainstay.errors import CorruptError, DataError

if TYPE_CHECKING:
    from mainstay.data.versions import Repository
    from mainstay.lifecycle.checkout.files import Staged
    from mainstay.registry.lineage import Lineage


@dataclass(frozen=True)
class Placed:
    """What became of a version's rows.

    Parameters
    ----------
    path : str
        Where they are, from the project's folder; whole where they lie outside it. Empty where they are in no file.
    whole : bool
        Whether they are there, as they were.
    replaced : bool
        Whether other rows were there before.
    restored, missing : tuple of str
        The same in words.

    """

    path: str = ""
    whole: bool = False
    replaced: bool = False
    restored: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())


def data_path(lineage: Lineage) -> str:
    """Name the file or folder of a version's rows, from the project's folder; empty where they were in none.

    Rows that came out of a database are in the file that its pointer names.
    """
    if not lineage.data_md5:
        return ""
    pointer = lineage.data_pointer
    if not pointer.endswith(SUFFIX):
        return lineage.source
    named = PurePosixPath(pointer.removesuffix(SUFFIX))
    source = PurePosixPath(lineage.source)
    return lineage.source if named in (source, *source.parents) else str(named)


def place_data(origin: Path, project: Path, base: Path, lineage: Lineage) -> Placed:
    """Bring a version's rows to where its project expects them.

    Parameters
    ----------
    origin : Path
        The project whose cache has them.
    project : Path
        The project they are for.
    base : Path
        Nothing is written outside this folder.
    lineage : Lineage
        Of the version.

    """
    name, pointer = data_path(lineage), lineage.data_pointer
    if not name:
        said = f"The rows came from {lineage.source}, and aren't kept in any file."
        return Placed(missing=(said,))
    path = project / name
    ours = path.parent.resolve().is_relative_to(base.resolve())
    if (ours or path.is_file()) and _is(path, lineage.data_md5):
        return Placed(name, whole=True, restored=(f"{name}: it is there, as it was",))
    if not ours:
        return Placed(name, missing=(f"{name} lies outside, and isn't what trained it: put it there yourself.",))
    repository = find_repository(origin)
    if repository is None or not holds(repository, lineage.data_md5):
        fetch = f"Fetch it: dvc pull {pointer}" if pointer else "It isn't kept: put it there yourself."
        said = f"{name}: version {lineage.data_md5[:12]} isn't in the cache of this machine. {fetch}"
        return Placed(name, missing=(said,))
    there = path.exists()
    try:
        with _aside(path):
            _bring(repository, lineage, path)
    except (CorruptError, DataError) as error:
        return Placed(name, missing=(str(error),))
    return Placed(name, whole=True, replaced=there, restored=(f"{name}, out of the cache",))


def demand_replaceable(root: Path, staged: Staged, lineage: Lineage) -> None:
    """Refuse to put a version's rows in the place of others that are kept nowhere else.

    Raises
    ------
    DataError
        Naming the file.

    """
    name = data_path(lineage)
    path = root / name
    if not name or not path.exists() or name in staged.files():  # then git keeps it
        return
    repository = find_repository(root)
    now = digest_of(path).md5
    if now == lineage.data_md5 or repository is None or not holds(repository, lineage.data_md5):
        return  # it stays as it is
    if not holds(repository, now):
        raise DataError(
            f"{name} would be overwritten, and what it holds now is kept nowhere.",
            f"Keep it first: mainstay data add {name}. Or check the version out elsewhere: --out DIR.",
        )


def _bring(repository: Repository, lineage: Lineage, path: Path) -> None:
    if not bring(repository, lineage.data_md5, path):
        raise DataError(f"{path} isn't whole in the cache {repository.cache}.", f"dvc pull {lineage.data_pointer}")


def _is(path: Path, md5: str) -> bool:
    try:
        return path.exists() and digest_of(path).md5 == md5
    except DataError:  # no plain file, or nobody may read it
        return False


class _aside:  # noqa: N801 - reads as what it does
    """Put what is at a path aside while something else takes its place; back where that fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Path | None = None

    def __enter__(self) -> None:
        if self._path.exists():
            self._kept = Path(tempfile.mkdtemp(prefix=".mainstay-", dir=self._path.parent))
            self._path.rename(self._kept / self._path.name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._kept is None:
            return
        if kind is not None:
            if self._path.is_dir():
                shutil.rmtree(self._path)
            (self._kept / self._path.name).replace(self._path)
        shutil.rmtree(self._kept, ignore_errors=True)
