"""`events erase`: a person leaves the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here, whoever
from mainstay.cli.output import show, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("erase")
@click.option("--key", required=True, help="Whom it is about: the id of the person, as callers send it.")
@click.option("--reason", default="", help="Why; kept in the receipt and in the log. Don't name the person.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed where, and change nothing.")
@on_project
def events_erase(*, key: str, reason: str, dry_run: bool, folder: Path, as_json: bool) -> None:
    """Erase a person: destroy the key, remove every event and copy, and look at every byte again.

    The receipt doesn't say who. An erasure that was interrupted is finished by calling it again. Exit 1 where something
    is left.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.errors import CheckError  # noqa: PLC0415 - keeps --help fast

    done = lifecycle.erase(open_here(folder), key, by=whoever(), reason=reason, dry_run=dry_run)
    if as_json:
        show_json(done)
    else:
        show(lifecycle.erased_document(done))
    if done.receipt.left:
        raise CheckError("Something of the person is left. Call it again; what is left is named above.")
