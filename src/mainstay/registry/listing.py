"""Versions as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Command, Document, Status, Table
from mainstay.render.numbers import count, finding_value, measure_name, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.registry.version import Version

_COLUMNS = ("version", "made", "candidate", "held-out rows", "gates", "data", "by")


def versions_document(name: str, found: Sequence[Version], total: int | None = None) -> Document:
    """Lay out versions.

    Parameters
    ----------
    name : str
        Of the model.
    found : sequence of Version
        Those to show, newest first.
    total : int, optional
        How many there are, where these are only the newest.

    """
    if not found:
        return Document(f"{name} has no versions yet", (Command("mainstay train", "Make the first."),))
    many = len(found) if total is None else total
    title = f"{name} has {count(many)} version{'s' * (many > 1)}"
    rest = many - len(found)
    foot = f"{count(rest)} more: mainstay version list --all" if rest else ""
    return Document(title, (Table(_COLUMNS, tuple(map(_cells, found))),), foot)


def _cells(version: Version) -> tuple[str | int | Status, ...]:
    primary = version.primary
    return (
        version.number,
        moment(version.created),
        version.candidate,
        "" if primary is None else f"{measure_name(primary.measure)} {finding_value(primary)}",
        _state(version),
        version.data_fingerprint[:12],
        version.by,
    )


def _state(version: Version) -> Status:
    word = "not judged" if version.ok is None else "pass" if version.ok else "fail"
    if version.removed is not None:
        return Status(f"{word}; removed {version.removed:%Y-%m-%d}", "none")
    return Status(word, "none" if version.ok is None else "good" if version.ok else "bad")
