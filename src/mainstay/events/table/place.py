"""Where the table of a stream is, and opening it; what Delta says against us becomes a sentence."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mainstay.errors import SetupError, StoreError
from mainstay.project.stores import credentials_cure, is_object_store, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

    from mainstay.events.log import EventLog, Stream

FOLDER = "table"
_LOG = "_delta_log"
_COMMIT = re.compile(r"[0-9]{20}\.json")
_SHOWN = 300  # characters of what a store says
_PATIENCE = {"retry_timeout": "20s", "connect_timeout": "5s", "timeout": "60s"}
"""What a store that is down may cost a turn of the controller; by itself Delta tries for three minutes."""
_CAUSES = (
    re.compile(r'Os \{[^}]*message: "(?P<why>[^"]+)"'),
    re.compile(r"(?P<why>[A-Z][a-z' -]+) \(os error \d+\)"),
    re.compile(r"status (?P<code>\d{3}) ?(?P<why>[A-Z][a-z]+(?: [A-Z][a-z]+)*)"),
)
"""Where, in the layers of what a store says, what is wrong stands; nobody can act on the rest."""
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
    if options is None and not (Path(address) / _LOG).is_dir():
        return None  # seen without Delta, which is slow to import
    from deltalake import DeltaTable, exceptions  # noqa: PLC0415 - a serving worker must never load it

    with told(address):
        try:
            return DeltaTable(address, storage_options=options)
        except exceptions.TableNotFoundError:
            return None


@dataclass(frozen=True)
class Opened:
    """A table as it was opened, and which commit was its newest then.

    Parameters
    ----------
    table : DeltaTable
        Nobody commits to it, or loads another version into it.
    commit : tuple, optional
        Name, inode and time of the file of that commit; None where the table isn't in a folder.
    told : dict of str to bool
        What it said of segments so far: whether it holds them.

    """

    table: DeltaTable
    commit: tuple[str, int, int] | None
    told: dict[str, bool] = field(default_factory=dict)


def see_table(log: EventLog, stream: Stream) -> Opened | None:
    """Open the table of a stream to read it; the one that was opened before, where nothing was committed since.

    What was committed is seen by the files of a folder; a table in an object store is opened each time.

    Raises
    ------
    StoreError
        Where it can't be reached, or read.
    SetupError
        Where the environment holds no credentials for its store.

    """
    commit, known = _newest_commit(address_of(log, stream)), log.opened.get(stream)
    if known is not None and commit is not None and known.commit == commit:
        return known
    table = open_table(log, stream)
    if table is None:
        return None
    # Listed before it was opened: what was committed in between is another commit, and is opened the next time.
    found = Opened(table, commit)
    if commit is not None:
        log.opened[stream] = found
    return found


def _newest_commit(address: str) -> tuple[str, int, int] | None:
    if is_object_store(address):
        return None
    folder = Path(address) / _LOG
    try:
        newest = max(name for name in os.listdir(folder) if _COMMIT.fullmatch(name))  # noqa: PTH208 - many, as names
        stat = (folder / newest).stat()
    except (OSError, ValueError):  # none yet; or it can't be read, which opening it says in a sentence
        return None
    return newest, stat.st_ino, stat.st_mtime_ns


def sizes_of(table: DeltaTable) -> dict[str, int]:
    """Give the size in bytes of each file that a table names, by its path inside the table."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    named = pl.DataFrame(table.get_add_actions(flatten=True))
    return {unquote(path): size for path, size in named.select("path", "size_bytes").iter_rows()}


@contextmanager
def told(address: str) -> Iterator[None]:
    """Say in a sentence what goes wrong with a table; a commit that came too late stays what it is."""
    from deltalake import exceptions  # noqa: PLC0415 - a serving worker must never load it

    try:
        yield
    except exceptions.CommitFailedError:
        raise
    except (exceptions.DeltaError, OSError) as error:
        raise StoreError(
            f"The event log's table {address} can't be used: {_why(str(error))}.",
            "Segments stay until it can: see that the place can be reached and written, then mainstay events ship.",
        ) from None


def _why(said: str) -> str:
    """Find the reason in what Delta, the store and the system below it say, each around the other.

    Examples
    --------
    >>> _why("Kernel error -> Generic S3 error: GET: tcp connect error: Connection refused (os error 111)")
    'Connection refused'
    >>> _why("Client error with status 403 Forbidden: <Error><Code>InvalidAccessKeyId</Code></Error>")
    'it answers 403 Forbidden'
    >>> _why("Invalid table version: 7")
    'Invalid table version: 7'

    """
    plain = " ".join(_COLOURS.sub("", said).replace("↳", "").split())
    for cause in _CAUSES:
        if found := cause.search(plain):
            parts = found.groupdict()
            return f"it answers {parts['code']} {parts['why']}" if "code" in parts else parts["why"].strip()
    return plain[:_SHOWN].rstrip(".")
