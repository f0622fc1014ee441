"""`events windows`: what was answered, window by window."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show, show_json
from mainstay.cli.times import AGO, TimeLength

if TYPE_CHECKING:
    from pathlib import Path

_EVERY = TimeLength("15m, 6h, 1d, 2w; a second at least, a year at most", least=1, most=366 * 86_400)


@click.command("windows")
@click.option("--since", type=AGO, metavar="WHEN", help="Not before: 30d ago, or 2026-11-20T09:00 (UTC).")
@click.option("--until", type=AGO, metavar="WHEN", help="Until then (default: now).")
@click.option("--every", type=_EVERY, default="1d", show_default=True, help="How long a window is: 15m, 6h, 1d.")
@click.option("--count", "answers", type=click.IntRange(min=1), metavar="N", help="Windows of N answers instead.")
@click.option("--by", default="", metavar="WHAT", help="Apart by: version, role, consumer, segment:NAME.")
@on_project
def events_windows(
    since: dt.datetime | None,
    until: dt.datetime | None,
    every: dt.timedelta,
    answers: int | None,
    by: str,
    *,
    folder: Path,
    as_json: bool,
) -> None:
    """Sum up what was answered, window by window: counts, shares, scores, outcomes, latencies, KPIs.

    Windows are sums of stored profiles, so that a month costs no scan of the log.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    now = dt.datetime.now(dt.UTC)
    found = lifecycle.windows(project, now=now, since=since, until=until, every=every, answers=answers, by=by)
    if as_json:
        show_json(found.figures)
    elif found.figures:
        show(lifecycle.windows_document(found))
    else:
        span = "" if since is None and until is None else " in this span"
        enough = "" if answers is None else f", or fewer than {answers} answers,"
        say(f"{project.name}: nothing was answered{enough}{span} so far: no window to show.")
