"""From what training and evaluation made to what the registry keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import profile_rows
from mainstay.registry import Entry, capture_lineage, make_golden

if TYPE_CHECKING:
    from mainstay.data import Snapshot
    from mainstay.models.report import Report
    from mainstay.project import Project
    from mainstay.training import Training


def entry_of(
    project: Project, snapshot: Snapshot, training: Training, report: Report, parent: int | None, *, by: str
) -> Entry:
    """Put together everything a version is made of."""
    chosen = training.chosen
    profile = profile_rows(snapshot.contract, snapshot.train.X)
    seed = int(chosen.parameters.get("seed") or 0)
    lineage = capture_lineage(
        project.root,
        data_fingerprint=snapshot.fingerprint,
        source=str(snapshot.source),
        rows=snapshot.rows_read,
        parameters=chosen.parameters,
        seed=seed,
        by=by,
    )
    return Entry(
        name=project.name,
        candidate=chosen,
        report=report,
        contract=snapshot.contract,
        profile=profile,
        money=project.money,
        problem=project.problem,
        lineage=lineage,
        golden=make_golden(snapshot.contract, profile, chosen.model, seed=seed),
        parent=parent,
    )
