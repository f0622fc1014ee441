"""`Store`: what the registry asks of the place where bundles lie. `Draft`: a bundle on its way in."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol

import msgspec

from mainstay.registry.signing import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

UNLISTED = (SIGNATURE,)
"""What may lie beside a manifest that doesn't list it: it is made over the manifest."""


class Lying(msgspec.Struct, frozen=True):
    """What lies under a number.

    Parameters
    ----------
    number : int
        Which one.
    size : int
        Bytes of all its files.
    at : datetime
        When the newest of them was written, UTC.
    whole : bool
        Whether a manifest is there; without one it is what a writer that was killed left, or a killed removal.

    """

    number: int
    size: int
    at: dt.datetime
    whole: bool


class Leftover(msgspec.Struct, frozen=True):
    """What a killed writer left: the name of a folder, and the bytes in it."""

    name: str
    size: int


class Draft(Protocol):
    """A bundle on its way into a store: written, sent, numbered, settled; or withdrawn.

    ::

        with store.stage("churn") as draft:
            write(draft.folder)
            draft.send(above=4)                      # what takes long, while nobody waits for the books
            with state.begin():                      # now this is the only writer
                number = draft.number(highest=4)
                ...                                  # its row
                draft.settle()                       # just before the commit

    """

    @property
    def folder(self) -> Path:
        """An empty folder of this machine, to write the bundle in."""

    def send(self, above: int) -> None:
        """Bring the bundle to where it is kept, under a number above `above` that nobody else gets.

        Nobody sees it there before its row is in the books. Does nothing where `settle` is quick enough.
        """

    def number(self, highest: int) -> int:
        """Say which number it gets, above every one of the books (`highest`) and of the store; the books are locked."""

    def settle(self) -> None:
        """Give it its place; the last step before its row is committed."""

    def withdraw(self) -> None:
        """Take it back: its row never came to be."""


class Store(Protocol):
    """The bundles of all models, one per version.

    A bundle is there completely or not at all, is never overwritten, and its number is never given to another.
    What a version is, the row in the books says; the store only keeps the files.
    """

    @property
    def environment(self) -> Mapping[str, str]:
        """What another process is told, to open the same store: names and values of the environment."""

    def stage(self, model: str) -> AbstractContextManager[Draft]:
        """Begin a bundle; what is left of it at the end of the ``with`` is removed, a settled one stays.

        Raises
        ------
        StoreError
            Where it can't be written.

        """

    def folder(self, model: str, number: int, digest: str) -> Path:
        """Name the folder of this machine where a bundle lies, bringing it here first where it is kept elsewhere.

        Parameters
        ----------
        model, number
            Which version.
        digest : str
            sha256 its manifest must have.

        Raises
        ------
        StoreError
            Where it can't be brought here.

        """

    def numbers(self, model: str) -> tuple[int, ...]:
        """Give every number that something lies under, in order; also those that no row tells of."""

    def digest(self, model: str, number: int) -> str:
        """Give the sha256 of the manifest that lies under a number; empty where none does."""

    def look(self, model: str, number: int) -> Lying | None:
        """Say what lies under a number; None for nothing."""

    def copies(self, model: str) -> tuple[Lying, ...]:
        """Say which bundles have a copy on this machine, where they are kept elsewhere; `at` is when it was made."""

    def drop(self, model: str, number: int) -> bool:
        """Remove the copy of a bundle on this machine; says whether one can be brought here again."""

    def attach(self, model: str, number: int, name: str, content: bytes) -> None:
        """Write, or replace, a file beside a manifest that doesn't list it.

        Parameters
        ----------
        model, number
            Which version.
        name : str
            One of `UNLISTED`.
        content : bytes
            Of the file.

        """

    def remove(self, model: str, number: int) -> None:
        """Remove a bundle; removing again what is half removed, or gone, finishes it."""

    def sweep(self, model: str, *, dry: bool = False) -> tuple[Leftover, ...]:
        """Remove what killed writers left on this machine (`dry`: only look)."""
