"""`version export` and `version import`: a version as one file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mainstay.cli.options import OUT, VERSION, on_project, open_here, whoever
from mainstay.cli.output import announce, say, show, show_json


@click.command("export")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--out", type=OUT, required=True, help="The file to write (.zip).")
@on_project
def version_export(number: int, out: Path, *, folder: Path, as_json: bool) -> None:
    """Write VERSION as one file, with its signature; another registry imports it."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    moved = lifecycle.export_version(project, number, out)
    if as_json:
        show_json(moved)
    else:
        show(lifecycle.moved_document(project, number, moved))


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--parent", type=VERSION, help="The version of this registry that it follows.")
@on_project
def version_import(path: Path, parent: int | None, *, folder: Path, as_json: bool) -> None:
    """Register a version that was exported elsewhere; then: mainstay gate."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"importing {path}")
    version = lifecycle.import_version(project, path, parent=parent, now=dt.datetime.now(dt.UTC), by=whoever())
    lifecycle.mirror(project, say, seconds=lifecycle.LATER)
    if as_json:
        show_json(version)
    else:
        show(lifecycle.imported_document(project, version))
