"""What the templates print, already as words: a model's line, a version's line, a chart with its table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.render import chart, numbers, sentences, sheet, svg
from mainstay.render.cells import gates_words
from mainstay.render.document import Cell, Status
from mainstay.render.templates import picture

if TYPE_CHECKING:
    from markupsafe import Markup

    from mainstay.render.overview import ModelRow, Timeline, VersionRow

_TABLE_ROWS = 60
_ROLES = {"challenger": "A/B arm"}


@dataclass(frozen=True)
class Drawn:
    """A chart in both sizes, and the table behind it.

    Parameters
    ----------
    wide, narrow : Markup
        The picture for a desk and for a phone.
    wide_plot, narrow_plot : str
        Left and right end of the plot in SVG units, for the pointer.
    start, end : int
        Ends of the axis, seconds since 1970.
    window : float
        Length of a window, seconds.
    heading : str
        Of the value.
    rows : tuple of WindowLine
        The newest windows, newest first.
    total : int
        How many windows there are.
    heat, canary, arms : bool
        Whether drift, a canary, and arms of an A/B test are drawn.

    """

    wide: Markup
    narrow: Markup
    wide_plot: str
    narrow_plot: str
    start: int
    end: int
    window: float
    heading: str
    rows: tuple[WindowLine, ...]
    total: int
    heat: bool
    canary: bool
    arms: bool


@dataclass(frozen=True)
class WindowLine:
    """One window as words."""

    epoch: int
    at: str
    value: str
    basis: str
    who: str
    drift: str


def draw(timeline: Timeline, key: str) -> Drawn:
    """Draw a timeline in both sizes, with the table behind it; `key` makes its ids unique on the page."""
    desk, phone = (chart.fitted(timeline, paper) for paper in (sheet.wide(f"{key}w"), sheet.narrow(f"{key}n")))
    words = chart.timeline_words(timeline)
    starts = sorted({p.at for p in timeline.points} | {c.at for row in timeline.heat for c in row.cells}, reverse=True)
    return Drawn(
        wide=picture(chart.timeline_chart(timeline, desk, alt=words)),
        narrow=picture(chart.timeline_chart(timeline, phone, alt=words)),
        wide_plot=f"{svg.f(desk.left)} {svg.f(desk.right)}",
        narrow_plot=f"{svg.f(phone.left)} {svg.f(phone.right)}",
        start=int(timeline.start.timestamp()),
        end=int(timeline.end.timestamp()),
        window=timeline.window,
        heading=timeline.heading or "Value",
        rows=tuple(window_line(timeline, at) for at in starts[:_TABLE_ROWS]),
        total=len(starts),
        heat=any(cell.level is not None for row in timeline.heat for cell in row.cells),
        canary=any(span.role == "canary" for span in timeline.releases),
        arms=any(span.role == "challenger" for span in timeline.releases),
    )


def window_line(timeline: Timeline, at: dt.datetime) -> WindowLine:
    """Say of one window what it was worth, who answered and what was unusual."""
    point = next((p for p in timeline.points if p.at == at), None)
    value, basis = "unknown", "unknown"
    if point is not None and svg.finite(point.value) is not None:
        value = numbers.amount(point.value, timeline.unit)
        if point.low is not None and point.high is not None:
            value += f" ({numbers.number(point.low)} to {numbers.number(point.high)})"
        basis = _measured(estimated=point.estimated) + (f", n = {numbers.count(point.n)}" if point.n else "")
    middle = at + dt.timedelta(seconds=timeline.window / 2)
    who = [
        f"v{s.version}" + ("" if s.role == "champion" else f" ({_ROLES.get(s.role, s.role)})")
        for s in timeline.releases
        if s.start <= middle < (s.end or timeline.end + dt.timedelta(seconds=timeline.window))
    ]
    return WindowLine(
        epoch=int(at.timestamp()),
        at=numbers.moment(at) if timeline.window < 86_400 else numbers.day(at),
        value=value,
        basis=basis,
        who=", ".join(who) or "nobody",
        drift=_most_unusual(timeline, at),
    )


def _most_unusual(timeline: Timeline, at: dt.datetime) -> str:
    found = [(c.alarm, c.level, row.feature) for row in timeline.heat for c in row.cells if c.at == at and c.level]
    if not found:
        return "none"
    alarm, _, feature = max(found)
    return f"{feature} (alarm)" if alarm else feature


@dataclass(frozen=True)
class ModelLine:
    """One model on the overview, as words; empty where nothing is known."""

    name: str
    tone: str
    status: Status
    version: int | None
    trial: bool
    answers: str
    value: str
    basis: str
    spark: Markup | None
    quality: str
    quality_basis: str
    p99: str
    command: str


def model_line(row: ModelRow, now: dt.datetime) -> ModelLine:
    """Put one model into words."""
    pill = sentences.status(row)
    since = numbers.since(row.since, now) if row.since is not None else ""
    quality = ""
    if row.quality is not None and row.quality.value is not None:
        quality = f"{numbers.measure_name(row.quality.measure)} {numbers.finding_value(row.quality)}"
    return ModelLine(
        name=row.name,
        tone=pill.tone,
        status=pill,
        version=row.version,
        trial=row.trial and row.state != "trial",
        answers=" · ".join(filter(None, (since, row.by))) if row.version is not None else sentences.nobody(row),
        value=numbers.amount_words(row.value) if row.value is not None else "",
        basis=_basis(row),
        spark=_spark(row),
        quality=quality,
        quality_basis=_measured(estimated=row.quality_estimated),
        p99=numbers.amount(row.p99_ms, "ms"),
        command=row.command,
    )


def _basis(row: ModelRow) -> str:
    if row.value is None:
        return ""
    words = [_measured(estimated=row.estimated)]
    words += [f"n = {numbers.count(row.value.n)}"] if row.value.n else []
    words += [] if row.value.in_money else ["not money"]
    return ", ".join(words)


def _measured(*, estimated: bool) -> str:
    return "estimated" if estimated else "measured"


def _spark(row: ModelRow) -> Markup | None:
    timeline = row.timeline
    if timeline is None:
        return None
    points = chart.thin(timeline.points, 60)
    guess = next((i for i, p in enumerate(points) if p.estimated), None)
    words = chart.timeline_words(timeline)
    drawn = svg.spark([svg.finite(p.value) for p in points], alt=words, guess_from=guess)
    return picture(drawn) if drawn else None


def facts(row: ModelRow, now: dt.datetime) -> list[tuple[str, Cell]]:
    """List what is known of a model now, unknowns included."""
    facts: list[tuple[str, Cell]] = [("State", sentences.status(row))]
    who = f"v{row.version}, {sentences.answers(row, now)}" if row.version is not None else sentences.nobody(row)
    facts.append(("Who answers", who + (", as a trial: its gates did not have to pass" if row.trial else "")))
    value = f"{numbers.amount_words(row.value)} ({_basis(row)})" if row.value is not None else "unknown"
    facts.append(("Value", value))
    if row.quality is not None:
        words = f"{numbers.measure_name(row.quality.measure)} {numbers.finding_value(row.quality)}"
        facts.append(("Quality", f"{words} ({_measured(estimated=row.quality_estimated)})"))
    facts += [
        ("p99 latency", numbers.amount(row.p99_ms, "ms")),
        ("Predictions", "unknown" if row.unread else row.predictions),
    ]
    if row.data_to is not None:
        facts.append(("Last prediction", numbers.moment(row.data_to, now)))
    facts += [(name, value) for name, value in (("Decides", row.decision), ("Owner", row.owner)) if value]
    return facts


@dataclass(frozen=True)
class VersionLine:
    """One version in the table of versions, as words."""

    version: int
    state: str
    verdict: Status
    gates: str
    primary: str
    trained: str
    released: str
    reason: str


def version_line(row: VersionRow, now: dt.datetime) -> VersionLine:
    """Put one version into words."""
    verdicts = {True: Status("passed", "good"), False: Status("failed", "bad"), None: Status("not judged", "none")}
    return VersionLine(
        version=row.version,
        state=row.state,
        verdict=verdicts[row.ok],
        gates=gates_words(row.gates),
        primary=numbers.finding_value(row.primary) if row.primary is not None else numbers.DASH,
        trained=numbers.moment(row.created, now),
        released=numbers.moment(row.released, now) if row.released is not None else "never",
        reason=": ".join(filter(None, (row.by, row.why))),
    )
