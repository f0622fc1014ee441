"""`events export`: events into a file, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.events_tail import STREAMS
from mainstay.cli.options import OUT, VERSION, on_project, open_here, whoever
from mainstay.cli.output import announce, say, show_json
from mainstay.cli.times import AGO
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from mainstay.events import Stream
    from mainstay.events.export import Envelope

ROLES = ("champion", "canary", "challenger", "shadow")


@click.command("export")
@click.option("--out", required=True, type=OUT, help="Where to: .csv, .parquet or .jsonl.")
@click.option("--since", type=AGO, metavar="WHEN", help="From then on: 2h, 1d, 2026-11-20T09:00.")
@click.option("--until", type=AGO, metavar="WHEN", help="Until just before (default: now).")
@click.option("--version", "number", type=VERSION, help="Answers of this version alone.")
@click.option("--stream", type=click.Choice(STREAMS), default="predictions", show_default=True, help="What.")
@click.option("--role", type=click.Choice(ROLES), help="Answers in this role alone.")
@click.option("--envelope", type=click.Choice(["cloudevents", "kserve"]), help="As CloudEvents 1.0; .jsonl alone.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@on_project
def events_export(
    out: Path,
    since: dt.datetime | None,
    until: dt.datetime | None,
    number: int | None,
    stream: Stream,
    role: str | None,
    envelope: Envelope | None,
    *,
    force: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Write events into a file: one row each, first column id, with what isn't in the table yet.

    Personal features are there where their person's key lives. That you took them is logged.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.events.export import Asked  # noqa: PLC0415 - keeps --help fast

    if since is not None and until is not None and until <= since:
        raise click.UsageError("--until is no later than --since.")
    project = open_here(folder)
    if not as_json:
        announce(project, f"taking {stream} out of the log")
    asked = Asked(stream, since, until, number, role)
    done = lifecycle.export_events(project, out, asked, by=whoever(), envelope=envelope, force=force)
    if as_json:
        show_json(done)
        return
    found = f"{counted(done.events, 'event')} of the stream {stream}"
    say(f"{project.name}: {found} in {done.out}{'' if done.events else ', which has no rows but says the columns'}")
    for note in ((f"{done.torn} torn or damaged lines are left out",) if done.torn else ()) + done.notes:
        say(f"{project.name}: {note}")
