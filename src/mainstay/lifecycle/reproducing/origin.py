"""How a version came about: the training at its beginning, and what was done to that since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.registry import Bundle, Lineage
    from mainstay.release import Books

_BY_HAND = frozenset({"threshold", "margin", "shift", "capacity", "money"})


@dataclass(frozen=True)
class Origin:
    """How a version came about.

    Parameters
    ----------
    number : int
        The version that was trained: itself, or the one it was made of.
    lineage : Lineage
        Of that one.
    forms : tuple of str
        In which forms it was put since: ``"onnx"``, ``"onnx-int8-dynamic"``.
    adopted : str
        Why it can't be trained again; empty where it can.
    notes : tuple of str
        The same for a reader.

    """

    number: int
    lineage: Lineage
    forms: tuple[str, ...] = ()
    adopted: str = ""
    notes: tuple[str, ...] = ()


def find_origin(books: Books, bundle: Bundle) -> Origin:
    """Go back from a version to the training it comes from.

    Raises
    ------
    NotFoundError, CorruptError, StoreError
        Where one on the way is gone, or damaged.

    """
    model, number = books.project.name, bundle.version.number
    lineage, forms, notes = bundle.lineage, list[str](), list[str]()
    while (made := kind_of(lineage)) in {"policy", "optimized"}:
        before = lineage.parent or lineage.parameters.get("made_from_version")
        if bundle.version.made == "imported" or not isinstance(before, int):
            why = f"Version {number} was made of another one, which isn't in this registry."
            return Origin(number, bundle.lineage, adopted=why, notes=(why,))
        done = "another policy" if made == "policy" else f"the form {lineage.parameters.get('form', 'onnx')}"
        notes.append(f"Version {number} was made of version {before} ({done}), which is made again first.")
        if made == "optimized":
            forms.append(str(lineage.parameters.get("form", "onnx")))
        number = before
        lineage = books.registry.lineage(model, number)
    if made in {"adopted", "shipped"}:
        why = f"Version {number} was {made}: what fitted it isn't kept, so it can't be trained again."
        return Origin(number, lineage, tuple(reversed(forms)), adopted=why, notes=(*notes, why))
    return Origin(number, lineage, tuple(reversed(forms)), notes=tuple(notes))


def kind_of(lineage: Lineage) -> str:
    """Say how a version was made; older ones don't say it, and are known by what they were made with."""
    if lineage.made:
        return lineage.made
    said = lineage.parameters
    if "made_from_version" in said:
        return "policy" if _BY_HAND & set(said) else "optimized"
    return "adopted" if {"fitted", "origin"} & set(said) else "trained"
