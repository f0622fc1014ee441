"""What MLflow is told of a version: parameters, measures with their intervals, data, tags and pages."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from mainstay.evaluation import report_document
from mainstay.registry.mlflow import Data, Told
from mainstay.render.html import to_html
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.measures.finding import Finding
    from mainstay.registry import Bundle, Version
    from mainstay.release import Books

ALL = "all"


def verdict_word(version: Version) -> str:
    """Say in a word what the gates say of a version."""
    if version.ok is None:
        return "not judged"
    return "pass" if version.ok else "fail"


def told_of(books: Books, version: Version) -> Told:
    """Put together what MLflow is told of a version; every byte of it is checked first, and nothing of it is run.

    Raises
    ------
    CorruptError
        Where its bundle isn't what was once written.

    """
    bundle = books.registry.load_bundle(version.model, version.number, run=False)
    lineage, report = bundle.lineage, bundle.report
    seconds = sum(each.seconds for each in report.contenders if each.chosen)
    return Told(
        number=version.number,
        digest=version.digest,
        started=version.created - dt.timedelta(seconds=seconds),
        ended=version.created,
        by=version.by,
        commit=version.git_commit,
        parameters={name: str(value) for name, value in lineage.parameters.items()} | {"candidate": report.candidate},
        measures=dict(_measures((*report.measures, *report.comparisons)))
        | {"train_rows": float(report.train_rows), "test_rows": float(report.test_rows), "training_seconds": seconds},
        tags=_tags(version, bundle),
        data=Data(
            name=version.source or "rows", digest=version.data_fingerprint, source=version.source, rows=lineage.rows
        ),
        folder=bundle.folder,
        pages=_pages(books, bundle),
        verdict=verdict_word(version),
    )


def _measures(findings: Sequence[Finding]) -> Iterator[tuple[str, float]]:
    """Name each number, and the ends of its interval."""
    for finding in findings:
        if finding.group == "segment" or finding.value is None or not math.isfinite(finding.value):
            continue
        name = finding.measure if finding.where == ALL else f"{finding.measure} {finding.where}"
        yield name, finding.value
        if finding.interval is not None and math.isfinite(finding.interval.low + finding.interval.high):
            yield f"{name} low", finding.interval.low
            yield f"{name} high", finding.interval.high


def _tags(version: Version, bundle: Bundle) -> dict[str, str]:
    said = {
        "mainstay.made": version.made,
        "mainstay.data_fingerprint": version.data_fingerprint,
        "mainstay.dirty": str(version.dirty).lower(),
        "mainstay.framework": bundle.model.framework,
        "mainstay.primary": bundle.report.primary,
        "mainstay.seed": str(bundle.lineage.seed),
        "mainstay.parent": "" if version.parent is None else str(version.parent),
        "mainstay.signer": version.signer,
        "mlflow.note.content": bundle.problem.decision,
    }
    return {name: value for name, value in said.items() if value}


def _pages(books: Books, bundle: Bundle) -> dict[str, bytes]:
    version = bundle.version
    verdict = books.registry.latest_verdict(version.model, version.number)
    report = report_document(version.model, version.number, bundle.report, verdict, bundle.problem, pictures=True)
    return {
        "report.html": to_html(report).encode(),
        "report.md": to_markdown(report).encode(),
        "card.md": bundle.card.encode(),
    }
