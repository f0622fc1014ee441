"""What a version is made of, for `version show`: compact; all of it is in ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.registry.environment import Package, lock_hash
from mainstay.registry.ingredients import setting
from mainstay.registry.lineage import Lineage
from mainstay.release import open_books
from mainstay.render.document import Facts, Heading
from mainstay.render.numbers import count

if TYPE_CHECKING:
    from mainstay.project import Project
    from mainstay.render.document import Block

_UNSAID = "—"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """How a version was made, and of what."""

    made: str
    parent: int | None
    lineage: Lineage
    environment_sha256: str


def made(project: Project, number: int) -> Made:
    """Say how a version was made, and of what; its bundle is read, and nothing of it is run.

    Raises
    ------
    NotFoundError, CorruptError
        Where there is no such version, or its bundle isn't what was once written.

    """
    with open_books(project) as books:
        version = books.registry.version(project.name, number)
        lineage = books.registry.lineage(project.name, number)
    locked = lock_hash(lineage.environment) if lineage.environment else ""
    return Made(made=version.made, parent=version.parent, lineage=lineage, environment_sha256=locked)


def made_blocks(found: Made) -> tuple[Block, ...]:
    """Lay out what a version is made of."""
    lineage = found.lineage
    facts = (
        ("How", f"{found.made or _UNSAID}, by {lineage.by or _UNSAID}"),
        ("Parent", _UNSAID if found.parent is None else f"version {found.parent}"),
        ("Code", ", ".join(f"{one.path} {one.sha256[:8]}" for one in lineage.code) or _UNSAID),
        ("Not committed", _changes(lineage)),
        ("Parameters", ", ".join(f"{name} {setting(value)}" for name, value in lineage.parameters.items()) or _UNSAID),
        ("Seed", lineage.seed),
        ("Environment", _environment(lineage.environment, found.environment_sha256)),
        ("Python", lineage.python or _UNSAID),
        ("mainstay", _mainstay(lineage)),
        ("Machine", _machine(lineage)),
    )
    return (Heading("What it is made of"), Facts(facts))


def _changes(lineage: Lineage) -> str:
    changes = lineage.changes
    if not lineage.git_commit:
        return "not under git"
    if not lineage.dirty:
        return "nothing"
    said = f"a patch of {count(changes.size)} bytes, {changes.sha256[:8]}" if changes.sha256 else "something"
    more = [*([changes.note] if changes.note else []), *changes.left_out]
    return said + (f" ({'; '.join(more)})" if more else "")


def _environment(packages: tuple[Package, ...], sha256: str) -> str:
    return f"{len(packages)} packages, {sha256[:8]}" if packages else _UNSAID


def _mainstay(lineage: Lineage) -> str:
    version = lineage.packages.get("mainstay", "")
    code = f"code {lineage.mainstay_sha256[:8]}" if lineage.mainstay_sha256 else ""
    return ", ".join(part for part in (version, code) if part) or _UNSAID


def _machine(lineage: Lineage) -> str:
    parts = (lineage.platform or lineage.machine, " ".join(lineage.processor), f"{lineage.cores} cores")
    return ", ".join(part for part in parts if part and part != "0 cores") or _UNSAID
