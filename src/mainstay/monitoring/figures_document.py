"""The figures of windows as a document: what `mainstay events windows` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Document, Table, Text
from mainstay.render.numbers import DASH, count, number, with_interval

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from mainstay.models.task import Task
    from mainstay.monitoring.figures import Figures, Mean, Share
    from mainstay.render.document import Cell

_DAY = 86_400


def figures_document(name: str, figures: Sequence[Figures], task: Task, by: str = "") -> Document:
    """Put windows into a table, oldest first."""
    kpis = tuple(dict.fromkeys(kpi for each in figures for kpi in each.kpis))
    group = (by.rpartition(":")[2],) if by else ()
    columns = (
        "From, UTC",
        *group,
        "Answers",
        "Refused",
        "Degraded, %",
        "Outcome known, %",
        "Mean score",
        _outcome_name(task),
        "p50, ms",
        "p99, ms",
        "Followed, %",
        *kpis,
    )
    rows = tuple(_row(each, task, kpis, grouped=bool(by), whole=_whole_days(figures)) for each in figures)
    notes = tuple(Text(line, kind="note") for line in _notes(figures))
    return Document(title=f"Windows of {name}", blocks=(Table(columns, rows), *notes))


def _notes(figures: Sequence[Figures]) -> Iterable[str]:
    yield f"Until {figures[-1].until:%Y-%m-%d %H:%M} UTC. Intervals are at 95 %; n: the lines they stand on."
    lines, answers = sum(each.lines for each in figures), sum(each.answers for each in figures)
    if round(answers) != lines:
        yield f"Answers are sampled: {count(lines)} lines stand for {count(round(answers))} answers."


def _row(each: Figures, task: Task, kpis: Sequence[str], *, grouped: bool, whole: bool) -> tuple[Cell, ...]:
    return (
        _moment(each.since, whole=whole),
        *((each.group or DASH,) if grouped else ()),
        count(round(each.answers)),
        count(each.refused),
        _percent(each.degraded),
        _percent(each.labelled),
        _average(each.score),
        _outcome(each, task),
        number(each.p50_ms),
        number(each.p99_ms),
        _percent(each.followed),
        *(_average(each.kpis.get(name)) for name in kpis),
    )


def _outcome_name(task: Task) -> str:
    named = {"binary": f"{task.positive}, %", "multiclass": "Most frequent outcome"}
    return named.get(task.kind, f"Mean {task.target}")


def _outcome(each: Figures, task: Task) -> str:
    if task.kind == "regression":
        return _average(each.amount)
    if not each.outcomes:
        return DASH
    if task.kind == "binary":
        found = each.outcomes.get(task.positive)
        known = next(iter(each.outcomes.values())).n
        return _percent(found) if found is not None else f"0 (n {count(known)})"
    label = max(each.outcomes, key=lambda name: each.outcomes[name].value or 0.0)
    return f"{label} {_percent(each.outcomes[label])}"


def _percent(share: Share | None) -> str:
    if share is None or share.value is None or share.interval is None:
        return DASH
    low, high = (100 * end for end in (share.interval.low, share.interval.high))
    return f"{number(100 * share.value)} ({number(max(low, 0.0), 2)} to {number(high, 2)}; n {count(share.n)})"


def _average(mean: Mean | None) -> str:
    if mean is None or mean.value is None:
        return DASH
    return f"{with_interval(mean.value, mean.interval)} (n {count(mean.n)})"


def _moment(at: dt.datetime, *, whole: bool) -> str:
    return f"{at:%Y-%m-%d}" if whole else f"{at:%Y-%m-%d %H:%M}"


def _whole_days(figures: Sequence[Figures]) -> bool:
    return all(each.since.timestamp() % _DAY == 0 for each in figures)
