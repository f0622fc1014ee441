"""Which store is meant: a folder, or an address of an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import SetupError
from mainstay.registry.store.files import FileStore
from mainstay.registry.store.s3 import S3Store

if TYPE_CHECKING:
    from mainstay.registry.store.base import Store

STORE, CACHE = "store", "cache"


def open_store(place: Path | str, cache: Path) -> Store:
    """Open the place where bundles lie; it needn't be there yet, and nothing is asked of a network.

    Parameters
    ----------
    place : Path or str
        A folder, or an address from MAINSTAY_STORE.
    cache : Path
        Where copies are kept of what lies elsewhere.

    Raises
    ------
    SetupError
        Where the address is of a kind of store that isn't known, or can't be meant.

    Examples
    --------
    >>> store = open_store("/var/lib/bundles", Path("/var/cache/bundles"))
    >>> store.folder("churn", 3, "").as_posix()
    '/var/lib/bundles/churn/3'

    """
    scheme, separator, _ = str(place).partition("://")
    if isinstance(place, Path) or not separator:
        return FileStore(Path(place))
    if scheme != "s3":
        raise SetupError(
            f"Bundles can't be kept at '{scheme}://…'.", "Set MAINSTAY_STORE to a folder, or to s3://bucket/prefix."
        )
    return S3Store(str(place), cache)
