"""`predict` and `feedback`: files in and out."""

from __future__ import annotations

from pathlib import Path

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show_json


@click.command()
@click.argument("data", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where to: .parquet, .csv or .jsonl.")
@click.option("--version", "number", type=click.IntRange(min=1), help="Another version than the champion.")
@on_project
def predict(data: Path, out: Path, number: int | None, *, folder: Path, as_json: bool) -> None:
    """Score FILE with the champion: same contract, same model, same log as over HTTP."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    scored = lifecycle.predict_file(project, data, out, number=number)
    if as_json:
        show_json(scored)
    else:
        say(f"{project.name} v{scored.version}: {scored.scored} of {scored.rows} rows scored into {scored.out}")
        if scored.id_column != "id":
            say(f"{data.name} has a column 'id' of its own: the ids that feedback needs are in '{scored.id_column}'")
        if scored.refused:
            say(f"{scored.refused} rows were refused; they stand with the reason in {scored.refused_to}")
        for what, count in scored.policies.items():
            say(f"{count} rows: {what}")


@click.command()
@click.argument("data", metavar="FILE", type=click.Path(path_type=Path))
@on_project
def feedback(data: Path, *, folder: Path, as_json: bool) -> None:
    """Hand in what really happened: FILE has columns id, label and, if known, at (csv or parquet)."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    taken = lifecycle.take_feedback(project, data)
    if as_json:
        show_json(taken)
    else:
        say(f"{project.name}: {taken.accepted} outcomes taken, {taken.unknown} of them for ids nobody predicted")
