"""`version list`: what was built, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import show, show_json

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

_SHOWN = 30


@click.command("list")
@click.option(
    "--made-of", "whats", metavar="WHAT", multiple=True, help="Only those made of a file, commit, package ..."
)
@click.option("--all", "whole", is_flag=True, help=f"Not only the newest {_SHOWN}.")
@on_project
def version_list(whats: tuple[str, ...], *, whole: bool, folder: Path, as_json: bool) -> None:
    """List the versions, newest first; with --made-of, those that are made of all of it.

    WHAT is a file; a commit, fingerprint or other hash (its start is enough); a package, numpy or numpy==2.1.0; a
    parameter, learning_rate=0.1; or 'version 3', for what was made from it.
    """
    project = open_here(folder)
    if whats:
        _made_of(project, whats, as_json=as_json)
        return
    # The one room concerned: lifecycle would bring the training stack, five times what this takes.
    from mainstay.registry.listing import versions_document  # noqa: PLC0415 - keeps --help fast
    from mainstay.release import open_books  # noqa: PLC0415 - keeps --help fast

    with open_books(project) as books:
        found, total = books.registry.newest(project.name, None if whole or as_json else _SHOWN)
    if as_json:
        show_json(found)
    else:
        show(versions_document(project.name, found, total))


def _made_of(project: Project, whats: tuple[str, ...], *, as_json: bool) -> None:
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    found = lifecycle.made_of(project, whats)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.made_of_document(found))
