"""`history`, `hold` and `resume`: who answered, and whether anybody but people may change that."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from mainstay.cli.options import on_project, open_here, reason_option, whoever
from mainstay.cli.output import announce, say, show, show_json

if TYPE_CHECKING:
    from pathlib import Path


class _Moment(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """A moment in ISO 8601; without an offset it is UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Read it, or say how one is written."""
        try:
            at = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"'{value}' is no moment, which is written 2026-11-20T09:00 or 2026-11-20T09:00+01:00", param, ctx
            )
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


@click.command()
@click.option("--at", type=_Moment(), help="What answered at this moment: 2026-11-20T09:00 (UTC), or with +01:00.")
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
    """Keep the controller from promoting a canary, until `mainstay resume`. Rolling back it still may."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "holding automatic promotion")
    said = lifecycle.hold(project, reason=reason, now=dt.datetime.now(dt.UTC), by=whoever())
    if as_json:
        show_json(said)
    else:
        say(f'{project.name}: nothing is promoted by itself from now on. Let it go on: mainstay resume --reason "…"')


@click.command()
@reason_option
@on_project
def resume(*, reason: str, folder: Path, as_json: bool) -> None:
    """Let the controller promote again, after `mainstay hold` or a rollback."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "resuming automatic promotion")
    said = lifecycle.resume(project, reason=reason, now=dt.datetime.now(dt.UTC), by=whoever())
    if as_json:
        show_json(said)
    else:
        say(f"{project.name}: a canary with steps goes on by itself where its windows are clean.")
