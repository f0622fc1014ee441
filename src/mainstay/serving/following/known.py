"""`Known`: what this machine serves, kept beside its log for the day the registry is away."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, StoreError
from mainstay.registry import Version
from mainstay.registry.plain import loads, pretty
from mainstay.release import Release
from mainstay.state import private_folder, replace_file
from mainstay.state.files import unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.serving.lineup import Lineup

FOLDER = "serving"
FORMAT = 1


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The last release that a server of this machine took up: enough to start by it, and to tell its registry.

    Parameters
    ----------
    release : Release
        The row of the history.
    versions : tuple of Version
        The rows of those it names: their digests are what the bundles are held against.
    first : Release or None
        The first row of the same history, by which a registry that was restored is told from another one.
    at : datetime
        When it was taken up, UTC.
    before : Known or None
        What was served before, by another champion: where this one ends its workers, or is damaged.
    format : int
        Which layout: this code reads 1.

    """

    release: Release
    versions: tuple[Version, ...]
    first: Release | None = None
    at: dt.datetime
    before: Known | None = None
    format: int = FORMAT

    def version(self, number: int) -> Version | None:
        """Give the row of a version that the release names."""
        return next((version for version in self.versions if version.number == number), None)


def path_of(project: Project) -> Path:
    """Name the file: ``.mainstay/serving/churn.json``."""
    return project.books / FOLDER / f"{project.name}.json"


def read_known(project: Project) -> Known | None:
    """Read what was served last; None where nothing ever was.

    Raises
    ------
    CorruptError
        Where the file isn't what was once written.
    StoreError
        Where it can't be read.

    """
    path = path_of(project)
    try:
        known = loads(path.read_bytes(), Known)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptError(f"{path} can't be read: {error}.", "Remove it; the next release writes it anew.") from None
    if known.format != FORMAT or known.release.model != project.name:
        raise CorruptError(f"{path} is of another mainstay, or another model.", "Remove it.")
    return known


def write_known(project: Project, known: Known) -> None:
    """Write it whole or not at all; another worker that writes the same meanwhile does no harm.

    Raises
    ------
    StoreError
        Where it can't be written.

    """
    path = path_of(project)
    try:
        private_folder(path.parent)
        replace_file(path, pretty(known))
    except OSError as error:
        raise StoreError(
            f"{path} can't be written: {error.strerror}.",
            "Until it can, a server that starts while the registry is away serves an older release, or none.",
        ) from None


def succeed(known: Known | None, left: Lineup | None, taken: Lineup, first: Release | None, now: dt.datetime) -> Known:
    """Make what is known once a release was taken up: that one, and the last one before it by another champion.

    Parameters
    ----------
    known : Known or None
        What was known until now.
    left : Lineup or None
        Who answered until now; None where nobody did in this process.
    taken : Lineup
        Who answers now.
    first : Release or None
        The first row of the history.
    now : datetime
        UTC.

    """
    before = _known_of(left, None, now) if left is not None else known
    if before is not None and before.release.champion == taken.release.champion:
        before = known.before if known is not None else None
    if before is not None:
        before = msgspec.structs.replace(before, before=None)
        if before.release.champion == taken.release.champion:
            before = None
    return msgspec.structs.replace(_known_of(taken, first, now), before=before)


def _known_of(lineup: Lineup, first: Release | None, now: dt.datetime) -> Known:
    versions = tuple(arm.bundle.version for arm in (*lineup.arms, *lineup.shadows))
    return Known(release=lineup.release, versions=versions, first=first, at=now)
