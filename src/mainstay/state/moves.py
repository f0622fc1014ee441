"""Several files and folders replaced as one, even if this process is killed; what was there is moved aside, never lost.

What is to come in lies ready in a folder beside; then a journal is written, and from that moment on it will happen:
whoever finds the journal carries it out to its end.

::

    aside/   what was there before
    new/     what comes in its place
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.errors import CorruptError, StoreError
from mainstay.state.files import PRIVATE_FILE, PRIVATE_FOLDER, alone, private_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNAL = "restoring.json"
_LOCK = ".restoring.lock"


class Move(msgspec.Struct, frozen=True):
    """A file or folder and its successor.

    Parameters
    ----------
    place : str
        What is replaced; it may not be there.
    aside : str
        Where it goes; empty where nothing should be there.
    new : str
        What comes in its place; empty for nothing.

    """

    place: str
    aside: str
    new: str = ""


class Journal(msgspec.Struct, frozen=True):
    """What is being done, and how far it is.

    Parameters
    ----------
    moves : tuple of Move
        In order.
    step : {"aside", "in"}
        Whether what was there is being moved away, or what is new in its place.
    rubbish : tuple of str
        Folders that are removed at the end.

    """

    moves: tuple[Move, ...]
    step: Literal["aside", "in"] = "aside"
    rubbish: tuple[str, ...] = ()


def replace_together(books: Path, moves: tuple[Move, ...], rubbish: tuple[str, ...] = ()) -> None:
    """Replace several files and folders: all of them, or none; from the journal on, all of them, whoever is killed.

    Parameters
    ----------
    books : Path
        The folder that the journal is kept in.
    moves : tuple of Move
        Each from and to the same file system; everything new lies there, complete and on the disk.
    rubbish : tuple of str
        Folders to remove once all is done.

    Raises
    ------
    StoreError
        Where something can't be moved; what was begun goes on with the next `finish_moves`.

    """
    with _alone(books):
        _write(books, Journal(moves, rubbish=rubbish))
        _carry_out(books)


def finish_moves(books: Path) -> bool:
    """Carry out to its end what a killed process began; returns whether there was something.

    Raises
    ------
    CorruptError
        Where the journal can't be read.
    StoreError
        Where something can't be moved.

    """
    if not (books / JOURNAL).exists():
        return False
    with _alone(books):
        return _carry_out(books)


def _carry_out(books: Path) -> bool:
    journal = _read(books)
    if journal is None:
        return False  # another process was faster
    if journal.step == "aside":
        for move in journal.moves:
            if move.aside:
                _rename(Path(move.place), Path(move.aside))
        journal = msgspec.structs.replace(journal, step="in")
        _write(books, journal)
    for move in journal.moves:
        if move.new:
            _rename(Path(move.new), Path(move.place))
    (books / JOURNAL).unlink()
    sync_folder(books)
    for folder in journal.rubbish:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _rename(old: Path, new: Path) -> None:
    """Rename what is still to be renamed: after a kill, some of it is done."""
    if not os.path.lexists(old):
        return
    private_folder(new.parent)
    if os.path.lexists(new):  # somebody made it meanwhile
        _rename(new, new.with_name(f"{new.name}.later"))
    old.rename(new)
    sync_folder(new.parent)
    if old.parent != new.parent:
        sync_folder(old.parent)


def _read(books: Path) -> Journal | None:
    try:
        return msgspec.json.decode((books / JOURNAL).read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        raise CorruptError(
            f"{books / JOURNAL} can't be read: a restoring was begun and nobody can say how far it is.",
            "Look at the folders beside it, put the books together by hand, and remove that file.",
        ) from None


def _write(books: Path, journal: Journal) -> None:
    half = books / f".{JOURNAL}.tmp"
    with suppress(FileNotFoundError):
        half.unlink()
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
        file.write(msgspec.json.encode(journal))
        file.flush()
        os.fsync(file.fileno())
    half.replace(books / JOURNAL)
    sync_folder(books)


@contextmanager
def _alone(books: Path) -> Iterator[None]:
    try:
        books.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        with alone(books / _LOCK):
            yield
    except OSError as error:
        raise StoreError(
            f"The books in {books} can't be put in their place: {error.strerror} ({error.filename}).",
            "Mend that, then go on with any command here: it finishes what was begun.",
        ) from None
