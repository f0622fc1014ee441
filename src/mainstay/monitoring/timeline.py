"""The timeline of one model: value, who answered, incidents and drift on one time axis. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.monitoring.heat import heat_rows
from mainstay.render.numbers import measure_name
from mainstay.render.overview import Incident, Point, Span, Timeline

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.events.records import Action, Found
    from mainstay.monitoring.grid import Grid
    from mainstay.monitoring.heat import EffectsOf
    from mainstay.monitoring.value import Gauge, Worths
    from mainstay.project import Problem
    from mainstay.registry import Bundle
    from mainstay.release import Release

_GRAVE = frozenset({"money", "performance", "system"})


def make_timeline(  # noqa: PLR0913 - everything the axis shows, each by name
    worths: Worths,
    effects: EffectsOf,
    grid: Grid,
    *,
    gauge: Gauge,
    current: Bundle,
    history: Sequence[Release],
    actions: Sequence[Action],
    found: Sequence[Found],
    drift_limit: float,
    now: dt.datetime,
) -> Timeline:
    """Put a model on one time axis.

    Parameters
    ----------
    worths : callable
        Measures what the answers of a window are worth.
    effects : callable
        Measures how far the features of a window moved.
    grid : Grid
        The windows.
    gauge : Gauge
        What value is measured in.
    current : Bundle
        Who answers now.
    history, actions, found
        From the books, oldest first.
    drift_limit : float
        ``[monitoring] drift_limit``.
    now : datetime
        End of the axis, UTC.

    """
    return Timeline(
        start=grid.start,
        end=now,
        window=grid.window,
        heading=gauge.heading,
        points=points(worths, grid),
        releases=spans(history, grid.start),
        heat=heat_rows(effects, grid, current=current, found=found, base=drift_limit),
        incidents=incidents(actions, grid.start),
        target=_target(current.problem, gauge),
        unit=gauge.unit,
    )


def points(worths: Worths, grid: Grid) -> tuple[Point, ...]:
    """Give the value of each window; without value, never zero, where nothing can be said."""
    found = []
    for window in range(grid.windows):
        worth = worths(*grid.ends(window))
        value = worth.best
        if value is None:
            found.append(Point(at=grid.at(window), n=worth.rows))
            continue
        interval = value.interval
        found.append(
            Point(
                at=grid.at(window),
                value=value.value,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                estimated=value.estimated,
                n=worth.rows,
            )
        )
    return tuple(found)


def spans(history: Sequence[Release], start: dt.datetime) -> tuple[Span, ...]:
    """Give who answered when, releases that changed nothing for a version joined into one span.

    Examples
    --------
    >>> import datetime as dt
    >>> from mainstay.release import Release, Route
    >>> at, routes = dt.datetime(2026, 11, 1, tzinfo=dt.UTC), (Route(1, "champion", 1.0),)
    >>> one = Release(id=1, model="churn", kind="release", routes=routes, at=at, by="ana", reason="first")
    >>> [(span.version, span.end) for span in spans([one], at)]
    [(1, None)]

    """
    running: dict[tuple[int, str, float], Span] = {}
    done: list[Span] = []
    for release in history:
        routes = {(route.version, route.role, route.weight): route for route in release.routes}
        gone = [key for key in running if key not in routes]
        done.extend(_ended(running.pop(key), release.at) for key in gone)
        for key, route in routes.items():
            if key not in running:
                running[key] = Span(
                    version=route.version,
                    start=release.at,
                    label=f"{release.by}: {release.reason}" if release.reason else release.by,
                    share=route.weight,
                    role=route.role,
                )
    every = [*done, *running.values()]
    return tuple(sorted((s for s in every if s.end is None or s.end > start), key=lambda s: (s.start, s.version)))


def incidents(actions: Sequence[Action], start: dt.datetime) -> tuple[Incident, ...]:
    """Give the incidents that were open on the axis: an alert opens one, a resolve about the same ends it."""
    running: dict[str, Incident] = {}
    done: list[Incident] = []
    for action in actions:
        if action.kind == "alert" and action.subject not in running:
            severe = action.subject.split("/", 1)[0] in _GRAVE
            running[action.subject] = Incident(
                id=action.id, label=_label(action.subject), start=action.at, severe=severe
            )
        elif action.kind == "resolve" and action.subject in running:
            begun = running.pop(action.subject)
            done.append(Incident(id=begun.id, label=begun.label, start=begun.start, end=action.at, severe=begun.severe))
    every = [*done, *running.values()]
    return tuple(sorted((i for i in every if i.end is None or i.end > start), key=lambda i: i.start))


def _ended(span: Span, at: dt.datetime) -> Span:
    return Span(version=span.version, start=span.start, end=at, label=span.label, share=span.share, role=span.role)


def _label(subject: str) -> str:
    group, measure, where = (*subject.split("/", 2), "", "")[:3]
    if group == "drift":
        return f"drift of {where}"
    name = "no predictions" if measure == "predictions" else measure_name(measure)
    return name if where == "all" else f"{name} of {where}"


def _target(problem: Problem, gauge: Gauge) -> float | None:
    success = problem.success
    if success is None:
        return None
    drawn = "money_per_1000" if gauge.in_money else gauge.measure
    return (success.at_least if success.at_least is not None else success.at_most) if success.measure == drawn else None


__all__ = ["incidents", "make_timeline", "points", "spans"]
