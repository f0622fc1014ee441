"""The history of who answered: without a gap, leading somewhere, and able to answer now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import MainstayError
from mainstay.lifecycle.doctor.complaint import broken
from mainstay.registry import golden_failures
from mainstay.release.release import check_routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mainstay.lifecycle.doctor.complaint import Found
    from mainstay.registry import Version
    from mainstay.release import Books, Release

_CHECK = "releases"
_CURE = "The history can't be derived from anything else: bring it back from a backup (mainstay admin restore)."
_ELSEWHERE = "Release another version, or roll back: mainstay rollback"


def check_releases(books: Books) -> Iterator[Found]:
    """Check every row of the history by itself, then whether the last one can answer."""
    history = books.releases.history(books.project.name)
    versions = {version.number: version for version in books.registry.versions(books.project.name)}
    yield from _rows(history, versions)
    if history:
        yield from _in_force(books, history[-1], versions)


def _rows(history: Sequence[Release], versions: Mapping[int, Version]) -> Iterator[Found]:
    for place, release in enumerate(history, start=1):
        about = f"release {release.id}"
        if release.id != place:
            yield broken(_CHECK, about, f"Release {place} is missing from the history.", _CURE)
            return
        try:
            check_routes(release.routes)
        except MainstayError as error:
            yield broken(_CHECK, about, f"{about}: {error.message}", _CURE)
        for number in sorted({route.version for route in release.routes} - set(versions)):
            message = f"{about} names version {number}, which the registry doesn't know."
            yield broken(
                _CHECK, about, message, "mainstay admin doctor --repair, if its bundle is there; else a backup."
            )
        if place > 1 and release.at < history[place - 2].at:
            message = f"{about} is dated before the one it follows: a clock was set back. Its place in the row counts."
            yield broken(_CHECK, about, message, note=True)


def _in_force(books: Books, release: Release, versions: Mapping[int, Version]) -> Iterator[Found]:
    for route in release.routes:
        version = versions.get(route.version)
        if version is None:
            continue  # told already
        about = f"version {route.version}"
        if version.removed is not None:
            message = f"{about} is {route.role} now, and its bundle was removed."
            yield broken(_CHECK, about, message, "Bring it back from a backup (mainstay admin restore).")
            continue
        if not version.ok and not release.trial and route.role == "champion":
            message = f"{about} is champion, and its latest verdict isn't a passing one."
            yield broken(_CHECK, about, message, f"mainstay gate {route.version} shows why.", note=True)
        yield from _answers(books, route.version, about)


def _answers(books: Books, number: int, about: str) -> Iterator[Found]:
    try:
        bundle = books.registry.load_bundle(books.project.name, number)
        failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
    except MainstayError as error:
        yield broken(
            _CHECK, about, f"{about} has a part in answering and can't: {error.message}", error.cure or _ELSEWHERE
        )
        return
    if failures:
        yield broken(_CHECK, about, f"{about} no longer answers as it did: {failures[0]}", _ELSEWHERE)
