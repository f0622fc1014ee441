"""`mainstay status`: the overview on one screen of the terminal, from the same values as the page."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text as Words

from mainstay.render import sentences, svg, views
from mainstay.render.chart import thin
from mainstay.render.templates import status_mark
from mainstay.render.terminal import console, grid, marked, status_words

if TYPE_CHECKING:
    from mainstay.render.overview import ModelRow, Overview

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
_ROOMY = 110


def print_overview(overview: Overview, file: IO[str] | None = None) -> None:
    """Print the overview to standard output or `file`."""
    screen = console(file)
    screen.print(overview_terminal(overview, screen.width))


def overview_terminal(overview: Overview, width: int = 160) -> RenderableType:
    """Draw the overview for a rich console: sentence, lead, one line a model, the command that helps, freshness.

    Parameters
    ----------
    overview : Overview
        What to show.
    width : int
        Columns of the screen; a narrow one goes without the line over time.

    """
    parts: list[RenderableType] = [
        marked(sentences.headline(overview), "bold"),
        marked(sentences.lead(overview)),
    ]
    models = sentences.worst_first(overview.models)
    if not models:
        return Group(*parts, Words(f"  {sentences.FIRST_COMMAND}", style="cyan"))
    roomy = width >= _ROOMY
    columns = ("Model", "Answers now", "Value", "Quality", "p99", *(["Over time"] if roomy else []))
    made = grid(*columns, right={4})
    for row in models:
        line = views.model_line(row, overview.at)
        version = f"v{line.version} " if line.version is not None else ""
        made.add_row(
            Words.assemble(status_words(line.status, status_mark(line.status)), " ", (line.name, "bold")),
            Words.assemble((version, "bold"), ("(trial) " if row.trial else "", "yellow"), (line.answers, "dim")),
            Words.assemble(line.value or "unknown", (f" {line.basis}" if line.basis else "", "dim")),
            Words.assemble(line.quality or "unknown", (f" {line.quality_basis}" if line.quality else "", "dim")),
            Words(line.p99, no_wrap=True),
            *([Words(spark_blocks(row), style="cyan", no_wrap=True)] if roomy else []),
        )
    parts.append(made)
    for row in models:
        parts += _who(row)
        parts += [marked(cause) for cause in sentences.causes(row, overview.at)] if row.state == "losing" else []
        parts += _helps(row)
    parts.append(Words(f"{overview.environment} · {sentences.freshness(overview)}", style="dim"))
    return Group(*parts)


def spark_blocks(row: ModelRow) -> str:
    """Draw the value over time in eight heights; a dot where it is unknown.

    Examples
    --------
    >>> from mainstay.render.overview import ModelRow
    >>> spark_blocks(ModelRow(name="churn", state="idle"))
    ''

    """
    if row.timeline is None:
        return ""
    values = [svg.finite(p.value) for p in thin(row.timeline.points, _WIDTH)][-_WIDTH:]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = max(high - low, 0.25 * max(abs(low), abs(high)), 1e-12)  # a quiet line must look quiet
    middle = (low + high) / 2
    heights = [None if v is None else round(3.5 + 7 * (v - middle) / span) for v in values]
    return "".join("·" if h is None else _BLOCKS[min(max(h, 0), 7)] for h in heights)


def _who(row: ModelRow) -> list[RenderableType]:
    """Name a canary or the arms of a test, and the workers that are behind."""
    lines = [Words.assemble((f"{row.name}: ", "dim"), row.who)] if row.who else []
    lines += [Words.assemble((f"{row.name}: ", "dim"), (behind, "yellow")) for behind in row.behind]
    for line in lines:
        line.overflow = "fold"
    return list(lines)


def _helps(row: ModelRow) -> list[RenderableType]:
    if not row.command:
        return []
    line = Words.assemble((f"{row.name}: ", "dim"), (row.command, "cyan"))
    line.overflow = "fold"
    return [line]
