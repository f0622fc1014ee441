"""`export onnx`: a version's model as a file that stands by itself, held against the version on its held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.data.quarantine import write_whole
from mainstay.errors import DataError, InputError
from mainstay.lifecycle.gap import as_trained
from mainstay.measures.finding import Finding
from mainstay.models.columns import Columns
from mainstay.models.convert import Tolerated, parity
from mainstay.models.convert.assemble import SCORES, with_scores
from mainstay.models.convert.forms import to_onnx
from mainstay.models.convert.parity import demand_parity
from mainstay.models.yardstick import Answers
from mainstay.release import open_books
from mainstay.render.document import Document, Facts, Findings
from mainstay.render.numbers import count

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.project import Project
    from mainstay.registry import Bundle

EXACT = 0.999
"""Share of equal decisions that a conversion must reach."""
_SHOWN_TO_CONVERTERS = 512  # real rows that outputs are held against


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """An ONNX file that was written.

    Parameters
    ----------
    path : str
        Where.
    size : int
        Its bytes.
    inputs : tuple of str
        What it takes.
    findings : tuple of Finding
        How it compares with the version on held-out rows.

    """

    path: str
    size: int
    inputs: tuple[str, ...]
    findings: tuple[Finding, ...]


def export_onnx(project: Project, number: int, out: Path, holdout: Path | None = None) -> Exported:
    """Write a version's model as an ONNX file that stands by itself: encoded rows in, scores out.

    `holdout` is where the rows lie that it was judged on, where those weren't held out of its source.

    Raises
    ------
    GateError
        Where the file would answer differently; nothing is written then.
    InputError
        Where the model can't be converted, or the file isn't called ``.onnx``.

    """
    if out.suffix != ".onnx":
        raise InputError(f"An ONNX file isn't called '{out.name}'.", "Name it .onnx.")
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number)
    snapshot = rows_of(project, bundle, holdout)
    model = with_scores(converted(bundle, snapshot), out)
    X = snapshot.test.X
    before, after = (
        Answers.of(one.scores(X), bundle.policy, lambda: snapshot.test.frame) for one in (bundle.model, model)
    )
    tolerated = Tolerated(equal_decisions=EXACT)
    findings = parity(before, after, tolerated)
    demand_parity(findings, bundle.model.framework)
    write_whole(out, model.content)
    return Exported(
        path=str(out),
        size=len(model.content),
        inputs=tuple(feed.name for feed in model.header.feeds),
        findings=findings,
    )


def exported_document(name: str, number: int, written: Exported) -> Document:
    """Lay out what was written, and how it compares."""
    facts = (
        ("File", written.path),
        ("Bytes", count(written.size)),
        ("Takes", f"{', '.join(written.inputs)}: an encoded row, see mainstay data export"),
        ("Gives", SCORES),
    )
    return Document(f"{name} version {number} as ONNX", (Facts(facts), Findings(written.findings)))


def rows_of(project: Project, bundle: Bundle, holdout: Path | None) -> Snapshot:
    """Take the rows of a version again, as its own feature code sees them.

    Raises
    ------
    DataError
        Where they aren't the same any more.

    """
    snapshot = as_trained(project, bundle, holdout)
    ours, theirs = snapshot.features, bundle.features
    if (ours is None) != (theirs is None) or (ours is not None and theirs is not None and ours.code != theirs.code):
        raise DataError(
            f"The project's features.py isn't that of version {bundle.version.number}.",
            "Bring back the one it was trained with.",
        )
    return snapshot


def converted(bundle: Bundle, snapshot: Snapshot) -> OnnxModel:
    """Convert the model of a version; whether it answers alike isn't known yet."""
    return to_onnx(bundle.model, Columns.of(bundle.inputs), snapshot.train.X[:_SHOWN_TO_CONVERTERS], bundle.policy.task)
