"""`version diff`: two versions on the same rows, and what changes for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.table import as_served, check_table
from mainstay.data import take_snapshot
from mainstay.errors import InputError
from mainstay.evaluation import EvaluationSettings
from mainstay.evaluation.difference import Pair, tell_apart
from mainstay.evaluation.difference_document import difference_blocks, share_words
from mainstay.evaluation.traits import traits_of
from mainstay.lifecycle.gap import scores_of
from mainstay.lifecycle.judging import loaded
from mainstay.measures.intervals import which_hang_together
from mainstay.models.difference import Difference
from mainstay.models.features.run import encode_rows
from mainstay.models.yardstick import Answers, choose_yardstick
from mainstay.release import open_books
from mainstay.render.document import Document, Text

if TYPE_CHECKING:
    import polars as pl

    from mainstay.data import Snapshot
    from mainstay.project import Project
    from mainstay.registry import Bundle

_SEED = 7


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions, and what changes from `other` to `version`.

    Parameters
    ----------
    model : str
        Name of the model.
    version, other : int
        Which two.
    rows : int
        Held-out rows of today's source that both answered.
    seen : bool
        Whether one of them learned from another source than today's, so that these may be rows it knows.
    difference : Difference
        What changes.

    """

    model: str
    version: int
    other: int
    rows: int
    seen: bool
    difference: Difference


def diff(project: Project, number: int, other: int) -> Apart:
    """Let two versions answer the held-out rows of today's source, and say what changes from `other` to `number`.

    Raises
    ------
    InputError
        Where both are the same, or predict different things.
    DataError
        Where one of them refuses rows that the other accepts.

    """
    if number == other:
        raise InputError(f"Version {number} doesn't differ from itself.", "Name two versions: mainstay version list")
    with open_books(project) as books:
        mine, theirs = loaded(books, number), loaded(books, other)
    if mine.policy.task != theirs.policy.task:
        raise InputError(f"Versions {number} and {other} predict different things.", "Name two that can be compared.")
    snapshot = take_snapshot(project, mine.contract)
    fingerprints = {bundle.lineage.data_fingerprint for bundle in (mine, theirs)}
    return Apart(
        model=project.name,
        version=number,
        other=other,
        rows=len(snapshot.test),
        seen=fingerprints != {snapshot.fingerprint},
        difference=_apart(project, snapshot, mine, theirs),
    )


def _apart(project: Project, snapshot: Snapshot, mine: Bundle, theirs: Bundle) -> Difference:
    rows = snapshot.test
    report = mine.report
    stick = choose_yardstick(
        report.policy.task, project.money, report.base_rate, pricing=report.pricing, shares=report.shares
    )
    priced = None if stick.pricing is None else stick.pricing.of_table(_served(mine, rows.frame)).amounts
    stick = stick.on(priced, None if snapshot.prior is None else snapshot.prior.weigh(rows.y))
    answers = [
        Answers.of(scores_of(one, rows.frame), one.policy, lambda one=one: _served(one, rows.frame))  # type: ignore[misc]
        for one in (mine, theirs)
    ]
    clusters = which_hang_together(len(rows), rows.groups, rows.times)
    pair = Pair(rows.y, answers[0], answers[1], clusters, stick, _SEED, f"version {theirs.version.number}")
    settings = project.section("evaluation", EvaluationSettings)
    learned, asked = (
        encode_rows(mine.contract, mine.features, check_table(mine.contract, side.frame).good)
        for side in (snapshot.train, rows)
    )
    important = [one.feature for one in mine.report.influences]
    traits = traits_of(mine.inputs, learned, asked, important)
    return tell_apart(pair, rows.segments, traits, settings.min_segment_rows)


def _served(bundle: Bundle, frame: pl.DataFrame) -> pl.DataFrame:
    return as_served(bundle.contract, check_table(bundle.contract, frame).good)


def diff_document(apart: Apart) -> Document:
    """Lay out what changes from one version to the other."""
    share = share_words(apart.difference.changed)
    title = f"{apart.model}: version {apart.version} decides {share} of records otherwise than version {apart.other}"
    notes: tuple[Text, ...] = (Text(f"On {apart.rows} held-out rows of today's source.", "note"),)
    if apart.seen:
        warned = "One of them was trained on another source than today's: it may have learned from some of these rows."
        notes = (*notes, Text(warned, "warning"))
    return Document(title, (*notes, *difference_blocks(apart.difference, f"version {apart.other}")))
