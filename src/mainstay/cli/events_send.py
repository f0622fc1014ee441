"""`events send`: the log to an OpenTelemetry collector, as log records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import announce, say, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("send")
@click.option(
    "--otel", "collector", default="", metavar="URL", help="The collector; else OTEL_EXPORTER_OTLP_ENDPOINT names it."
)
@click.option("--once", is_flag=True, help="Send what is there, and stop.")
@on_project
def events_send(*, collector: str, once: bool, folder: Path, as_json: bool) -> None:
    """Send the log to an OpenTelemetry collector, each event at least once, until stopped.

    It goes on where it stopped, however it stopped. An event that is sent twice has the same event.id.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    to = lifecycle.Collector(collector)
    if not as_json:
        announce(project, f"sending its events to {to.address}")
    found = lifecycle.send_events(project, to, once=once, tell=say)
    if as_json:
        show_json(found)
    else:
        say(lifecycle.sent_line(project.name, found))
    if found.refused:
        raise CheckError(f"The collector refused {found.refused} events for good: {found.why}.", "Its log says why.")
