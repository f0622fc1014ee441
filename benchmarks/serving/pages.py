"""The figures as a table and as JSON."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from serving.bars import Bar
    from serving.rows import Row

Versions = dict[str, dict[str, str]]
_REFERENCES = (("fastapi", "x default"), ("tuned", "x tuned"), ("limit", "of the limit"))


def page(rows: Sequence[Row], bars: Sequence[Bar], missing: Mapping[str, str], versions: Versions) -> str:
    """Write the page."""
    parts = [_speeds(rows), _costs(rows)]
    if missing:
        parts.append(
            "**NOT MEASURED HERE:**\n\n" + "\n".join(f"- **{name}**: {_line(why)}" for name, why in missing.items())
        )
    if bars:
        parts.append(_bars(bars))
    if versions:
        rooms = (", ".join(f"{name} {version}" for name, version in each.items()) for each in versions.values())
        parts.append("Versions, by environment: " + "; ".join(rooms) + ".")
    return "\n\n".join(parts) + "\n"


def save(
    folder: Path, rows: Sequence[Row], bars: Sequence[Bar], missing: Mapping[str, str], versions: Versions
) -> None:
    """Keep the page and the figures."""
    folder.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    head = f"# serving\n\n`python benchmarks/serving.py` on {machine}\n\n"
    (folder / "serving.md").write_text(head + page(rows, bars, missing, versions), encoding="utf-8")
    held = [{**msgspec.structs.asdict(bar), "ok": bar.ok} for bar in bars]
    whole = {"machine": machine, "versions": versions, "missing": missing, "rows": rows, "bars": held}
    (folder / "serving.json").write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")


def _speeds(rows: Sequence[Row]) -> str:
    by_name = {row.name: row for row in rows}
    known = [(by_name[name], title) for name, title in _REFERENCES if name in by_name]
    last = [point.connections for point in rows[0].points][-1]
    heads = [f"{point.connections}" for point in rows[0].points]
    lines = ["Answers a second, by connections; ratios at the most connections.", ""]
    lines.append(_cells("server", *heads, *(title for _, title in known), "failed"))
    lines.append(_cells("---", *["---:"] * (len(heads) + len(known) + 1)))
    for row in rows:
        rates = [f"{point.rate:,.0f}" for point in row.points]
        ratios = [f"{row.at(last).rate / other.at(last).rate:,.2f}" for other, _ in known]
        lines.append(_cells(row.title, *rates, *ratios, str(sum(point.failed for point in row.points))))
    return "\n".join(lines)


def _costs(rows: Sequence[Row]) -> str:
    points = rows[0].points
    lines = ["Latency in ms (p50 / p99), the server's CPU per answer at the most connections, memory, start.", ""]
    lines.append(_cells("server", *(f"at {p.connections}" for p in points), "CPU µs", "RSS MB", "first 200, s"))
    lines.append(_cells("---", *["---:"] * (len(points) + 3)))
    for row in rows:
        waits = [f"{point.p50:.3f} / {point.p99:.2f}" for point in row.points]
        busy = f"{row.points[-1].cpu_us:,.1f}"
        lines.append(_cells(row.title, *waits, busy, f"{row.rss:.0f}", f"{row.first:.2f}"))
    return "\n".join(lines)


def _bars(bars: Sequence[Bar]) -> str:
    lines = [_cells("bar", "measured", "asked", ""), _cells("---", "---:", "---:", "---")]
    for bar in bars:
        sign = "at least" if bar.least else "at most"
        lines.append(_cells(bar.what, f"{bar.value:.3g}", f"{sign} {bar.bar:g}", "pass" if bar.ok else "**MISS**"))
    return "\n".join(lines)


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _line(text: str) -> str:
    return " ".join(text.split())[-400:]
