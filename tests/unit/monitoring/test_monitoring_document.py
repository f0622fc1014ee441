"""The page of one look: money first, what needs you on top, silence said as silence."""

from __future__ import annotations

import datetime as dt

from mainstay.measures.finding import Finding, Limit
from mainstay.monitoring import Span, look_document
from mainstay.render.document import Findings, Heading, Text

SPAN = Span(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 2, tzinfo=dt.UTC))


def drift(where: str, value: float, *, ok: bool | None) -> Finding:
    return Finding(measure="psi", where=where, value=value, limit=Limit("at_most", 0.1), ok=ok, n=300, group="drift")


MONEY = Finding(
    measure="money_per_1000", where="all", value=5.0, ok=True, limit=Limit("at_least", 4), n=9, group="money"
)


def test_what_needs_a_person_comes_first() -> None:
    found = (drift("a", 0.01, ok=True), drift("b", 0.4, ok=False), drift("c", 0.2, ok=None), MONEY)
    page = look_document("churn", 3, found, SPAN)
    assert page.title == "churn v3: 1 finding needs you: drift of b"
    headings = [block.text for block in page.blocks if isinstance(block, Heading)]
    assert headings == ["Money", "Drift against the training rows"]
    tables = [block for block in page.blocks if isinstance(block, Findings)]
    assert [finding.where for finding in tables[1].findings] == ["b", "c", "a"]
    notes = [block.text for block in page.blocks if isinstance(block, Text)]
    assert notes == ["Seen once, watched: c. The next window decides."]


def test_nothing_failed_needs_nobody() -> None:
    assert look_document("churn", 3, (MONEY,), SPAN).title == "churn v3: nothing needs you"


def test_silence_is_the_title() -> None:
    silence = Finding(measure="predictions", where="all", value=None, ok=False, group="quality", note="No predictions.")
    page = look_document("churn", 3, (silence,), SPAN)
    assert page.title == "churn: no predictions in this window"
    assert "Sun 1 Nov" in page.foot
