"""`version diff`: what two versions are made of, and, on the same rows, what changes for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contract.table import as_served, check_table
from mainstay.data import take_snapshot
from mainstay.data.quarantine import write_whole
from mainstay.errors import InputError, MainstayError
from mainstay.evaluation import EvaluationSettings
from mainstay.evaluation.difference import Pair, tell_apart
from mainstay.evaluation.difference_document import difference_blocks, share_words
from mainstay.evaluation.traits import traits_of
from mainstay.lifecycle.contrast import Contrast, contrast, contrast_blocks, headline
from mainstay.lifecycle.gap import scores_of
from mainstay.lifecycle.judging import loaded
from mainstay.measures.intervals import which_hang_together
from mainstay.models.difference import Difference
from mainstay.models.features.run import encode_rows
from mainstay.models.yardstick import Answers, choose_yardstick
from mainstay.release import open_books
from mainstay.render import to_html, to_markdown
from mainstay.render.document import Document, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from mainstay.data import Snapshot
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.render.document import Block

_SEED = 7


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions, and what changes from `other` to `version`.

    Parameters
    ----------
    model : str
        Name of the model.
    version, other : int
        Which two.
    contrast : Contrast
        What differs in what they are made of, and their measures side by side.
    rows : int
        Held-out rows of today's source that both answered.
    seen : bool
        Whether one of them learned from another source than today's, so that these may be rows it knows.
    difference : Difference or None
        What changes in what they answer; None where they couldn't be asked.
    untold : str
        Why they couldn't be.

    """

    model: str
    version: int
    other: int
    contrast: Contrast
    rows: int = 0
    seen: bool = False
    difference: Difference | None = None
    untold: str = ""


def diff(project: Project, number: int, other: int) -> Apart:
    """Say what differs from `other` to `number`, and let both answer the held-out rows of today's source.

    Where they can't be asked (the rows aren't there, they predict different things, code of theirs isn't trusted), that
    part says why, and the rest is told all the same.

    Raises
    ------
    InputError
        Where both are the same.
    NotFoundError, CorruptError
        Where there is no such version, or its bundle isn't what was once written.

    """
    if number == other:
        raise InputError(f"Version {number} doesn't differ from itself.", "Name two versions: mainstay version list")
    with open_books(project) as books:
        mine, theirs = (books.registry.load_bundle(project.name, each, run=False) for each in (number, other))
        found = Apart(model=project.name, version=number, other=other, contrast=contrast(theirs, mine))
        try:
            return _asked(project, found, loaded(books, number), loaded(books, other))
        except MainstayError as error:
            return msgspec.structs.replace(found, untold=str(error))


def write_diff(apart: Apart, out: Path) -> Path:
    """Write a comparison as a page of its own: HTML, or Markdown where `out` ends so."""
    if out.suffix not in {".html", ".md"}:
        raise InputError(f"A comparison can't be written as '{out.suffix}'.", "Name it .html or .md.")
    document = diff_document(apart)
    text = to_html(document) if out.suffix == ".html" else to_markdown(document)
    write_whole(out, text.encode("utf-8", "replace"))
    return out


def _asked(project: Project, found: Apart, mine: Bundle, theirs: Bundle) -> Apart:
    if mine.policy.task != theirs.policy.task:
        raise InputError("They predict different things.")
    snapshot = take_snapshot(project, mine.contract)
    fingerprints = {bundle.lineage.data_fingerprint for bundle in (mine, theirs)}
    return msgspec.structs.replace(
        found,
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
    stick = stick.on(priced, snapshot.stand_for(rows))
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
    """Lay out what changes from one version to the other: what differs first."""
    was, now = f"version {apart.other}", f"version {apart.version}"
    title = f"{apart.model}: {now} against {was}: {headline(apart.contrast)}"
    return Document(title, (*_answers(apart, was), *contrast_blocks(apart.contrast, was, now)))


def _answers(apart: Apart, was: str) -> Iterator[Block]:
    if apart.difference is None:
        yield Text(f"What they answer couldn't be compared. {apart.untold}", "warning")
        return
    share = share_words(apart.difference.changed)
    yield Text(f"It decides {share} of records otherwise, on {apart.rows} held-out rows of today's source.", "lead")
    if apart.seen:
        warned = "One of them was trained on another source than today's: it may have learned from some of these rows."
        yield Text(warned, "warning")
    yield from difference_blocks(apart.difference, was)
