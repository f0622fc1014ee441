"""The pointer of a version: a small file beside the project file that says in git which version a tree's model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import ProjectError
from mainstay.state import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.registry.registry import Registry
    from mainstay.registry.version import Version

SUFFIX = ".mainstay.json"
_MOST = 1 << 16  # bytes of a pointer anybody writes


class PointedData(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a version: fingerprint of the rows, md5 of the file, and the file of DVC that names it."""

    fingerprint: str
    md5: str = ""
    pointer: str = ""


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """Which version the model of a tree is.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Its version.
    digest : str
        Of the version's manifest: whoever has the same has the same bundle.
    made : str
        How: see `Version`.
    created : str
        When, UTC.
    data : PointedData
        What it was made of.

    """

    model: str
    version: int
    digest: str
    made: str
    created: str
    data: PointedData


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a tree and the registry agree on what the model is.

    Parameters
    ----------
    state : {"none", "same", "differs", "unknown"}
        There is no pointer; the registry has that very version; it has another one under this number, or the pointer
        can't be read; it knows neither.
    words : str
        The same as a sentence.
    version : int or None
        The registry's version that the tree names, whatever number it has there.

    """

    state: Literal["none", "same", "differs", "unknown"]
    words: str
    version: int | None = None


def pointer_name(model: str) -> str:
    """Name the pointer's file: ``churn.mainstay.json``."""
    return f"{model}{SUFFIX}"


def pointer_to(version: Version) -> bytes:
    """Write the pointer of a version: the same version, the same bytes."""
    data = PointedData(fingerprint=version.data_fingerprint, md5=version.data_md5, pointer=version.data_pointer)
    pointer = Pointer(
        model=version.model,
        version=version.number,
        digest=version.digest,
        made=version.made,
        created=to_text(version.created),
        data=data,
    )
    return msgspec.json.format(msgspec.json.encode(pointer), indent=2) + b"\n"


def read_pointer(root: Path, model: str) -> Pointer | None:
    """Read the pointer of a project's folder; None where there is none.

    Raises
    ------
    ProjectError
        Where it can't be read, or speaks of another model.

    """
    path = root / pointer_name(model)
    cure = f"Get it back from git: git restore {path.name}. Or remove it: the next training writes it."
    try:
        with path.open("rb") as file:
            pointer = msgspec.json.decode(file.read(_MOST), type=Pointer)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProjectError(f"{path} can't be read: {error.strerror}.", "Check its permissions.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} can't be read as the pointer of a version: {error}.", cure) from None
    if pointer.model != model:
        raise ProjectError(f"{path} speaks of another model, {pointer.model!r}.", cure)
    return pointer


def agree(pointer: Pointer | None, versions: Sequence[Version]) -> Agreement:
    """Compare what a tree says its model is with what the registry has.

    Parameters
    ----------
    pointer : Pointer or None
        Of the tree.
    versions : sequence of Version
        Of this model, in the registry.

    """
    if pointer is None:
        return Agreement(state="none", words="This tree names no version; the next training writes which one it is.")
    named = f"This tree's model is version {pointer.version}"
    same = next((one for one in versions if one.digest == pointer.digest), None)
    if same is not None and same.number == pointer.version:
        return Agreement(state="same", words=f"{named}, as the registry has it.", version=same.number)
    if same is not None:
        said = f"{named}; the registry has the very same bundle as version {same.number}."
        return Agreement(state="same", words=said, version=same.number)
    if any(one.number == pointer.version for one in versions):
        said = f"{named} of another registry: the version {pointer.version} here is another bundle."
        return Agreement(state="differs", words=said)
    return Agreement(state="unknown", words=f"{named}, and the registry here doesn't know it.")


def tree_agrees(root: Path, model: str, registry: Registry) -> Agreement:
    """Read the pointer of a project's folder and compare it with the registry; one that can't be read differs."""
    try:
        pointer = read_pointer(root, model)
    except ProjectError as error:
        return Agreement(state="differs", words=str(error))
    return agree(pointer, () if pointer is None else registry.versions(model))
