"""Copies of a person that aren't the log: refused rows of sources and sums over the log; and those out of reach."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from typing import TYPE_CHECKING

from mainstay.contract.columns.base import BLANKS
from mainstay.errors import StoreError
from mainstay.events.erasing.receipt import Place
from mainstay.events.persons import shared_place
from mainstay.events.profiles.keeper import FOLDER as PROFILES
from mainstay.state.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from mainstay.events import EventLog
    from mainstay.project import Project

_REFUSED = "quarantine"
_MODE = 0o644


def erase_refused(books: Path, column: str, keys: Collection[str], *, dry_run: bool) -> list[Place]:
    """Take a person's rows out of the files of rows that a contract refused in training."""
    places = []
    for path in sorted((books / _REFUSED).glob("*.csv")):
        try:
            rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
            at = rows[0].index(column) if rows and column in rows[0] else None
            kept = rows if at is None else [rows[0], *(row for row in rows[1:] if row[at].strip(BLANKS) not in keys)]
            if len(kept) == len(rows):
                continue
            places.append(Place(where=f"{_REFUSED}/{path.name}", events=len(rows) - len(kept)))
            if not dry_run:
                replace_file(path, _csv(kept), _MODE)
        except (OSError, UnicodeDecodeError, csv.Error, IndexError) as error:
            raise StoreError(
                f"{path} can't be read or written: {error}.", "Remove the file, which holds refused rows; erase again."
            ) from None
    return places


def forget_profiles(log: EventLog) -> None:
    """Remove the stored profiles: they are sums over the log, and made anew of what is left of it."""
    shutil.rmtree(log.root / PROFILES, ignore_errors=True)


def unreachable(project: Project) -> Iterator[str]:
    """Say what can't be reached from here."""
    backups = [path for folder in (project.root, project.books) for path in folder.rglob("*.zip") if _holds_log(path)]
    named = ", ".join(sorted({str(path) for path in backups}))
    if named:
        yield f"Backups with the event log or with keys: {named}. Remove them, or erase again after restoring one."
    yield "Backups made before that were moved elsewhere: erase again after restoring one."
    yield "Other machines that answer for this model and have books of their own: erase there, too."
    if shared_place():
        yield "What the database of the keys keeps: its write-ahead log, archives of it, replicas, base backups."
    yield "The sources that versions are trained from, and files of answers: they are yours."
    yield "What workers hold in memory: answers by Idempotency-Key, for ten minutes."


def _holds_log(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.startswith("events/") or name == "persons.sqlite" for name in file.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
