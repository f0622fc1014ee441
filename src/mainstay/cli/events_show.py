"""`events show`: everything about one id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here, whoever
from mainstay.cli.output import show, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("show")
@click.argument("name", metavar="ID")
@on_project
def events_show(name: str, *, folder: Path, as_json: bool) -> None:
    """Show everything about ID: of an answer its features, score, decision, shadows, feedback and what counts as truth.

    ID may be that of an answer, a request, feedback, a refusal, a finding or an action. That you looked is logged.
    """
    from mainstay.events.showing import show_events, shown_document  # noqa: PLC0415 - keeps --help fast

    shown = show_events(open_here(folder), name, by=whoever())
    if as_json:
        show_json(shown)
    else:
        show(shown_document(shown))
