"""Books that are sound: what must hold after every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mainstay.lifecycle import list_keys
from mainstay.lifecycle.doctor import examine
from mainstay.registry import golden_failures
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project


class Sight(NamedTuple):
    """What a reader of the books sees: equal sights, equal books."""

    versions: tuple[tuple[int, bool | None, bool, str], ...]
    releases: tuple[tuple[int, str, str], ...]
    approvals: tuple[str, ...]
    held: bool
    keys: tuple[str, ...]


def look(project: Project) -> Sight:
    """Read everything an action may change."""
    with open_books(project) as books:
        versions = books.registry.versions(project.name)
        return Sight(
            versions=tuple((one.number, one.ok, one.removed is None, one.signer) for one in versions),
            releases=tuple((one.id, one.kind, str(one.routes)) for one in books.releases.history(project.name)),
            approvals=tuple(one.by for version in versions for one in books.approvals.of(project.name, version.number)),
            held=(hold := books.holds.current(project.name)) is not None and hold.held,
            keys=tuple(sorted(key.name for key in list_keys(project))),
        )


def complaints(project: Project) -> Iterator[str]:
    """Say what is wrong with the books: each version loads and answers, one champion, no damage, a clean doctor."""
    with open_books(project) as books:
        for version in books.registry.versions(project.name):
            if version.removed is None:
                bundle = books.registry.load_bundle(project.name, version.number)
                yield from golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
        history = books.releases.history(project.name)
        if [one.id for one in history] != list(range(1, len(history) + 1)):
            yield "the history isn't linear"
        yield from books.state.damages()
    yield from (f"doctor: {one.message}" for one in examine(project).broken)
