"""`events ship`: sealed segments of the event log go into its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("ship")
@on_project
def events_ship(*, folder: Path, as_json: bool) -> None:
    """Commit sealed segments of the event log to its Delta tables, as the controller does by itself.

    Once a day the tables are looked after as well: small files are made fewer, and what is older than [events] keep and
    keep_segments is deleted. Segments that are still written are left for the next time.
    """
    import datetime as dt  # noqa: PLC0415 - keeps --help fast

    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    done = lifecycle.ship_events(project, now=dt.datetime.now(dt.UTC))
    if as_json:
        show_json(done)
    else:
        say(done.told or f"{project.name}: all that is sealed is in the tables already.")
