"""The chart of a model: value, who answers, incidents and drift above each other on one time axis.

Measured is solid, estimated dashed, unknown hatched. The heat rows say the same thing twice, by colour and by
height, so that they can be read in grey; alarms are a mark of their own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from mainstay.render import svg
from mainstay.render.axes import TimeScale, ValueScale, value_scale
from mainstay.render.heat import heat_rows
from mainstay.render.numbers import THIN, amount, day, number, tick

if TYPE_CHECKING:
    from mainstay.render.overview import Incident, Point, Span, Timeline
    from mainstay.render.sheet import Sheet

MOST_POINTS = 600
_PLOT, _LANE = 170.0, 26.0
_ARMS = 12.0  # height of all arms of an A/B test together, were they to answer everything
_LETTER = 8.4  # width of a letter where the style sheet sets chart text largest (15 of 1 120 units)


def timeline_chart(timeline: Timeline, sheet: Sheet, *, alt: str) -> str:
    """Draw a timeline on a sheet.

    Parameters
    ----------
    timeline : Timeline
        What to draw; any number of windows, thinned by minimum and maximum.
    sheet : Sheet
        `mainstay.render.sheet.wide` or `narrow`, fitted to the timeline.
    alt : str
        The chart in a sentence.

    Returns
    -------
    str
        An SVG element.

    """
    time = TimeScale(timeline.start, timeline.end, sheet.left, sheet.right)
    top = 22.0 + 26.0 * min(len(timeline.incidents), 3)
    parts = [svg.hatch(f"hatch-{sheet.key}"), svg.text(0, 12, timeline.heading or "Value", "t")]
    parts += _incidents(timeline.incidents[-3:], time, timeline, 14.0)
    parts += _value(timeline, time, sheet, top)
    y = top + _PLOT + 14
    lane, y = _lane(timeline, time, sheet, y)
    heat, bottom = heat_rows(timeline, time, sheet, y)
    parts += _releases(timeline, time, top, bottom)
    parts += lane + heat
    parts += _dates(time, sheet, bottom)
    return svg.picture(sheet.width, bottom + 24, "".join(parts), alt=alt, look="chart")


def fitted(timeline: Timeline, paper: Sheet) -> Sheet:
    """Move the plot to the right until the longest number of the value axis fits beside it."""
    _, ticks = value_scale(_spread(timeline, thin(timeline.points)), 0, _PLOT)
    longest = max(len(number(value, 6)) for value in ticks)
    return replace(paper, left=max(paper.left, 7.6 * longest + 10))


def timeline_words(timeline: Timeline) -> str:
    """Say in a sentence what the chart shows: its text alternative."""
    span = f"{day(timeline.start)} to {day(timeline.end)}"
    known = [p for p in timeline.points if svg.finite(p.value) is not None]
    value = "no value known"
    if known:
        first, last = known[0], known[-1]
        basis = "estimated" if last.estimated else "measured"
        value = f"from {amount(first.value, timeline.unit)} to {amount(last.value, timeline.unit)} ({basis})"
    champions = [s for s in timeline.releases if s.role == "champion"]
    who = ", then ".join(f"v{s.version} from {day(s.start, timeline.end)}" for s in champions[-5:]) or "nobody answered"
    alarmed = [row.feature for row in timeline.heat if any(cell.alarm for cell in row.cells)]
    drift = f"Drift alarms: {', '.join(alarmed[:5])}." if alarmed else "No drift alarm."
    return f"{timeline.heading or 'Value'}, {span}: {value}. Answered by {who}. {drift}"


def unknown_stretches(timeline: Timeline) -> list[tuple[dt.datetime, dt.datetime]]:
    """Find the stretches of the axis no known value covers: drawn hatched, never as zero."""
    window = dt.timedelta(seconds=timeline.window)
    found = []
    cursor = timeline.start
    for point in sorted(timeline.points, key=lambda p: p.at):
        if svg.finite(point.value) is None:
            continue
        if point.at - cursor > window / 2:
            found.append((cursor, point.at))
        cursor = max(cursor, point.at + window)
    if timeline.end - cursor > window / 2:
        found.append((cursor, timeline.end))
    return found


def thin(points: tuple[Point, ...], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """Keep at most `most` points so that no extreme is lost: the lowest and the highest of each bucket."""
    if len(points) <= most:
        return points
    size = -(-len(points) * 2 // most)
    kept: list[Point] = []
    for i in range(0, len(points), size):
        bucket = [p for p in points[i : i + size] if svg.finite(p.value) is not None] or list(points[i : i + 1])
        ends = {id(p): p for p in (min(bucket, key=_level), max(bucket, key=_level))}
        kept += sorted(ends.values(), key=lambda p: p.at)
    return tuple(kept)


def _level(point: Point) -> float:
    return point.value if point.value is not None else 0.0


def _value(timeline: Timeline, time: TimeScale, sheet: Sheet, top: float) -> list[str]:
    points = thin(timeline.points)
    known = [p for p in points if svg.finite(p.value) is not None]
    bottom = top + _PLOT
    spread = _spread(timeline, points)
    parts = [
        svg.mark("rect", "unknown", x=time(a), y=top, width=max(time(b) - time(a), 1.0), height=_PLOT,
                 fill=f"url(#hatch-{sheet.key})")
        for a, b in unknown_stretches(timeline)
    ]  # fmt: skip
    if not spread:
        middle = (sheet.left + sheet.right) / 2
        return [*parts, svg.text(middle, top + _PLOT / 2, "no value known in this range", "t strong halo", "middle")]
    scale, ticks = value_scale(spread, top + 4, bottom)
    parts += _grid(ticks, scale, sheet)
    longest = timeline.window * 1.5 * max(1.0, len(timeline.points) * 2 / MOST_POINTS)
    parts += _lines(known, time, scale, timeline.window, longest)
    if timeline.target is not None:
        y = scale(timeline.target)
        parts.append(svg.mark("line", "target", x1=sheet.left, x2=sheet.right, y1=y, y2=y))
        words = f"target {amount(timeline.target, timeline.unit)}"
        parts.append(svg.text(sheet.right - 4, y - 4, words, "t good halo", "end"))
    return parts


def _spread(timeline: Timeline, points: tuple[Point, ...]) -> list[float]:
    """List what the value axis must cover; empty where nothing is known."""
    found = [v for p in points if svg.finite(p.value) is not None for v in (p.value, p.low, p.high)]
    known = [v for v in found if v is not None and svg.finite(v) is not None]
    return [*known, timeline.target] if known and timeline.target is not None else known


def _grid(ticks: tuple[float, ...], scale: ValueScale, sheet: Sheet) -> list[str]:
    parts = []
    for value in ticks:
        y = scale(value)
        look = "zero" if value == 0 and len(ticks) > 1 and ticks[0] < 0 else "grid"
        parts.append(svg.mark("line", look, x1=sheet.left, x2=sheet.right, y1=y, y2=y))
        parts.append(svg.text(sheet.left - 8, y + 4, number(value, 6), "t", "end"))
    return parts


def _lines(known: list[Point], time: TimeScale, scale: ValueScale, window: float, longest: float) -> list[str]:
    half = dt.timedelta(seconds=window / 2)
    parts = []
    bands: list[str] = []
    for run in _stretches(known, longest):
        guess = run[-1].estimated
        look = " guess" if guess else ""
        whole = [p for p in run if p.low is not None and p.high is not None]
        if len(whole) > 1:
            up = [(time(p.at + half), scale(p.high)) for p in whole if p.high is not None]
            down = [(time(p.at + half), scale(p.low)) for p in reversed(whole) if p.low is not None]
            bands.append(svg.mark("path", f"band{look}", d=svg.polyline(up + down) + "z"))
        places = [(time(p.at + half), scale(_level(p))) for p in run]
        if len(run) > 1:
            parts.append(svg.mark("path", f"line{look}", d=svg.polyline(places)))
        else:
            (x, y), only = places[0], run[0]
            if only.low is not None and only.high is not None:
                stem = f"M{svg.f(x)} {svg.f(scale(only.low))}V{svg.f(scale(only.high))}"
                bands.append(svg.mark("path", f"line{look}", d=stem))
            parts.append(svg.mark("circle", f"dot{look}", cx=x, cy=y, r="3.5"))
    if known:
        last = known[-1]
        look = "dot guess" if last.estimated else "dot"
        parts.append(svg.mark("circle", look, cx=time(last.at + half), cy=scale(_level(last)), r="3.5"))
        if last.estimated:
            x = min(time(last.at + half), time.right - 2)
            low = scale(last.low if last.low is not None else _level(last))
            parts.append(svg.text(x, min(low + 16, scale.bottom - 4), "estimated", "t halo", "end"))
    return bands + parts


def _stretches(known: list[Point], longest: float) -> list[list[Point]]:
    """Cut into runs of one kind without gaps; a run shares its first point with the one before it."""
    found: list[list[Point]] = []
    for point in known:
        before = found[-1][-1] if found else None
        if before is None or (point.at - before.at).total_seconds() > longest:
            found.append([point])
        elif point.estimated != before.estimated and len(found[-1]) > 1:
            found.append([msgspec.structs.replace(before, estimated=point.estimated), point])
        elif point.estimated != before.estimated:
            found[-1] = [msgspec.structs.replace(before, estimated=True), point]
        else:
            found[-1].append(point)
    return found


def _lane(timeline: Timeline, time: TimeScale, sheet: Sheet, y: float) -> tuple[list[str], float]:
    parts = [svg.text(0, y + (17 if sheet.roomy else 4), "Who answers", "t")]
    y += 0 if sheet.roomy else 12
    spans = [s for s in timeline.releases if (s.end or timeline.end) > timeline.start and s.start < timeline.end]
    shadows = any(s.role == "shadow" for s in spans)
    if not spans:
        parts.append(svg.mark("rect", "unknown", x=sheet.left, y=y, width=sheet.right - sheet.left, height=_LANE,
                              fill=f"url(#hatch-{sheet.key})"))  # fmt: skip
        parts.append(svg.text(sheet.left + 6, y + 17, "nobody", "t strong halo"))
    for span in sorted(spans, key=lambda s: ("champion", "canary", "challenger", "shadow").index(s.role)):
        x = time(span.start)
        width = max(time(span.end or timeline.end) - x, 2.0)
        words = f"v{span.version} since {_named(span.start, timeline)}"
        share = "" if span.share >= 1 else f", {number(100 * span.share)}{THIN}%"
        role = "A/B arm" if span.role == "challenger" else span.role
        note = svg.title(f"{role} {words}{share}{': ' + span.label if span.label else ''}")
        if span.role == "champion":
            look, ink = ("span now", "t on") if span.end is None else ("span", "t ink")
            parts.append(svg.mark("rect", look, note, x=x, y=y, width=max(width - 1, 1.0), height=_LANE, rx="3"))
            fit = next((w for w in (words, f"v{span.version}") if len(w) * _LETTER + 14 < width), "")
            parts += [svg.text(x + 7, y + 18, fit, ink)] if fit else []
        elif span.role == "canary":
            tall = max(span.share * _LANE, 5.0)
            parts.append(svg.mark("rect", "span canary", note, x=x, y=y, width=width, height=min(tall, 12.0)))
        elif span.role == "challenger":
            above = sum(other.share for other in _at_once(span, spans))
            parts.append(svg.mark("rect", "span arm", note, x=x, y=y + above * _ARMS, width=width,
                                  height=max(span.share * _ARMS - 0.5, 1.0)))  # fmt: skip
        else:
            parts.append(svg.mark("rect", "span shadow", note, x=x, y=y + _LANE + 3, width=width, height="5"))
    return parts, y + _LANE + (14 if shadows else 6)


def _at_once(arm: Span, spans: list[Span]) -> list[Span]:
    """List the other arms of a test that answer when an arm begins and are drawn above it."""
    return [
        other
        for other in spans
        if other.role == "challenger"
        and other.version < arm.version
        and other.start <= arm.start
        and (other.end is None or other.end > arm.start)
    ]


def _named(at: dt.datetime, timeline: Timeline) -> str:
    """Name a moment in a chart: by the clock where the whole axis is a day or two."""
    short = (timeline.end - timeline.start).total_seconds() < 2 * 86_400
    return f"{at.astimezone(dt.UTC):%H:%M}" if short and at >= timeline.start else day(at, timeline.end)


def _releases(timeline: Timeline, time: TimeScale, top: float, bottom: float) -> list[str]:
    starts = {s.start for s in timeline.releases if s.role == "champion" and timeline.start < s.start < timeline.end}
    lines = "".join(f"M{svg.f(time(at))} {svg.f(top - 4)}V{svg.f(bottom)}" for at in sorted(starts))
    return [svg.mark("path", "release", d=lines, fill="none")] if lines else []


def _incidents(incidents: tuple[Incident, ...], time: TimeScale, timeline: Timeline, y: float) -> list[str]:
    parts = []
    for i, incident in enumerate(incidents):
        left, right = time(incident.start), time(incident.end or timeline.end)
        look, ink = ("incident", "t bad") if incident.severe else ("note", "t ink")
        at = y + 26 * i - 2
        parts.append(svg.mark("rect", look, x=left, y=at + 6, width=max(right - left, 3.0), height="3"))
        state = "open since" if incident.end is None else "from"
        words = f"{incident.label}, {state} {_named(incident.start, timeline)}"
        room = time.right
        anchored = left + len(words) * _LETTER > room
        parts.append(svg.text(right if anchored else left, at + 23, svg.shorten(words, room), ink,
                              "end" if anchored else "start"))  # fmt: skip
    return parts


def _dates(time: TimeScale, sheet: Sheet, bottom: float) -> list[str]:
    step, moments = time.ticks(sheet.ticks)
    parts = []
    for at in moments:
        x = time(at)
        words = tick(at, step)
        half = len(words) * 3.4
        parts.append(svg.mark("line", "zero", x1=x, x2=x, y1=bottom, y2=bottom + 4))
        # A date at either end leans inwards, so that none is cut off.
        if x + half > sheet.width:
            parts.append(svg.text(sheet.width, bottom + 18, words, "t", "end"))
        elif x - half < 0:
            parts.append(svg.text(0, bottom + 18, words, "t"))
        else:
            parts.append(svg.text(x, bottom + 18, words, "t", "middle"))
    return parts
