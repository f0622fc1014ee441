"""What an erasure is about, kept until it is done: one that was interrupted is finished by the next."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import StoreError
from mainstay.events.erasing.traces import Traces
from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

FILE = "erasing.json"


class Pending(msgspec.Struct, frozen=True):
    """What was begun.

    Parameters
    ----------
    traces : Traces
        Who is erased, and the ids that were found so far.
    files : tuple of str
        Files whose lines are being overwritten, relative to the log's folder: their checksums are due.
    keys : int
        Keys that were destroyed.

    """

    traces: Traces
    files: tuple[str, ...] = ()
    keys: int = 0


def read_pending(root: Path) -> Pending | None:
    """Read what was begun and isn't done; None where nothing is.

    Raises
    ------
    StoreError
        Where the file is damaged.

    """
    path = root / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pending)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError):
        raise StoreError(
            f"What an earlier erasure was about can't be read ({path}).",
            "Remove the file, and erase the person of that call again.",
        ) from None


def keep_pending(root: Path, pending: Pending) -> None:
    """Write down what is begun, before anything is taken away; raises StoreError where it can't be written."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o750)
        replace_file(root / FILE, msgspec.json.encode(pending))
    except OSError as error:
        raise StoreError(f"{root / FILE} can't be written: {error.strerror}.", "Free some space.") from None


def end_pending(root: Path) -> None:
    """Forget it: it is done."""
    with suppress(FileNotFoundError):
        (root / FILE).unlink()
