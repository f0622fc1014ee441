"""`version reproduce`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import VERSION, on_project, open_here
from mainstay.cli.output import say, show, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("reproduce")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--here", is_flag=True, help="Train in this environment instead of a fresh one.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=3600, show_default=True, help="Seconds it may take altogether."
)
@on_project
def version_reproduce(number: int, timeout: float, *, here: bool, folder: Path, as_json: bool) -> None:
    """Make VERSION again of its recorded code, rows and environment, and compare; exit 1 where it isn't the same.

    Nothing of the project is changed: it trains in a throw-away folder.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    found = lifecycle.reproduce(
        open_here(folder), number, here=here, timeout=timeout, progress=lambda line: say(f"  {line}")
    )
    if as_json:
        show_json(found)
    else:
        show(lifecycle.reproduction_document(found))
    if not found.ok:
        raise CheckError(f"{found.model} version {found.version}: {found.said}")
