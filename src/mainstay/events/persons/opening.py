"""`open_persons`: where the keys of persons are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mainstay.events.persons.embedded import FILE, EmbeddedPersons

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events.persons.persons import Persons

_VARIABLE = "MAINSTAY_STATE"
_SERVER = "postgres"  # how every address of a server begins; what is wrong with it is told by whoever opens it


def open_persons(books: Path, model: str, *, durable: bool = False) -> Persons:
    """Open the keys of a project's persons; nothing is made before the first is needed.

    Parameters
    ----------
    books : Path
        The project's books, whose file holds them where ``MAINSTAY_STATE`` names no database server.
    model : str
        Whose records they are about: models that share a database have keys of their own.
    durable : bool
        Whether a new key has to survive a power cut before anything is sealed with it; in a database server it does.

    """
    if place := shared_place():
        # SQLAlchemy is slow to load, and who only looks at a log on one machine needs none of it.
        from mainstay.events.persons.shared import open_shared  # noqa: PLC0415 - see above

        return open_shared(place, books, model)
    return EmbeddedPersons(books / FILE, durable=durable)


def shared_place() -> str:
    """Give the address of the database server that several machines share; empty where there is none."""
    place = os.environ.get(_VARIABLE, "")
    return place if place.startswith(_SERVER) and "://" in place else ""
