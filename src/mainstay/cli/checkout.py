"""`version checkout`."""

from __future__ import annotations

from pathlib import Path

import click

from mainstay.cli.options import VERSION, on_project, open_here
from mainstay.cli.output import announce, show, show_json


@click.command("checkout")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Into a new folder instead.")
@on_project
def version_checkout(number: int, out: Path | None, *, folder: Path, as_json: bool) -> None:
    """Give back the code and the data of VERSION; exit 1 where not all of it could be.

    Nothing is lost by it: it refuses where changes weren't committed, and git's HEAD stays where it is.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"checking version {number} out{f' into {out}' if out else ''}")
    found = lifecycle.checkout(project, number, out=out)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.checkout_document(found))
    if not found.whole:
        raise CheckError(f"Not all of {project.name} version {number} could be given back.")
