"""`history`, `hold` and `resume`: who answered, and whether anybody but people may change that."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here, reason_option, whoever
from mainstay.cli.output import announce, say, show, show_json
from mainstay.cli.times import Ago

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--at", type=Ago(past=True), metavar="WHEN", help="What answered then: 2h ago, or 2026-11-20T09:00 (UTC)."
)
@on_project
def history(at: dt.datetime | None, *, folder: Path, as_json: bool) -> None:
    """Who answered, since when, by whom and why; newest first. With --at: what answered then."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if at is not None:
        answered = lifecycle.answered_at(project, at)
        if as_json:
            show_json(answered)
        else:
            show(lifecycle.answered_document(answered))
        return
    rows = lifecycle.history(project)
    if as_json:
        show_json(rows)
    else:
        show(lifecycle.history_document(project.name, rows, lifecycle.held(project)))


@click.command()
@reason_option
@on_project
def hold(*, reason: str, folder: Path, as_json: bool) -> None:
    """Keep the controller from changing who answers, until `mainstay resume`: it looks and tells, and that is all."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "holding the controller")
    said = lifecycle.hold(project, reason=reason, now=dt.datetime.now(dt.UTC), by=whoever())
    if as_json:
        show_json(said)
    else:
        say(f'{project.name}: from now on people alone change who answers, until: mainstay resume --reason "…"')


@click.command()
@reason_option
@on_project
def resume(*, reason: str, folder: Path, as_json: bool) -> None:
    """Let the controller act again, after `mainstay hold` or a rollback."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "letting the controller act again")
    said = lifecycle.resume(project, reason=reason, now=dt.datetime.now(dt.UTC), by=whoever())
    if as_json:
        show_json(said)
    else:
        say(f"{project.name}: the controller may act again: a canary with steps goes on where its windows are clean.")
