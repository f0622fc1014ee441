"""What the figures are held to."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Bar:
    """A figure against its bar: what, measured, asked for; and whether more is better."""

    what: str
    value: float
    bar: float
    least: bool = True

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.value >= self.bar if self.least else self.value <= self.bar


@dataclass(frozen=True)
class Part:
    """What one part of the benchmark found: its heading, its table, its bars."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[Bar, ...] = ()
    note: str = ""


def page(parts: Sequence[Part]) -> str:
    """Write the page."""
    told = [_part(part) for part in parts]
    bars = [bar for part in parts for bar in part.bars]
    lines = [_cells("bar", "measured", "asked", ""), _cells("---", "---:", "---:", "---")]
    for bar in bars:
        sign = "at least" if bar.least else "at most"
        lines.append(_cells(bar.what, f"{bar.value:.3g}", f"{sign} {bar.bar:g}", "pass" if bar.ok else "**MISS**"))
    return "\n\n".join([*told, "\n".join(lines)]) + "\n"


def save(folder: Path, parts: Sequence[Part]) -> None:
    """Keep the page."""
    folder.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    head = f"# events\n\n`python benchmarks/events.py` on {machine}\n\n"
    (folder / "events.md").write_text(head + page(parts), encoding="utf-8")


def _part(part: Part) -> str:
    lines = [f"## {part.title}", ""]
    lines += [part.note, ""] if part.note else []
    lines += [_cells(*part.columns), _cells("---", *["---:"] * (len(part.columns) - 1))]
    return "\n".join(lines + [_cells(*row) for row in part.rows])


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
