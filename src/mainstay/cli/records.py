"""`predict`, `explain` and `feedback`: files in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show, show_json
from mainstay.cli.times import LENGTH
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.models.explain import Explanation, Method


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
@click.argument("data", metavar="[FILE|-]", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.option("--id", "name", help="An answer that was given: replayed from the event log.")
@click.option("--version", "number", type=click.IntRange(min=1), help="Another version than the champion.")
@click.option(
    "--method",
    type=click.Choice(["auto", "exact", "sampling", "kernel", "lime"]),
    default="auto",
    show_default=True,
    help="How; auto is exact where the model can be, else sampling.",
)
@click.option("--label", help="The label whose probability to explain.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to: .jsonl, .csv or .html.")
@on_project
def explain(
    data: Path | None,
    name: str | None,
    number: int | None,
    method: Method,
    label: str | None,
    out: Path | None,
    *,
    folder: Path,
    as_json: bool,
) -> None:
    """Say why: what each field adds to the score of the records in FILE, or (--id) to an answer that was given.

    FILE is csv, parquet or JSON lines; - reads standard input. Nothing is logged.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if (data is None) == (name is None):
        raise click.UsageError("Give FILE (or -), or --id with the id of an answer.")
    if name is not None and number is not None:
        raise click.UsageError("--id is explained by the version that answered: leave --version out.")
    project = open_here(folder)
    told: lifecycle.Explained | lifecycle.Replayed
    found: tuple[Explanation, ...]
    if name is not None:
        told = lifecycle.explain_prediction(project, name, method=method, label=label)
        found, document = (told.explanation,), lifecycle.replayed_document(told)
    else:
        source = None if data is None or str(data) == "-" else data
        told = lifecycle.explain_file(project, source, number=number, method=method, label=label)
        found, document = told.explanations, lifecycle.explained_document(told)
    if out is not None:
        lifecycle.write_explained(found, out, document.title)
        say(f"{project.name} v{told.version}: {counted(len(found), 'explanation')} written into {out}")
    if as_json:
        show_json(told)
    elif out is None:
        show(document)


@click.command()
@click.argument("data", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--within",
    type=LENGTH,
    help="How long after its answer an outcome may happen, where FILE says whom and when: 90d. Default: any time.",
)
@on_project
def feedback(data: Path, within: dt.timedelta | None, *, folder: Path, as_json: bool) -> None:
    """Hand in what really happened: FILE (csv, parquet) has columns id, label, at, followed, kpi.NAME as far as known.

    Instead of id it may say whom an outcome is about, in the contract's id column, and when it happened, in at: then
    the latest answer before is meant. All of the file is taken, or none.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    taken = lifecycle.take_feedback(project, data, within=within)
    if as_json:
        show_json(taken)
        return
    for line in lifecycle.describe_taken(taken):
        say(f"{project.name}: {line}")
