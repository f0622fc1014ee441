"""Every object below the address of the log's tables, byte for byte: what Delta no longer names is there, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.errors import StoreError
from mainstay.extras import need
from mainstay.project.stores import credentials_cure, is_object_store, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHO = "Looking at every object of a bucket"
_SHOWN = 300  # characters of what a store says


def demand_sight(address: str) -> None:
    """See, before anything is erased, that what is in an object store can be looked at afterwards.

    Raises
    ------
    SetupError
        Where the extra isn't installed.

    """
    if is_object_store(address):
        need("obstore.store", _WHO, "s3")


def objects_below(address: str) -> Iterator[tuple[str, bytes]]:
    """Give the name and the content of every object below an address, one at a time.

    Raises
    ------
    SetupError
        Where the extra isn't installed.
    StoreError
        Where the store can't be reached, or refuses.

    """
    objects, errors = need("obstore", _WHO, "s3"), need("obstore.exceptions", _WHO, "s3")
    try:
        store = _store(address)
        for some in objects.list(store):
            for one in some:
                try:
                    yield one["path"], bytes(objects.get(store, one["path"]).bytes())
                except FileNotFoundError:
                    continue  # vacuumed meanwhile
    except (errors.BaseError, OSError) as error:
        raise StoreError(
            f"{address} can't be looked at: {' '.join(str(error).split())[:_SHOWN]}.",
            f"{credentials_cure(address)} Then erase again: what is done stays done.",
        ) from None


def _store(address: str) -> Any:
    options = store_options(address) or {}
    client = {"allow_http": True} if options.get("aws_allow_http") == "true" else None
    return need("obstore.store", _WHO, "s3").from_url(address, client_options=client)
