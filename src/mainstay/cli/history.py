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
            read = dt.datetime.fromisoformat(str(value))
            at = (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is no moment, which is written 2026-11-20T09:00 or 2026-11-20T09:00+01:00", param, ctx
            )
        if at > dt.datetime.now(dt.UTC):
            self.fail(f"{at:%Y-%m-%d %H:%M} UTC is still to come, and nobody can say what answers then", param, ctx)
        return at


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
