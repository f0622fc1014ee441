"""`events replay`: answers in the log computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import show, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("replay")
@click.argument("name", metavar="[ID]", required=False)
@click.option("--last", type=click.IntRange(min=1), help="Replay the last so many answers instead of one.")
@on_project
def events_replay(name: str | None, last: int | None, *, folder: Path, as_json: bool) -> None:
    """Compute the answer ID again, step by step; exit 1 where a step gives something else than was stored."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    if (name is None) == (last is None):
        raise click.UsageError("Give the ID of an answer, or --last with how many.")
    project = open_here(folder)
    found = lifecycle.replay_last(project, last) if name is None and last else (lifecycle.replay(project, name or ""),)
    document = lifecycle.replays_document(project.name, found) if last else lifecycle.replay_document(found[0])
    if as_json:
        show_json(found if last else found[0])
    else:
        show(document)
    wrong = [each for each in found if each.differs is not None]
    if wrong:
        raise CheckError(lifecycle.replay_told(wrong[0]))
