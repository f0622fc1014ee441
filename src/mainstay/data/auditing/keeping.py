"""Audits are kept beside the books, a bounded number, so that the next one has something to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.data.auditing.record import Audit
from mainstay.data.quarantine import write_whole
from mainstay.errors import CorruptError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "audits"
MOST_KEPT = 20


def keep(audit: Audit, books: Path) -> Path:
    """Write an audit to ``audits/<time>-<fingerprint>.json`` under `books`; beyond twenty the oldest go.

    Raises
    ------
    DataError
        Where the folder can't be written.

    """
    stamp = f"{audit.at:%Y%m%dT%H%M%S%fZ}"
    path = books / FOLDER / f"{stamp}-{audit.fingerprint[:16] or 'unknown'}.json"
    write_whole(path, msgspec.json.encode(audit))
    standard = _baseline(books)[0]
    for old in kept(books)[:-MOST_KEPT]:
        if old != standard:  # what drift is measured from stays, however long ago it passed
            old.unlink(missing_ok=True)
    return path


def kept(books: Path) -> list[Path]:
    """List the audits that are kept, oldest first."""
    folder = books / FOLDER
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def last_audit(books: Path) -> Audit | None:
    """Give the newest audit that can be read; None where there is none."""
    for path in reversed(kept(books)):
        try:
            return read_audit(path)
        except CorruptError:
            continue  # an audit of an older make, or damaged: the one before it is as good a yardstick
    return None


def baseline(books: Path) -> Audit | None:
    """Give the audit that others are measured from: the newest that passed, or the oldest where none has.

    One that failed is no yardstick: the next audit of the same rows would find that nothing moved.
    """
    return _baseline(books)[1]


def _baseline(books: Path) -> tuple[Path | None, Audit | None]:
    oldest: tuple[Path | None, Audit | None] = (None, None)
    for path in reversed(kept(books)):
        try:
            found = read_audit(path)
        except CorruptError:
            continue
        if not found.failed:
            return path, found
        oldest = path, found
    return oldest


def read_audit(path: Path) -> Audit:
    """Read an audit from a file.

    Raises
    ------
    NotFoundError
        Where there is no such file.
    CorruptError
        Where it holds something else.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Audit)
    except OSError:
        raise NotFoundError(f"There is no audit {path}.", "List them: ls .mainstay/audits") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CorruptError(
            f"{path} holds no audit.", "Give a file that mainstay data audit --json wrote, or one of .mainstay/audits."
        ) from None
