"""The `version` group: what was built, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.adopting import version_adopt
from mainstay.cli.checkout import version_checkout
from mainstay.cli.moving import version_export, version_import
from mainstay.cli.optimizing import version_optimize
from mainstay.cli.options import OUT, VERSION, on_project, open_here
from mainstay.cli.output import show, show_json
from mainstay.cli.policy import version_policy
from mainstay.cli.reproduce import version_reproduce
from mainstay.cli.version_list import version_list

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def version() -> None:
    """Versions: what was built, one by one."""


@version.command("diff")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.argument("other", metavar="OTHER", type=VERSION)
@click.option("--out", type=OUT, help="Write it here too (.html or .md).")
@on_project
def version_diff(number: int, other: int, out: Path | None, *, folder: Path, as_json: bool) -> None:
    """Say what differs from OTHER to VERSION: data, code, parameters, packages, measures, and decisions for whom."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    apart = lifecycle.diff(open_here(folder), number, other)
    if out is not None:
        lifecycle.write_diff(apart, out)
    if as_json:
        show_json(apart)
    else:
        show(lifecycle.diff_document(apart))


@version.command("show")
@click.argument("number", metavar="VERSION", type=VERSION)
@on_project
def version_show(number: int, *, folder: Path, as_json: bool) -> None:
    """Show the report of VERSION, its gates, the data that trained it and what else it is made of."""
    import msgspec  # noqa: PLC0415 - keeps --help fast

    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    document = lifecycle.report_document(project, number)
    origin, made = lifecycle.origin(project, number), lifecycle.made(project, number)
    if as_json:
        show_json(msgspec.to_builtins(document) | {"data": origin, "made": made})
    else:
        blocks = (*document.blocks, *lifecycle.origin_blocks(origin), *lifecycle.made_blocks(made))
        show(msgspec.structs.replace(document, blocks=blocks))


@version.command("testscore")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--out", type=OUT, help="Write it here too (.html or .md).")
@on_project
def version_testscore(number: int, out: Path | None, *, folder: Path, as_json: bool) -> None:
    """Score VERSION by the ML Test Score: 28 tests, each with its evidence and what would earn the rest."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    found = lifecycle.testscore(open_here(folder), number)
    if out is not None:
        lifecycle.write_score(found, out)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.score_document(found))


@version.command("card")
@click.argument("number", metavar="VERSION", type=VERSION)
@on_project
def version_card(number: int, *, folder: Path, as_json: bool) -> None:
    """Print the model card of VERSION (Markdown)."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast
    from mainstay.render.inline import clean  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    card = lifecycle.card(project, number)
    if as_json:
        show_json({"model": project.name, "version": number, "card": card})
    else:
        click.echo(clean(card))  # a bundle may come from anywhere


version.add_command(version_list)
version.add_command(version_adopt)
version.add_command(version_checkout)
version.add_command(version_optimize)
version.add_command(version_policy)
version.add_command(version_export)
version.add_command(version_import)
version.add_command(version_reproduce)
