"""All checks of the doctor, in order: the database first, for the others read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import CorruptError, MainstayError
from mainstay.lifecycle.doctor.complaint import Complaint, Found, broken
from mainstay.lifecycle.doctor.events import check_events
from mainstay.lifecycle.doctor.files import check_files
from mainstay.lifecycle.doctor.releases import check_releases
from mainstay.lifecycle.doctor.versions import check_versions
from mainstay.release import open_books
from mainstay.render.document import Block, Command, Document, Facts, Status, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project
    from mainstay.release import Books

_CHECKS = (check_versions, check_releases, check_files, check_events)


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor found.

    Parameters
    ----------
    model : str
        Name of the model.
    versions, releases : int
        How many were looked at.
    complaints : tuple of Complaint
        What isn't as it should be; what is broken first.

    """

    model: str
    versions: int
    releases: int
    complaints: tuple[Complaint, ...] = ()

    @property
    def broken(self) -> tuple[Complaint, ...]:
        """What must be mended, and isn't."""
        return tuple(one for one in self.complaints if one.weight == "broken" and not one.repaired)


def examine(project: Project, *, repair: bool = False) -> Examination:
    """Check every hash and every reference of a project's books.

    Parameters
    ----------
    project : Project
        Whose books.
    repair : bool
        Whether to mend what can be derived from something else; nothing else is changed.

    Raises
    ------
    StoreError
        Where the books can't be reached at all.

    """
    try:
        books = open_books(project)
    except CorruptError as error:
        complaint = Complaint(check="database", about="registry", message=error.message, cure=error.cure)
        return Examination(model=project.name, versions=0, releases=0, complaints=(complaint,))
    with books:
        damaged = tuple(found.complaint for found in _database(books))
        if damaged:
            return Examination(model=project.name, versions=0, releases=0, complaints=damaged)
        # Each check is walked to its end before the next begins: a later one sees what an earlier one mended.
        complaints = [_treat(found, repair=repair) for check in _CHECKS for found in tuple(check(books))]
        return Examination(
            model=project.name,
            versions=len(books.registry.versions(project.name)),
            releases=books.releases.last_id(project.name),
            complaints=tuple(sorted(complaints, key=lambda one: one.weight != "broken")),
        )


def _database(books: Books) -> Iterator[Found]:
    for damage in books.state.damages():
        yield broken("database", "registry", f"The registry is damaged: {damage}", books.state.restore_hint())


def _treat(found: Found, *, repair: bool) -> Complaint:
    if not repair or found.mend is None:
        return found.complaint
    try:
        found.mend()
    except (MainstayError, OSError) as error:
        cure = f"It couldn't be mended: {error}"
        return msgspec.structs.replace(found.complaint, cure=cure, repairable=False)
    return msgspec.structs.replace(found.complaint, repaired=True)


def examination_document(found: Examination) -> Document:
    """Lay out what the doctor found."""
    wrong = len(found.broken)
    things = f"{wrong} thing{'s are' if wrong > 1 else ' is'} broken"
    title = f"{found.model}: {things if wrong else 'everything is sound'}"
    seen = Facts((("Versions", str(found.versions)), ("Releases", str(found.releases))))
    if not found.complaints:
        return Document(title, (seen,))
    rows = tuple((_status(one), one.check, one.message, one.cure) for one in found.complaints)
    blocks: tuple[Block, ...] = (seen, Table(("", "check", "found", "what to do"), rows))
    if any(one.repairable and not one.repaired for one in found.complaints):
        blocks = (*blocks, Command("mainstay admin doctor --repair", "mends what can be derived"))
    if any(one.check == "database" for one in found.complaints):
        blocks = (*blocks, Text("The other checks read the registry, and were left out.", "note"))
    return Document(title, blocks)


def _status(one: Complaint) -> Status:
    if one.repaired:
        return Status("mended", "good")
    return Status("broken", "bad") if one.weight == "broken" else Status("note", "warn")
