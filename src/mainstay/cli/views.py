"""`monitor`, `status` and `report`: what there is to see."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mainstay.cli.options import VERSION, on_project, open_here
from mainstay.cli.output import say, show, show_json
from mainstay.cli.times import AGO


@click.command()
@click.option("--fail", is_flag=True, help="Exit 1 when a finding fails.")
@click.option(
    "--as-known-at",
    "known_at",
    type=AGO,
    metavar="WHEN",
    help="Look as one would have looked then, by the outcomes that had arrived: 2h, 1d, 2026-11-20T09:00.",
)
@on_project
def monitor(*, fail: bool, known_at: dt.datetime | None, folder: Path, as_json: bool) -> None:
    """Look once at what was served: quality, drift, performance, money. Changes nothing."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    seen = lifecycle.monitor(project, now=dt.datetime.now(dt.UTC), known_at=known_at)
    if as_json:
        show_json(seen.findings)
    else:
        show(lifecycle.look_document(seen))
    failed = [finding for finding in seen.findings if finding.failed]
    if fail and failed:
        raise CheckError(f"{len(failed)} of {len(seen.findings)} findings failed.")


@click.command()
@on_project
def status(*, folder: Path, as_json: bool) -> None:
    """Everything on one screen: who answers, since when, what it earns, what changed."""
    import msgspec  # noqa: PLC0415 - keeps --help fast

    from mainstay.monitoring.overview import build  # noqa: PLC0415 - keeps --help fast
    from mainstay.registry.pointer import tree_agrees  # noqa: PLC0415 - keeps --help fast
    from mainstay.release import open_books  # noqa: PLC0415 - keeps --help fast
    from mainstay.render.overview_terminal import print_overview  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    with open_books(project) as books:  # the page shows what it can; here unreadable books are an error
        overview = build((project,), dt.datetime.now(dt.UTC))
        tree = tree_agrees(project.root, project.name, books.registry)
    if as_json:
        show_json(msgspec.to_builtins(overview) | {"tree": tree})
        return
    print_overview(overview)
    if tree.state != "none":
        click.echo(tree.words)


@click.command()
@click.argument("number", metavar="[VERSION]", type=VERSION, required=False)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to (.html or .md).")
@click.option("--full", is_flag=True, help="Everything that was measured, and not the owner's short page.")
@on_project
def report(number: int | None, out: Path | None, *, full: bool, folder: Path, as_json: bool) -> None:
    """Write the owner's page about a version (default: the one that answers)."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    written = lifecycle.write_report(project, number, out, full=full, now=dt.datetime.now(dt.UTC))
    if as_json:
        show_json({"model": project.name, "path": str(written)})
    else:
        say(f"{project.name}: the owner's page is {written}")
