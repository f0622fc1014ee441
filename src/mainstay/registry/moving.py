"""From one registry to another: a bundle as a file, and back, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import InputError
from mainstay.registry.archive import unpack_archive, write_archive
from mainstay.registry.bundle import keep_files, read_lineage
from mainstay.registry.ingredients import ingredients_of
from mainstay.registry.manifest import verify
from mainstay.registry.proving import prove_apart
from mainstay.registry.registry import checked_name
from mainstay.registry.rows import imported
from mainstay.registry.signing import signer_of

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from mainstay.registry.ingredients import Ingredient
    from mainstay.registry.registry import Registry
    from mainstay.registry.version import Version


def export_archive(registry: Registry, model: str, number: int, out: Path) -> tuple[str, int]:
    """Write a version as one file, with its signature; gives its digest and the bytes of the file.

    Raises
    ------
    NotFoundError, CorruptError, StoreError
        Where there is no such version, it is damaged, or the file can't be written.

    """
    version = registry.version(model, number)

    def write(folder: Path) -> int:
        return write_archive(folder, verify(folder, version.digest, f"{model} version {number}"), out)

    return version.digest, registry.read(version, write)


def import_archive(
    registry: Registry, model: str, path: Path, *, parent: int | None, now: dt.datetime, by: str
) -> Version:
    """Register a bundle that another registry exported, as it is, under the next number: all of it or nothing.

    Parameters
    ----------
    registry : Registry
        Where to.
    model : str
        Name of the model, which it must have.
    path : Path
        What `export_archive` wrote.
    parent : int, optional
        The version here that it follows.
    now : datetime
        The moment, UTC.
    by : str
        Who takes it in.

    Raises
    ------
    InputError
        Where it is no version, is of another model, or is here already.
    CorruptError
        Where it isn't what its manifest lists, or doesn't answer as it did when it was made.
    SignatureError, TrustError
        Where no key that is trusted here signed it, or it brings what isn't trusted here; nothing was run.

    """
    name, keys = path.name, registry.keyring.trusted()
    with registry.store.stage(checked_name(model)) as draft:
        manifest, digest = unpack_archive(path, draft.folder, lambda: keys)
        if manifest.model != model:
            raise InputError(
                f"{name} is a version of {manifest.model[:64]!r}, and this project's model is called {model!r}.",
                "Import it into a project of its name: a version's name is part of what was signed.",
            )
        _demand_new(registry, model, digest, name)
        keep_files(draft.folder)
        verify(draft.folder, digest, name, keys=lambda: keys)
        proved = prove_apart(draft.folder, name, registry.trusted)
        signer = signer_of(draft.folder) if keys.demanded else ""
        made_of = ingredients_of(read_lineage(draft.folder, proved), parent)

        def describe(number: int) -> tuple[Version, tuple[Ingredient, ...]]:
            _demand_new(registry, model, digest, name)  # nobody else writes now
            return imported(proved, number, parent=parent, now=now, by=by, signer=signer), made_of

        return registry.admit(model, draft, describe)


def _demand_new(registry: Registry, model: str, digest: str, name: str) -> None:
    for version in registry.versions(model):
        if version.digest == digest and version.removed is None:
            raise InputError(f"{name} is version {version.number} of {model}, which is here already.")
