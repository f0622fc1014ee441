"""What a window's summary says in numbers: shares with their intervals, means, quantiles. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

import msgspec

from mainstay.errors import InputError
from mainstay.events.profiles.bins import log_quantile
from mainstay.events.profiles.profile import Cell, merge_cells
from mainstay.measures.finding import Interval
from mainstay.measures.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mainstay.events.profiles import Count, Key, Moments, Profile
    from mainstay.models.task import Task

_Z95 = 1.959963984540054
SEGMENT = "segment:"
BY = ("version", "role", "consumer")


class Share(msgspec.Struct, frozen=True):
    """A share of so many lines, with its 95 % interval (Wilson, 1927); no value of none."""

    value: float | None = None
    interval: Interval | None = None
    n: int = 0


class Mean(msgspec.Struct, frozen=True):
    """A mean of so many values, with its 95 % interval; no value of none."""

    value: float | None = None
    interval: Interval | None = None
    n: int = 0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A window, or a part of one.

    Parameters
    ----------
    since, until : datetime
        The window, UTC; `until` excluded.
    group : str
        Whose answers, as ``"version 3"``; empty for all.
    lines : int
        Answers in the log.
    answers : float
        How many they stand for: more, where answers are sampled.
    refused : int
        Requests that were refused.
    degraded, fallback, control, labelled, followed : Share
        Share of the answers where a policy had to help; that the fallback gave; of the control share; whose outcome is
        known; whose decision was done, of those of which somebody told.
    score : Mean
        Mean score.
    outcomes : dict of str to Share
        Of the known outcomes the share of each label.
    amount : Mean, optional
        Mean outcome, of amounts.
    p50_ms, p99_ms : float, optional
        Latency, at most 1.1 % off.
    kpis : dict of str to Mean
        Business numbers.

    """

    since: dt.datetime
    until: dt.datetime
    group: str = ""
    lines: int = 0
    answers: float = 0.0
    refused: int = 0
    degraded: Share = Share()
    fallback: Share = Share()
    control: Share = Share()
    labelled: Share = Share()
    followed: Share = Share()
    score: Mean = Mean()
    outcomes: dict[str, Share] = {}
    amount: Mean | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    kpis: dict[str, Mean] = {}


def figures_of(
    profile: Profile, since: dt.datetime, until: dt.datetime, task: Task, by: str = ""
) -> tuple[Figures, ...]:
    """Give the figures of a window, one for each group; one of all answers unless `by` says otherwise.

    What a shadow said is no answer that somebody got: it is left out, but by role.
    """
    named = _grouping(by)
    groups: dict[str, list[Cell]] = {}
    for row in profile.rows:
        group = named(row.key)
        if group is not None and (by == "role" or row.key.role != "shadow"):
            groups.setdefault(group, []).append(row.cell)
    if not groups:
        return (Figures(since=since, until=until),)
    return tuple(
        _figures(merge_cells(groups[group]), group, since, until, task) for group in sorted(groups, key=_natural)
    )


def _grouping(by: str) -> Callable[[Key], str | None]:
    if by.startswith(SEGMENT):
        name = by.removeprefix(SEGMENT)
        return lambda key: f"{name} {key.value}" if key.segment == name else None
    if by and by not in BY:
        raise InputError(
            f"Answers can't be counted by '{by}'.", "Say version, role, consumer, or segment:NAME of a declared one."
        )
    if not by:
        return lambda key: "" if not key.segment else None
    named: dict[str, Callable[[Key], str]] = {
        "version": lambda key: f"version {key.version}" if key.version else "no version",
        "role": lambda key: key.role or "no role",
        "consumer": lambda key: key.consumer or "no key",
    }
    return lambda key: named[by](key) if not key.segment else None


def _natural(group: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", group)]


def _figures(cell: Cell, group: str, since: dt.datetime, until: dt.datetime, task: Task) -> Figures:
    told = _added(cell.followed, cell.unfollowed)
    return Figures(
        since=since,
        until=until,
        group=group,
        lines=cell.answers.lines,
        answers=cell.answers.answers,
        refused=cell.refused,
        degraded=_share(cell.degraded, cell.answers),
        fallback=_share(cell.fallback, cell.answers),
        control=_share(cell.control, cell.answers),
        labelled=_share(cell.labelled, cell.answers),
        followed=_share(cell.followed, told),
        score=_mean(cell.score),
        outcomes=_outcomes(cell),
        amount=_mean(cell.label) if task.kind == "regression" else None,
        p50_ms=_ms(cell, 0.5),
        p99_ms=_ms(cell, 0.99),
        kpis={name: _mean(moments) for name, moments in sorted(cell.kpis.items())},
    )


def _added(*counts: Count) -> Count:
    first, *rest = counts
    for each in rest:
        first = type(first)(first.lines + each.lines, first.weight + each.weight)
    return first


def _share(part: Count, whole: Count) -> Share:
    if not whole.lines:
        return Share()
    share = part.weight / whole.weight
    return Share(share, wilson(share, whole.lines), whole.lines)


def _mean(moments: Moments) -> Mean:
    if not moments.n:
        return Mean()
    half = _Z95 * moments.error
    interval = Interval(moments.mean - half, moments.mean + half) if math.isfinite(half) else None
    return Mean(moments.mean, interval, moments.n)


def _outcomes(cell: Cell) -> dict[str, Share]:
    counts: dict[str, list[Count]] = {}
    for outcome in cell.outcomes:
        counts.setdefault(outcome.label, []).append(outcome.count)
    return {label: _share(_added(*parts), cell.labelled) for label, parts in counts.items()}


def _ms(cell: Cell, level: float) -> float | None:
    found = log_quantile(cell.latency, level)
    return None if found is None else found / 1000


def nothing_in(figures: Iterable[Figures]) -> bool:
    """Whether nothing was answered and nothing refused in any of the windows."""
    return not any(each.lines or each.refused for each in figures)
