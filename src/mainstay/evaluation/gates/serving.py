"""Whether it can be served: a fresh worker, asked over HTTP (the "deployability" of the ML Test Score)."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from mainstay.evaluation.gate import Case, gate
from mainstay.evaluation.gates.words import GROUP, unjudged
from mainstay.measures.finding import Finding, Interval, Limit, judge

if TYPE_CHECKING:
    from mainstay.evaluation.evidence import Rehearsal

_NOBODY = "no worker was started to try it"


@gate
def can_be_served(case: Case) -> Finding:
    """Demand that a fresh worker starts and answers every golden record as it was recorded."""
    tried = _tried(case)
    if tried is None:
        return unjudged("can_be_served", _NOBODY)
    if not tried.trouble and not tried.asked:
        return unjudged("can_be_served", "it brought no golden records to ask")
    note = tried.trouble or f"A fresh worker answered {tried.seconds:.1f} s after its start."
    return Finding(
        measure="can_be_served",
        where="golden records",
        value=tried.right / tried.asked if tried.asked else 0.0,
        limit=Limit("at_least", 1.0),
        ok=not tried.trouble and tried.right == tried.asked,
        n=tried.asked,
        group=GROUP,
        note=note,
    )


@gate
def latency_p50(case: Case) -> Finding:
    """Half of the answers come within the budget."""
    return _latency(case, "latency_p50", case.settings.max_p50_ms)


@gate
def latency_p99(case: Case) -> Finding:
    """All but one answer in a hundred come within the budget."""
    return _latency(case, "latency_p99", case.settings.max_p99_ms)


@gate
def memory(case: Case) -> Finding:
    """Keep a worker that serves it to its memory."""
    tried = _tried(case)
    if tried is None or tried.memory is None:
        return unjudged("memory", _NOBODY if tried is None else "this system doesn't say what a process holds")
    limit = case.settings.max_memory_mb
    found = Finding(
        measure="memory",
        where="a worker",
        value=tried.memory,
        limit=None if limit is None else Limit("at_most", limit),
        unit="MB",
        group=GROUP,
        note="" if limit is not None else "Only reported: [evaluation] max_memory_mb sets a limit.",
    )
    return judge(found)


def _tried(case: Case) -> Rehearsal | None:
    return None if case.evidence is None else case.evidence.rehearsal


def _latency(case: Case, name: str, limit: float | None) -> Finding:
    tried = _tried(case)
    if tried is None or not tried.rounds:
        return unjudged(name, _NOBODY if tried is None else "nothing was answered, so nothing was measured")
    each = [one.p50 if name == "latency_p50" else one.p99 for one in tried.rounds]
    setting = "max_p50_ms" if name == "latency_p50" else "max_p99_ms"
    words = f"Median of {len(each)} rounds over loopback, lowest to highest; the client's part is in it."
    return judge(
        Finding(
            measure=name,
            where="a worker",
            value=statistics.median(each),
            interval=Interval(min(each), max(each)),
            limit=None if limit is None else Limit("at_most", limit),
            n=sum(one.requests for one in tried.rounds),
            unit="ms",
            group=GROUP,
            note=words if limit is not None else f"Only reported: [evaluation] {setting} sets a limit. {words}",
        )
    )
