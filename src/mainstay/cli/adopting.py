"""`version adopt`: a model that was made elsewhere becomes the next version."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mainstay.cli.options import on_project, open_here, whoever
from mainstay.cli.output import announce, say, show, show_json


@click.command("adopt")
@click.argument("artefact", metavar="FILE|URI")
@click.option("--data", "source", type=click.Path(path_type=Path), help="Other rows than [data] source.")
@click.option("--holdout", type=click.Path(path_type=Path), help="Rows it never saw; else its scores are in-sample.")
@click.option("--refit", is_flag=True, help="Fit it anew on the training rows, where it can be.")
@click.option("--trust", multiple=True, metavar="SHA256|TYPE", help="Code that may run, or a type that may be built.")
@click.option("--allow-pickle", is_flag=True, help="Keep it as a pickle where it can't be saved safely.")
@on_project
def version_adopt(
    artefact: str,
    source: Path | None,
    holdout: Path | None,
    *,
    refit: bool,
    trust: tuple[str, ...],
    allow_pickle: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Take a model that was made elsewhere for the next version, and judge it.

    A saved file (.onnx .txt .lgb .json .ubj .cbm .skops .toml .py .pkl .joblib), a folder of MLflow or its URI.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"adopting {artefact}")
    brought = lifecycle.read_brought(project, artefact, trust=trust, refit=refit, allow_pickle=allow_pickle)
    adopted = lifecycle.adopt(
        project,
        brought,
        now=dt.datetime.now(dt.UTC),
        by=whoever(),
        source=source,
        holdout=holdout,
        progress=lambda line: say(f"  {line}"),
    )
    lifecycle.mirror(project, say, seconds=lifecycle.LATER)
    if as_json:
        show_json(adopted)
        return
    show(lifecycle.report_document(project, adopted.version.number))
    if adopted.note:
        say(f"  {adopted.note}")
    said = ". It passes its gates" if adopted.verdict.ok else ", but it fails a gate: mainstay gate says which"
    say(f"{project.name}: version {adopted.version.number} is registered{said}.")
