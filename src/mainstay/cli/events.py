"""The `events` group: the event log, read, taken out, looked after; a file per verb."""

from __future__ import annotations

import click

from mainstay.cli.events_erase import events_erase
from mainstay.cli.events_export import events_export
from mainstay.cli.events_replay import events_replay
from mainstay.cli.events_send import events_send
from mainstay.cli.events_ship import events_ship
from mainstay.cli.events_show import events_show
from mainstay.cli.events_tail import events_tail
from mainstay.cli.events_windows import events_windows


@click.group()
def events() -> None:
    """The event log."""


events.add_command(events_tail)
events.add_command(events_ship)
events.add_command(events_show)
events.add_command(events_export)
events.add_command(events_replay)
events.add_command(events_windows)
events.add_command(events_send)
events.add_command(events_erase)
