"""The versions of a model on the overview: which part each has, or had last, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.release import BESIDE
from mainstay.render.overview import VersionRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.registry import Version
    from mainstay.release import Books, Release

_MOST = 50


def version_rows(books: Books, versions: Sequence[Version], history: Sequence[Release]) -> tuple[VersionRow, ...]:
    """Give the newest versions, the newest first, each with the part it has or had."""
    rows = []
    for version in reversed(versions[-_MOST:]):
        verdict = books.registry.latest_verdict(version.model, version.number)
        made = _took_part(version.number, history)
        rows.append(
            VersionRow(
                version=version.number,
                state=_part(version.number, history),
                created=version.created,
                released=made.at if made else None,
                by=made.by if made else version.by,
                why=made.reason if made else "",
                gates=verdict.findings if verdict is not None else (),
                ok=verdict.ok if verdict is not None else None,
                primary=version.primary,
            )
        )
    return tuple(rows)


def _took_part(number: int, history: Sequence[Release]) -> Release | None:
    """Give the release that gave a version the part it has, or had last; None where it never had one."""
    found, part = None, ""
    for release in reversed(history):
        role = next((route.role for route in release.routes if route.version == number), "")
        if found is not None and role != part:
            return found
        if role:
            found, part = release, role
    return found


def _part(number: int, history: Sequence[Release]) -> str:
    """Say what part a version has, or had last."""
    past = [release for release in history if any(route.version == number for route in release.routes)]
    if not past:
        return "never released"
    now = next((route for route in history[-1].routes if route.version == number), None)
    if now is None:
        left = history[history.index(past[-1]) + 1]
        return "rolled back" if left.kind == "rollback" else "retired"
    if now.role in BESIDE:
        return f"{'canary' if now.role == 'canary' else 'A/B arm'} {100 * now.weight:.10g} %"
    return now.role
