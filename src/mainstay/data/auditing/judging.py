"""What an audit fails: as Findings, the type that gates and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.auditing.score import LEAK
from mainstay.data.sieve import UNLABELLED
from mainstay.data.words import count, listing, rows
from mainstay.measures.finding import Finding, Limit, judge
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from mainstay.data.afterwards import Trace
    from mainstay.data.auditing.record import Audit, ColumnAudit
    from mainstay.data.leaks import Leak

GROUP = "data"
QUALITY, CHANGE, MOVED = "data_quality", "data_quality_change", "moved"
MOST_LOST = 0.05
MOST_FALLEN = 5.0
"""Points the score may fall from one audit to the next."""
MUCH = 0.25
"""Effect at which a column that moved fails the audit; by habit, much moved."""
_ACCEPT = ". If this is how it is from now on: mainstay data audit --against last"
_CURE = 'If it isn\'t known before the prediction, set role = "ignored" in contract.toml.'


def leak_findings(leaks: Sequence[Leak], traces: Iterable[Trace], n: int, features: int) -> Iterator[Finding]:
    """Give one failed finding per suspect, or one that passed."""
    told = set()
    for leak in leaks:
        told |= {leak.label, *leak.columns}
        yield _leak(leak.label, leak.value, leak.limit, leak.n, leak.words)
    for trace in traces:
        if trace.column not in told:
            told.add(trace.column)
            yield _leak(trace.column, trace.share, trace.limit, trace.n, trace.words)
    if not told:
        note = f"none of {count(features)} features knows the answer, alone or with another one"
        yield Finding(
            measure=LEAK, where="all", value=0.0, limit=Limit("at_most", 0.0), ok=True, n=n, group=GROUP, note=note
        )


def row_findings(audit: Audit) -> Iterator[Finding]:
    """Judge the rows: refused, repeated, in conflict, labelled wrong."""
    if audit.ledger:
        unlabelled = sum(line.rows_in - line.rows_out for line in audit.ledger if line.step == UNLABELLED)
        labelled = audit.rows - unlabelled
        lost = audit.ledger[0].rows_in - audit.ledger[-1].rows_out - unlabelled
        fallen = sum(line.rows_in - line.rows_out for line in audit.ledger if line.step == "fallback")
        where = f" They are in {audit.quarantine}." if audit.quarantine else ""
        left = f", {count(fallen)} are left to the fallback, so that no model learns from them" if fallen else ""
        apart = f" {rows(unlabelled)} without an outcome are left out, which is no loss." if unlabelled else ""
        note = f"{count(lost - fallen)} of {rows(labelled)} are refused{left}.{where}{apart}"
        yield _judged("row_loss", lost / max(labelled, 1), Limit("at_most", MOST_LOST), labelled, note)
    repeats = audit.repeats
    apart = f" apart from {listing(repeats.ids, 3)}" if repeats.ids else ""
    about = "" if repeats.exact else "about "
    few = ": there are few different rows, so these are no copies" if repeats.common else ""
    yield _told(
        "repeated_rows",
        repeats.apart / max(audit.rows, 1),
        audit.rows,
        f"{about}{rows(repeats.apart)} repeat an earlier one{apart}{few}",
    )
    yield _told(
        "conflicting_labels",
        repeats.conflicts / max(audit.rows, 1),
        audit.rows,
        f"{about}{rows(repeats.conflicts)} share all features with another one and differ in the target",
    )
    if audit.noise is not None:
        noise = audit.noise
        expected = sum(pair.expected for pair in noise.pairs)
        sure = "more than" if noise.sure else "no more than"
        note = (
            f"{count(noise.count)} labels are very unlikely where about {expected:.0f} are expected: {sure} chance and "
            "a simple model's own errors explain"
        )
        yield _told("label_noise", noise.share if noise.sure else 0.0, noise.n, note)


def column_findings(columns: Sequence[ColumnAudit], since: dt.datetime | None) -> Iterator[Finding]:
    """Judge the columns that moved since the audit they are measured from."""
    when = f"since the audit of {moment(since)}" if since is not None else "since the last audit"
    for column in columns:
        shift = column.shift
        if shift is None or not column.judged or not shift.moved:
            continue
        yield Finding(
            measure=MOVED,
            where=column.name,
            value=shift.effect,
            interval=shift.interval,
            limit=Limit("at_most", MUCH),
            ok=shift.effect <= MUCH,
            n=column.rows,
            group=GROUP,
            note=f"{shift.words} {when}{_ACCEPT if shift.effect > MUCH else ''}",
        )


def score_findings(audit: Audit, least: float) -> Iterator[Finding]:
    """Judge the score and how it changed."""
    worst = sorted(audit.deductions, key=lambda each: -each.points)[:3]
    note = "; ".join(f"{each.what} −{each.points:.3g}" for each in worst) or "nothing was found"  # noqa: RUF001 - a minus
    yield _judged(QUALITY, audit.score, Limit("at_least", least), audit.rows, note)
    if audit.before is not None:
        change = round(audit.score - audit.before, 1)
        note = f"{audit.before:g} before, {audit.score:g} now"
        yield _judged(CHANGE, change, Limit("at_least", -MOST_FALLEN), audit.rows, note)


def _leak(where: str, value: float, limit: float, n: int, words: str) -> Finding:
    return Finding(
        measure=LEAK,
        where=where,
        value=value,
        limit=Limit("at_most", limit),
        ok=False,
        n=n,
        group=GROUP,
        note=f"{words}. {_CURE}",
    )


def _told(measure: str, value: float, n: int, note: str) -> Finding:
    return Finding(measure=measure, where="all", value=value, n=n, group=GROUP, note=note)


def _judged(measure: str, value: float, limit: Limit, n: int, note: str) -> Finding:
    return judge(Finding(measure=measure, where="all", value=value, limit=limit, n=n, group=GROUP, note=note))
