"""The findings of one look as a document: what `mainstay monitor` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.monitoring.drift import GROUP as DRIFT
from mainstay.monitoring.drift import evidence_of
from mainstay.monitoring.look import PREDICTIONS
from mainstay.monitoring.outcomes import BUSINESS
from mainstay.monitoring.performance import MONEY, PERFORMANCE
from mainstay.monitoring.quality import QUALITY, SYSTEM
from mainstay.monitoring.skew import SKEW
from mainstay.render.document import Block, Document, Findings, Heading, Text
from mainstay.render.numbers import measure_name, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.measures.finding import Finding
    from mainstay.monitoring.windows import Span

_HEADINGS = {
    MONEY: "Money",
    PERFORMANCE: "Performance",
    BUSINESS: "Business: what came of it, and how much it is asked",
    DRIFT: "Drift against the training rows",
    QUALITY: "Quality of what came in",
    SKEW: "Features in training and in production",
    SYSTEM: "Speed",
}
_EXPLAINED = {
    DRIFT: "Population stability index without sampling noise; an alarm needs size, significance and persistence.",
}


def look_document(model: str, version: int, findings: tuple[Finding, ...], span: Span) -> Document:
    """Lay out the findings of one look, money first.

    Parameters
    ----------
    model, version
        Whose answers were looked at.
    findings : tuple of Finding
        From `mainstay.monitoring.look`.
    span : Span
        The window.

    """
    blocks: list[Block] = []
    waiting = [finding for finding in findings if _is_waiting(finding)]
    if waiting:
        names = ", ".join(_name(finding) for finding in waiting)
        blocks.append(Text(f"Seen once, watched: {names}. The next window decides.", "note"))
    for group, title in _HEADINGS.items():
        mine = _in_order(finding for finding in findings if finding.group == group)
        if mine:
            blocks.append(Heading(title))
            blocks.append(Findings(mine, caption=_EXPLAINED.get(group, "")))
    looked = f"From {moment(span.since)} to {moment(span.until)}."
    return Document(_title(model, version, findings), tuple(blocks), looked)


def _title(model: str, version: int, findings: tuple[Finding, ...]) -> str:
    silent = next((f for f in findings if f.measure == PREDICTIONS and f.value is None), None)
    if silent is not None:
        return f"{model}: no predictions in this window"
    failed = [finding for finding in findings if finding.failed]
    if not failed:
        return f"{model} v{version}: nothing needs you"
    what = ", ".join(dict.fromkeys(f"{finding.group} of {finding.where}" for finding in failed[:3]))
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    verb = "finding needs" if len(failed) == 1 else "findings need"
    return f"{model} v{version}: {len(failed)} {verb} you: {what}{more}"


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Failed first, then suspected, then by size for what is only compared by size (drift)."""
    rank = {False: 0, None: 1, True: 2}
    return tuple(
        sorted(
            findings,
            key=lambda f: (
                rank[f.ok] if f.limit is not None or f.failed else 3,
                -(f.value or 0.0) if f.group == DRIFT else 0.0,
            ),
        )
    )


def _name(finding: Finding) -> str:
    return finding.where if finding.group == DRIFT else measure_name(finding.measure)


def _is_waiting(finding: Finding) -> bool:
    return evidence_of(finding) == "suspected" and finding.group in {DRIFT, PERFORMANCE, MONEY}
