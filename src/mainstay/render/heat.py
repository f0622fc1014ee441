"""The heat rows: how unusual each feature was in each window, by colour and by height, so that grey is enough."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from mainstay.render import svg

if TYPE_CHECKING:
    from mainstay.render.axes import TimeScale
    from mainstay.render.overview import HeatCell, HeatRow, Timeline
    from mainstay.render.sheet import Sheet

MOST_COLUMNS = 120
MOST_FEATURES = 20
_ROW, _LABEL = 20.0, 14.0


@dataclass(frozen=True)
class _Ink:
    """What the rows add up to: one path per level, one of alarms, one of unknowns; few nodes, whatever the size."""

    levels: dict[int, list[tuple[float, float, float, float]]] = field(default_factory=dict)
    unknown: list[tuple[float, float, float, float]] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def put(self, cell: HeatCell, x: float, base: float, width: float) -> None:
        """Add one cell standing on `base`."""
        if cell.level is None:
            self.unknown.append((x, base - 8, width, 8.0))
            return
        level = min(max(cell.level, 0), 5)
        self.levels.setdefault(level, []).append((x, base - (2 + 2 * level), width, 2.0 + 2 * level))
        if cell.alarm:
            self.alarms.append(f"M{svg.f(x + width / 2 - 2.5)} {svg.f(base - 17)}h5l-2.5 4z")

    def marks(self, hatch: str) -> list[str]:
        """Give the elements."""
        drawn = [svg.mark("path", f"h{level}", d=svg.cells(places)) for level, places in sorted(self.levels.items())]
        if self.unknown:
            drawn.append(svg.mark("path", "unknown", d=svg.cells(self.unknown), fill=f"url(#{hatch})"))
        if self.alarms:
            drawn.append(svg.mark("path", "alarm", d="".join(self.alarms)))
        return drawn


def heat_rows(timeline: Timeline, time: TimeScale, sheet: Sheet, y: float) -> tuple[list[str], float]:
    """Draw the first twenty features from `y` down; gives the elements and where they end."""
    if not timeline.heat:
        return [], y
    if not any(cell.level is not None for row in timeline.heat for cell in row.cells):
        return [svg.text(0, y + 16, "Drift by feature: not known yet", "t")], y + 24
    parts = [svg.text(0, y + 16, "Drift by feature, alarmed first", "t")]
    y += 24
    tall = _ROW if sheet.roomy else _ROW + _LABEL
    ink = _Ink()
    for i, row in enumerate(timeline.heat[:MOST_FEATURES]):
        base = y + (i + 1) * tall - 3
        if sheet.roomy:
            parts.append(svg.text(sheet.left - 8, base - 3, svg.shorten(row.feature, sheet.left - 12), "t ink", "end"))
        else:
            parts.append(svg.text(0, base - 19, svg.shorten(row.feature, sheet.width), "t ink"))
        step, merged = columns(timeline, row)
        width = max(time.width(step) - 1.2, 0.8)
        for cell in merged:
            x = time(cell.at) + 0.6
            if x < sheet.right:
                ink.put(cell, x, base, min(width, sheet.right - x))
    return parts + ink.marks(f"hatch-{sheet.key}"), y + min(len(timeline.heat), MOST_FEATURES) * tall + 2


def columns(timeline: Timeline, row: HeatRow) -> tuple[float, list[HeatCell]]:
    """Merge the windows of a row until they can be told apart: the highest level of each group counts."""
    windows = max((timeline.end - timeline.start).total_seconds() / timeline.window, 1.0)
    group = max(1, -(-int(windows) // MOST_COLUMNS))
    step = timeline.window * group
    if group == 1:
        return step, list(row.cells)
    found: dict[int, HeatCell] = {}
    for cell in row.cells:
        index = int((cell.at - timeline.start).total_seconds() // step)
        old = found.get(index)
        if old is None:
            found[index] = msgspec.structs.replace(cell, at=timeline.start + dt.timedelta(seconds=step * index))
        else:
            levels = [level for level in (old.level, cell.level) if level is not None]
            found[index] = msgspec.structs.replace(
                old, level=max(levels) if levels else None, alarm=old.alarm or cell.alarm
            )
    return step, list(found.values())
