"""`events windows`: what was answered, window by window."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show, show_json
from mainstay.cli.times import AGO

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH = re.compile(r"\d{1,6}(\.\d{1,3})?[smhdw]")


class _Length(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A length of time: ``15m``, ``6h``, ``1d``."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        """Read it, or say how one is written."""
        from mainstay.project.lengths import seconds_of  # noqa: PLC0415 - keeps --help fast

        text = str(value)
        if not _LENGTH.fullmatch(text) or not 1 <= seconds_of(text) <= 366 * 86_400:
            self.fail(f"'{text[:40]}' is no length of a window: 15m, 6h, 1d, 2w; a second at least.", param, ctx)
        return dt.timedelta(seconds=seconds_of(text))


@click.command("windows")
@click.option("--since", type=AGO, metavar="WHEN", help="Not before: 30d ago, or 2026-11-20T09:00 (UTC).")
@click.option("--until", type=AGO, metavar="WHEN", help="Until then (default: now).")
@click.option("--every", type=_Length(), default="1d", show_default=True, help="How long a window is: 15m, 6h, 1d.")
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
