"""From what training and evaluation made to what the registry keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import profile_rows
from mainstay.contract.table import encode_table
from mainstay.lifecycle.registering.surroundings import surroundings_of
from mainstay.lifecycle.served_rows import log_span
from mainstay.registry import Entry, capture_lineage, make_golden

if TYPE_CHECKING:
    from mainstay.contract import Profile
    from mainstay.data import Snapshot
    from mainstay.lifecycle.registering.grounds import Grounds
    from mainstay.models.report import Report
    from mainstay.project import Project
    from mainstay.training import Training


def entry_of(
    project: Project,
    snapshot: Snapshot,
    training: Training,
    report: Report,
    parent: int | None,
    *,
    grounds: Grounds,
) -> Entry:
    """Put together everything a version is made of."""
    chosen, kept = training.chosen, grounds.kept
    # The reference for drift is the world that will ask, not the rows as labels were sampled.
    rows = snapshot.train
    if snapshot.stand_for(rows) is not None:
        rows = rows.take(snapshot.as_the_world(rows))
    profile = profile_rows(snapshot.inputs, rows.X)
    came = profile if snapshot.features is None else _as_they_came(snapshot)
    seed = int(chosen.parameters.get("seed") or 0)
    lineage = capture_lineage(
        project.root,
        data_fingerprint=snapshot.fingerprint,
        source=kept.source,
        rows=snapshot.rows_read,
        data_md5=kept.md5,
        data_size=kept.size,
        data_pointer=kept.pointer,
        log=log_span(snapshot),
        parameters=chosen.parameters,
        seed=seed,
        by=grounds.by,
        code=grounds.code,
        made=grounds.made,
        parent=parent,
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
        golden=make_golden(snapshot.contract, came, chosen.model, seed=seed, features=snapshot.features),
        parent=parent,
        features=snapshot.features,
        made=grounds.made,
        code=grounds.code.contents,
        surroundings=surroundings_of(project),
    )


def _as_they_came(snapshot: Snapshot) -> Profile:
    """Profile the records themselves, before feature code: what golden records are drawn from."""
    return profile_rows(snapshot.contract, encode_table(snapshot.contract, snapshot.train.frame))
