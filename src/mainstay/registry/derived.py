"""A row of the registry read again from its bundle: everything in it is derivable."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.errors import CorruptError
from mainstay.models.report import Report
from mainstay.registry.lineage import Lineage
from mainstay.registry.manifest import NAME, verify
from mainstay.registry.plain import loads
from mainstay.registry.signing import signer_of
from mainstay.registry.version import Version

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
DERIVED = (
    "created",
    "by",
    "parent",
    "digest",
    "data_fingerprint",
    "git_commit",
    "dirty",
    "candidate",
    "primary",
    "source",
    "data_md5",
    "data_size",
    "data_rows",
    "data_pointer",
)
"""What a row and its bundle must agree on."""
_HERE = frozenset({"created", "by", "parent"})
"""What of an imported version is said by whoever imported it."""


def derive_version(folder: Path, number: int) -> Version:
    """Read from a bundle what its row in the registry says.

    Every file is compared with the bundle's own manifest. That it is the one that was registered is for the caller to
    know: only the row's digest can say so.

    Parameters
    ----------
    folder : Path
        The bundle.
    number : int
        Of the version: bundles don't hold it.

    Raises
    ------
    CorruptError
        Where the bundle doesn't agree with itself, or can't be read.

    """
    try:
        digest = hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise CorruptError(f"{folder} has no {NAME}: {error.strerror}.", "It is no whole version.") from None
    manifest = verify(folder, digest, f"the bundle in {folder}")
    lineage, report = _read(folder, "lineage.json", Lineage), _read(folder, "report.json", Report)
    return Version(
        model=manifest.model,
        number=number,
        created=manifest.created,
        by=lineage.by,
        made=lineage.made,
        parent=manifest.parent,
        digest=digest,
        data_fingerprint=lineage.data_fingerprint,
        git_commit=lineage.git_commit,
        dirty=lineage.dirty,
        candidate=report.candidate,
        primary=report.measure(report.primary),
        source=lineage.source,
        data_md5=lineage.data_md5,
        data_size=lineage.data_size,
        data_rows=lineage.rows,
        data_pointer=lineage.data_pointer,
        signer=_signer(folder),
    )


def disagreements(row: Version, derived: Version) -> tuple[str, ...]:
    """Name what a row says otherwise than its bundle.

    Rows that were made before the registry recorded a thing say nothing about it, and nothing is no contradiction.
    """
    return tuple(
        name
        for name in DERIVED
        if getattr(row, name) not in ("", None) and getattr(row, name) != getattr(derived, name)
        if not (row.made == "imported" and name in _HERE)
    )


def mended(row: Version, derived: Version) -> Version:
    """Give a row with what it says otherwise than its bundle put right; what only a row can know stays as it is."""
    return msgspec.structs.replace(row, **{name: getattr(derived, name) for name in disagreements(row, derived)})


def _signer(folder: Path) -> str:
    try:
        return signer_of(folder)
    except CorruptError:
        return ""  # no signature of anybody's: where one is demanded, that is told when it is loaded


def _read(folder: Path, file: str, kind: type[T]) -> T:
    try:
        return loads((folder / file).read_bytes(), kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise CorruptError(f"{file} in {folder} can't be read: {error}.", "It is no whole version.") from None
