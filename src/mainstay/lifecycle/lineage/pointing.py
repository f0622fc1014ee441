"""Which version a tree's model is: the pointer beside the project file, and whether the registry agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.quarantine import write_whole
from mainstay.errors import DataError, NotFoundError, ProjectError, StoreError
from mainstay.measures.finding import Finding
from mainstay.registry.pointer import Agreement, pointer_name, pointer_to, read_pointer, tree_agrees
from mainstay.release import open_books
from mainstay.state.files import alone

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.registry import Version
    from mainstay.release import Books

_LOCK = "pointer.lock"


def point_to(books: Books, version: Version) -> str:
    """Let the project's tree name a version, unless it names a newer one of this registry already.

    Returns
    -------
    str
        Why it couldn't be written, as a sentence; the version is registered all the same. Empty where it could.

    """
    project = books.project
    try:
        with alone(project.books / _LOCK):
            if not _names_newer(books, version):
                write_whole(project.root / pointer_name(project.name), pointer_to(version))
    except (OSError, DataError) as error:
        return f"{pointer_name(project.name)} doesn't name the new version: {error}"
    return ""


def agreement_findings(project: Project) -> tuple[Finding, ...]:
    """Give what a check says of it: a failure only where the registry has another version under that number."""
    where = pointer_name(project.name)
    if not (project.root / where).exists():
        return ()
    try:
        with open_books(project) as books:
            found = tree_agrees(project.root, project.name, books.registry)
    except StoreError as error:  # a check is about the project; it may run where the books can't be reached
        found = Agreement(state="unknown", words=str(error))
    ok = {"same": True, "differs": False}.get(found.state)
    value = None if ok is None else float(not ok)
    return (Finding(measure="model_version", where=where, value=value, ok=ok, group="data", note=found.words),)


def _names_newer(books: Books, version: Version) -> bool:
    """Whether another training that ended just now made a later version: two may end in any order."""
    try:
        there = read_pointer(books.project.root, version.model)
        known = there and books.registry.version(version.model, there.version)
    except (ProjectError, NotFoundError):
        return False
    return bool(there and known and known.digest == there.digest and known.number > version.number)
