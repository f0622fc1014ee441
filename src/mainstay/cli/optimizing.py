"""`version optimize` and `export onnx`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mainstay.cli.options import VERSION, on_project, open_here, whoever
from mainstay.cli.output import announce, say, show, show_derived, show_json

HOLDOUT = click.option(
    "--holdout",
    type=click.Path(path_type=Path),
    help="The rows VERSION was judged on, where they weren't held out of its source.",
)


@click.command("optimize")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option(
    "--quantize",
    type=click.Choice(["dynamic", "static"]),
    help="Turn a network's weights into integers of 8 bits; static: with ranges taken from training rows.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    help="Share of what VERSION gains over doing nothing that may be lost (default: [evaluation] tolerance).",
)
@click.option(
    "--equal-decisions",
    type=click.FloatRange(0, 1),
    help="Share of held-out rows that must be decided alike (default: 0.999, quantised 0.995).",
)
@HOLDOUT
@on_project
def version_optimize(
    number: int,
    quantize: str | None,
    tolerance: float | None,
    equal_decisions: float | None,
    holdout: Path | None,
    *,
    folder: Path,
    as_json: bool,
) -> None:
    """Make a faster version of VERSION, compared with it on held-out rows; exit 1 where it loses too much."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"optimising version {number}")
    made = lifecycle.optimize(
        project,
        number,
        now=dt.datetime.now(dt.UTC),
        by=whoever(),
        quantized="dynamic" if quantize == "dynamic" else "static" if quantize else None,
        tolerance=tolerance,
        equal_decisions=equal_decisions,
        holdout=holdout,
        progress=lambda line: say(f"  {line}"),
    )
    show_derived(
        project,
        made,
        lifecycle.optimized_document(project.name, made),
        f"made from version {number}",
        as_json=as_json,
    )


@click.command("onnx")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@HOLDOUT
@on_project
def export_onnx(number: int, out: Path, holdout: Path | None, *, folder: Path, as_json: bool) -> None:
    """Write VERSION's model as an ONNX file; exit 1, and no file, where it would answer differently."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    written = lifecycle.export_onnx(project, number, out, holdout)
    if as_json:
        show_json(written)
        return
    show(lifecycle.exported_document(project.name, number, written))
