"""Scores on rows a model may have learned from: each number says so, and nobody can take it for a promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

_SAID = (
    "IN-SAMPLE: this model was fitted elsewhere, and nobody knows on which rows. Every score of it here may be better "
    "than it will ever be again: hand in rows it never saw (--holdout), or let it be fitted anew."
)
NOTE = "In-sample: the model may have learned from these rows."


def mark_in_sample(report: Report) -> Report:
    """Mark every number about the chosen candidate as in-sample."""
    return msgspec.structs.replace(
        report,
        in_sample=True,
        measures=_marked(report.measures),
        segments=_marked(report.segments),
        comparisons=_marked(report.comparisons),
        contenders=tuple(
            msgspec.structs.replace(one, primary=_mark(one.primary), others=_marked(one.others)) if one.chosen else one
            for one in report.contenders
        ),
        notes=(
            _SAID,
            *report.notes,
        ),
    )


def _marked(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(map(_mark, findings))


def _mark(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, note=f"{NOTE} {finding.note}".strip())
