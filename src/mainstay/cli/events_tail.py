"""`events tail`: the last events, and those to come, one line each."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say
from mainstay.cli.times import AGO

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from mainstay.events import Event, Stream
    from mainstay.events.follow import Follower

STREAMS: tuple[Stream, ...] = ("predictions", "feedback", "refusals", "findings", "actions", "audit")
_EVERY = 0.25  # seconds


@click.command("tail")
@click.option("-n", "many", type=click.IntRange(min=0), default=20, show_default=True, help="How many at most.")
@click.option("--stream", "streams", multiple=True, type=click.Choice(STREAMS), help="These alone; several times.")
@click.option("--since", type=AGO, metavar="WHEN", help="None older than this: 2h, 1d, 2026-11-20T09:00.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until stopped.")
@on_project
def events_tail(
    many: int, streams: tuple[Stream, ...], since: dt.datetime | None, *, follow: bool, folder: Path, as_json: bool
) -> None:
    """Show the last events, oldest first, one line each: time (UTC), stream, id, what happened.

    --json gives each event as it stands in the log: a JSON object a line, with ECS names.
    """
    from mainstay.events import event_time, open_log, tail  # noqa: PLC0415 - keeps --help fast
    from mainstay.events.follow import Follower  # noqa: PLC0415 - keeps --help fast

    project, wanted = open_here(folder), streams or STREAMS
    log = open_log(project)
    follower = Follower(log, wanted) if follow else None  # before the last ones are read, so that none falls between
    last = [event for event in tail(log, many, wanted) if since is None or event_time(event) >= since] if many else []
    if many and not last:
        say(f"{project.name}: the log holds no such event{'' if since is None else ' since then'}")
    _print(last, as_json=as_json)
    if follower is not None:
        _follow(follower, last, as_json=as_json)


def _follow(follower: Follower, last: list[Event], *, as_json: bool) -> None:
    shown = set(map(_key, last))
    while True:
        _print([event for event in follower.new() if _key(event) not in shown], as_json=as_json)
        shown.clear()
        time.sleep(_EVERY)


def _key(event: Event) -> tuple[str, str]:
    from mainstay.events.line import event_id, stream_of  # noqa: PLC0415 - keeps --help fast

    return stream_of(event), event_id(event)


def _print(events: Iterable[Event], *, as_json: bool) -> None:
    from mainstay.events import encode_events  # noqa: PLC0415 - keeps --help fast
    from mainstay.events.line import event_line  # noqa: PLC0415 - keeps --help fast

    to_person = sys.stdout.isatty()
    for event in events:
        if not as_json:
            click.echo(event_line(event))
            continue
        line = encode_events([event]).decode().rstrip()
        click.echo(_escaped(line) if to_person else line)


def _escaped(line: str) -> str:
    """Write what would command a terminal as JSON escapes: the same event, in other bytes."""
    from mainstay.errors import UNSAFE  # noqa: PLC0415 - keeps --help fast

    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
