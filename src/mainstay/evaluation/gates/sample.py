"""Whether it was judged on rows it had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Limit

if TYPE_CHECKING:
    from mainstay.models.report import Report


@gate
def not_in_sample(case: Case) -> Finding:
    """Judged on rows it didn't learn from."""
    report: Report = case.report
    if report.unmeasured:
        why = f"What it decides was measured on no rows: {report.unmeasured.removesuffix('.')}"
        return msgspec.structs.replace(unjudged("not_in_sample", why), ok=False)
    share = 1.0 if report.in_sample else 0.0
    note = (
        "It was fitted elsewhere, perhaps on these very rows: judge it on others (--holdout), or let it be fitted anew."
        if report.in_sample
        else "Share of the held-out rows that it may have learned from."
    )
    return Finding(
        measure="not_in_sample",
        where="all",
        value=share,
        n=report.test_rows,
        limit=Limit("at_most", 0.0),
        ok=not report.in_sample,
        group=GROUP,
        note=note,
    )
