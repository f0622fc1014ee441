"""`admin doctor`: every hash and every reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import announce, show, show_json
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from pathlib import Path


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Mend what can be derived from something else.")
@on_project
def admin_doctor(*, repair: bool, folder: Path, as_json: bool) -> None:
    """Check every hash and every reference of the books; exit 1 where something is broken."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if repair:
        announce(project, "mending what can be derived")
    found = lifecycle.examine(project, repair=repair)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.examination_document(found))
    if found.broken:
        raise CheckError(f"{project.name}: {counted(len(found.broken), 'thing')} in the books must be mended.")
