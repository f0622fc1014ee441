"""Where the table of a stream is, and opening it; what Delta says against us becomes a sentence."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import SetupError, StoreError
from mainstay.project.stores import credentials_cure, is_object_store, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

    from mainstay.events.log import EventLog, Stream

FOLDER = "table"
_SHOWN = 300  # characters of what a store says
_PATIENCE = {"retry_timeout": "20s", "connect_timeout": "5s", "timeout": "60s"}
"""What a store that is down may cost a turn of the controller; by itself Delta tries for three minutes."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def address_of(log: EventLog, stream: Stream) -> str:
    """Say where the table of a stream is: a folder, or an address in an object store.

    Examples
    --------
    >>> from mainstay.events import EventLog, EventsSettings
    >>> address_of(EventLog(Path("/books/events"), EventsSettings(table="s3://log/churn/")), "feedback")
    's3://log/churn/feedback'
    >>> address_of(EventLog(Path("/books/events")), "feedback")
    '/books/events/table/feedback'

    """
    whole = log.settings.table or str(log.root / FOLDER)
    return f"{whole.rstrip('/')}/{stream}"


def options_of(address: str) -> dict[str, str] | None:
    """Give what a store needs to know; None for a folder.

    Raises
    ------
    SetupError
        Where the environment holds no credentials for the store.

    """
    if not is_object_store(address):
        return None
    options = store_options(address)
    if options is None:
        raise SetupError(
            "The event log's table is in an object store, and the environment holds no credentials for it.",
            credentials_cure(address),
        )
    if address.startswith(("s3:", "s3a:")):
        # Several machines commit: the store itself must refuse the second one that writes the same version.
        options.setdefault("aws_conditional_put", "etag")
    return {**_PATIENCE, **options}


def open_table(log: EventLog, stream: Stream) -> DeltaTable | None:
    """Open the table of a stream at its newest version; None where there is none yet.

    Raises
    ------
    StoreError
        Where it can't be reached, or read.
    SetupError
        Where the environment holds no credentials for its store.

    """
    address = address_of(log, stream)
    options = options_of(address)
    if options is None and not (Path(address) / "_delta_log").is_dir():
        return None  # seen without Delta, which is slow to import
    from deltalake import DeltaTable, exceptions  # noqa: PLC0415 - a serving worker must never load it

    with told(address):
        try:
            return DeltaTable(address, storage_options=options)
        except exceptions.TableNotFoundError:
            return None


@contextmanager
def told(address: str) -> Iterator[None]:
    """Say in a sentence what goes wrong with a table; a commit that came too late stays what it is."""
    from deltalake import exceptions  # noqa: PLC0415 - a serving worker must never load it

    try:
        yield
    except exceptions.CommitFailedError:
        raise
    except (exceptions.DeltaError, OSError) as error:
        said = " ".join(_COLOURS.sub("", str(error)).replace("↳", "").split())[:_SHOWN]
        raise StoreError(
            f"The event log's table {address} can't be used: {said.rstrip('.')}.",
            "Segments stay until it can: see that the place can be reached and written, then mainstay events ship.",
        ) from None
