"""`train` and `gate`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mainstay.cli.options import OUT, VERSION, on_project, open_here, whoever
from mainstay.cli.output import announce, say, show, show_json


@click.command()
@click.option("--data", "source", type=click.Path(path_type=Path), help="Other rows than [data] source.")
@click.option("--from-events", "events", is_flag=True, help="The records that were answered, with their outcomes.")
@click.option("--since", default="", help="Of the events: from this moment on, or so far back (90d).")
@click.option("--until", default="", help="Of the events: before this moment (default: now).")
@click.option("--metrics", type=OUT, help="Write its numbers here too (JSON).")
@on_project
def train(
    source: Path | None, metrics: Path | None, *, events: bool, since: str, until: str, folder: Path, as_json: bool
) -> None:
    """Train, evaluate, gate and register the next version."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    logged = events or bool(since or until)
    if logged and source is not None:
        raise click.UsageError("--data names other rows than those of the event log; give one of them.")
    project, now = open_here(folder), dt.datetime.now(dt.UTC)
    announce(project, "training")
    trained = lifecycle.train(
        project,
        now=now,
        by=whoever(),
        source=lifecycle.log_source(project, since, until, now=now) if logged else source,
        progress=lambda line: say(f"  {line}"),
    )
    if metrics:
        lifecycle.write_training(trained, metrics)
    lifecycle.mirror(project, say, seconds=lifecycle.LATER)
    if as_json:
        show_json(trained)
        return
    show(lifecycle.trained_document(trained))
    if trained.note:
        say(f"  {trained.note}")
    said = ". It passes its gates" if trained.verdict.ok else ", but it fails a gate: release it with --trial alone"
    say(f"{project.name}: version {trained.version.number} is registered{said}.")


@click.command()
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--junit", type=OUT, help="Write the gates here as JUnit XML too.")
@click.option("--markdown", type=OUT, help="Write a pull request's comment here too.")
@on_project
def gate(number: int, junit: Path | None, markdown: Path | None, *, folder: Path, as_json: bool) -> None:
    """Judge VERSION again with today's project file; exit 1 when a gate fails."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import GateError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    verdict = lifecycle.gate(project, number, now=dt.datetime.now(dt.UTC), by=whoever())
    lifecycle.write_verdict(project, number, verdict, junit=junit, markdown=markdown)
    lifecycle.mirror(project, say)
    if as_json:
        show_json(verdict)
    else:
        show(lifecycle.verdict_document(project.name, number, verdict))
    if not verdict.ok:
        names = ", ".join(f"{finding.measure} ({finding.where})" for finding in verdict.failed)
        raise GateError(f"{project.name} version {number} fails: {names}.")
