"""Every version against its bundle: each hash, each field of its row, and what lies there without one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mainstay.errors import MainstayError
from mainstay.lifecycle.doctor.complaint import broken
from mainstay.registry.derived import derive_version, disagreements, mended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.lifecycle.doctor.complaint import Found
    from mainstay.registry import Version
    from mainstay.release import Books

_CHECK = "versions"


def check_versions(books: Books) -> Iterator[Found]:
    """Compare every version with its bundle, and find bundles that no version has."""
    versions = books.registry.versions(books.project.name)
    for version in versions:
        yield from _against_bundle(books, version) if version.removed is None else _removed(books, version)
    yield from _without_rows(books, {version.number for version in versions})


def _against_bundle(books: Books, version: Version) -> Iterator[Found]:
    about = f"version {version.number}"
    try:
        derived = derive_version(books.registry.folder(version.model, version.number), version.number)
    except MainstayError as error:
        cure = "Bring it back from a backup (mainstay admin restore), or release another version."
        yield broken(_CHECK, about, error.message, cure)
        return
    if derived.digest != version.digest:
        message = f"The bundle of {about} isn't the one that was registered: its digest is {derived.digest[:12]}…, the "
        message += f"registry has {version.digest[:12]}…."
        yield broken(_CHECK, about, message, "Don't use it: bring the right one back from a backup.")
        return
    if fault := books.registry.signature_fault(version.model, version.number):
        cure = f"Where you know that it is yours: mainstay admin keys sign {version.number}"
        yield broken(_CHECK, about, f"{about} {fault}, so it can't be loaded.", cure)
    if wrong := disagreements(version, derived):
        message = f"The registry says something else about {about} than its bundle: {', '.join(wrong)}."
        yield broken(
            _CHECK, about, message, "mainstay admin doctor --repair puts that right in its row, as the bundle says it.",
            mend=partial(books.registry.restate, mended(version, derived)),
        )  # fmt: skip
    if not books.registry.ingredients(version.model, version.number):
        message = f"The registry doesn't say what {about} is made of."
        yield broken(
            _CHECK, about, message, "mainstay admin doctor --repair reads it from its bundle.", note=True,
            mend=partial(_derive_ingredients, books, version),
        )  # fmt: skip
    if version.ok is None:
        yield broken(_CHECK, about, f"{about} was never judged.", f"mainstay gate {version.number}", note=True)


def _removed(books: Books, version: Version) -> Iterator[Found]:
    """Find what is left of a bundle whose removal was cut short."""
    about = f"version {version.number}"
    if books.registry.store.look(version.model, version.number) is not None:
        message = f"{about} was removed, and something of its bundle still lies there."
        yield broken(
            _CHECK, about, message, "mainstay admin gc finishes it, and so does mainstay admin doctor --repair.",
            note=True, mend=partial(books.registry.store.remove, version.model, version.number),
        )  # fmt: skip


def _without_rows(books: Books, known: set[int]) -> Iterator[Found]:
    """Find complete bundles without a row: of a registration killed at its very end, or of a registry that was lost."""
    model, store = books.project.name, books.registry.store
    for number in store.numbers(model):
        if number in known:
            continue
        about = f"bundle {number}"
        try:
            digest = store.digest(model, number)
            if not digest:
                continue  # half written and unseen; the gc removes it
            derived = derive_version(store.folder(model, number, digest), number)
        except MainstayError as error:
            yield broken(_CHECK, about, error.message, "No version needs it: mainstay admin gc removes it.", note=True)
            continue
        if derived.model != model:
            message = f"{about} is of another model, {derived.model!r}."
            yield broken(_CHECK, about, message, "Move it to where it belongs.")
            continue
        message = f"{about} is whole, and the registry knows no such version."
        yield broken(
            _CHECK, about, message, f"mainstay admin doctor --repair takes it in again as version {number}.", note=True,
            mend=partial(books.registry.restate, derived),
        )  # fmt: skip


def _derive_ingredients(books: Books, version: Version) -> None:
    books.registry.derive_ingredients(version.model, version.number)
