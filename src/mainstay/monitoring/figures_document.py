"""The figures of windows as a document: what `mainstay events windows` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Document, Table, Text
from mainstay.render.numbers import DASH, count, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.models.task import Task
    from mainstay.monitoring.figures import Figures, Mean, Share
    from mainstay.render.document import Cell

_DAY = 86_400
_SECONDS = "%Y-%m-%d %H:%M:%S"


def figures_document(name: str, figures: Sequence[Figures], task: Task, by: str = "") -> Document:
    """Put windows into two tables, oldest first: what was answered and how fast, and what came of it."""
    kpis = tuple(dict.fromkeys(kpi for each in figures for kpi in each.kpis))
    group = (by.rpartition(":")[2],) if by else ()
    form = _form(figures)
    answers, outcomes = [], []
    for each in figures:
        head = (f"{each.since:{form}}", *((each.group or DASH,) if by else ()))
        answers.append((*head, *_answers(each)))
        outcomes.append((*head, *_outcomes(each, task, kpis)))
    counts = ("From, UTC", *group, "Answers", "Refused", "Degraded, %", "p50, ms", "p99, ms")
    told = ("From, UTC", *group, "Mean score", "Known, %", _outcome_name(task), "Followed, %", *kpis)
    notes = tuple(Text(line, kind="note") for line in _notes(figures))
    tables = (
        Table(counts, tuple(answers), caption="What was answered"),
        Table(told, tuple(outcomes), caption="What is known of it"),
    )
    return Document(title=f"Windows of {name}", blocks=(*tables, *notes))


def _notes(figures: Sequence[Figures]) -> Iterable[str]:
    end = _SECONDS if _form(figures) == _SECONDS else "%Y-%m-%d %H:%M"
    yield f"Until {figures[-1].until:{end}} UTC. Intervals are at 95 %; n: the lines they stand on."
    lines, answers = sum(each.lines for each in figures), sum(each.answers for each in figures)
    if round(answers) != lines:
        yield f"Answers are sampled: {count(lines)} lines stand for {count(round(answers))} answers."


def _answers(each: Figures) -> tuple[Cell, ...]:
    counts = count(round(each.answers)), count(each.refused)
    return (*counts, _percent(each.degraded), number(each.p50_ms), number(each.p99_ms))


def _outcomes(each: Figures, task: Task, kpis: Sequence[str]) -> tuple[Cell, ...]:
    numbers = _average(each.score), _percent(each.labelled), _outcome(each, task), _percent(each.followed)
    return (*numbers, *(_average(each.kpis.get(name)) for name in kpis))


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


def _form(figures: Sequence[Figures]) -> str:
    """Say how moments are written: windows that begin at different ones are told apart."""
    starts = {each.since for each in figures}
    if all(start.timestamp() % _DAY == 0 for start in starts):
        return "%Y-%m-%d"
    return "%Y-%m-%d %H:%M" if len({f"{start:%Y-%m-%d %H:%M}" for start in starts}) == len(starts) else _SECONDS
