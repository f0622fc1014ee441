"""Versions and verdicts as rows of their tables, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.measures.finding import Finding
from mainstay.models.report import Verdict
from mainstay.registry.plain import dumps, loads
from mainstay.registry.version import Version
from mainstay.state import from_text, to_text

if TYPE_CHECKING:
    import datetime as dt

    import sqlalchemy as sa

    from mainstay.registry.entry import Entry


def new_version(entry: Entry, number: int, created: dt.datetime, digest: str, signer: str = "") -> Version:
    """Say in a line what is being registered."""
    return Version(
        model=entry.name,
        number=number,
        created=created,
        by=entry.lineage.by,
        parent=entry.parent,
        digest=digest,
        data_fingerprint=entry.lineage.data_fingerprint,
        git_commit=entry.lineage.git_commit,
        dirty=entry.lineage.dirty,
        candidate=entry.candidate.name,
        primary=entry.report.measure(entry.report.primary),
        source=entry.lineage.source,
        data_md5=entry.lineage.data_md5,
        data_size=entry.lineage.data_size,
        data_rows=entry.lineage.rows,
        data_pointer=entry.lineage.data_pointer,
        made=entry.made,
        signer=signer,
    )


def imported(found: Version, number: int, *, parent: int | None, now: dt.datetime, by: str, signer: str) -> Version:
    """Say in a line what came from another registry: the rest is what its bundle says of itself."""
    return msgspec.structs.replace(
        found, number=number, created=now, by=by, parent=parent, made="imported", signer=signer
    )


def row_of(version: Version) -> dict[str, str | int | None]:
    """Write a version as a row of the table."""
    return {
        "model": version.model,
        "number": version.number,
        "created": to_text(version.created),
        "author": version.by,
        "parent": version.parent,
        "digest": version.digest,
        "data_fingerprint": version.data_fingerprint,
        "git_commit": version.git_commit,
        "dirty": int(version.dirty),
        "candidate": version.candidate,
        "primary_finding": None if version.primary is None else dumps(version.primary).decode(),
        "source": version.source,
        "data_md5": version.data_md5,
        "data_size": version.data_size,
        "data_rows": version.data_rows,
        "data_pointer": version.data_pointer,
        "made": version.made,
        "signer": version.signer,
        "removed": "" if version.removed is None else to_text(version.removed),
    }


def version_of(row: sa.Row[Any]) -> Version:
    """Read a row of the table, with what its latest verdict says."""
    return Version(
        model=row.model,
        number=row.number,
        created=from_text(row.created),
        by=row.author,
        parent=row.parent,
        digest=row.digest,
        data_fingerprint=row.data_fingerprint,
        git_commit=row.git_commit,
        dirty=bool(row.dirty),
        candidate=row.candidate,
        primary=None if row.primary_finding is None else loads(row.primary_finding, Finding),
        ok=None if row.ok is None else bool(row.ok),
        source=row.source,
        data_md5=row.data_md5,
        data_size=row.data_size,
        data_rows=row.data_rows,
        data_pointer=row.data_pointer,
        made=row.made,
        signer=row.signer,
        removed=from_text(row.removed) if row.removed else None,
    )


def verdict_of(row: sa.Row[Any]) -> Verdict:
    """Read a row of the verdicts."""
    findings = loads(row.findings, tuple[Finding, ...])
    return Verdict(ok=bool(row.ok), findings=findings, at=from_text(row.at), by=row.author)
