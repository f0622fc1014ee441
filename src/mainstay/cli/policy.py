"""`version policy`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from mainstay.cli.optimizing import HOLDOUT
from mainstay.cli.options import VERSION, on_project, open_here, whoever
from mainstay.cli.output import announce, say, show_derived

if TYPE_CHECKING:
    from pathlib import Path


@click.command("policy")
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Yes/no: act on scores at or above it.")
@click.option("--margin", type=float, help="Amounts that differ between records: act above this expected gain.")
@click.option("--shift", type=float, help="Amounts: what to add to the forecast.")
@click.option("--capacity", help="At most so many actions: 500/week, 5% or none.")
@click.option("--money", is_flag=True, help="Derive it again from today's [money].")
@HOLDOUT
@on_project
def version_policy(
    number: int,
    threshold: float | None,
    margin: float | None,
    shift: float | None,
    capacity: str | None,
    holdout: Path | None,
    *,
    money: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Make a version that decides otherwise by the model of VERSION; nothing is trained again."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"another policy for version {number}")
    wanted = lifecycle.Wanted(
        threshold=threshold,
        margin=margin,
        shift=shift,
        capacity=None if capacity is None else lifecycle.read_capacity(capacity),
        money=project.money if money else None,
    )
    made = lifecycle.repolicy(
        project,
        number,
        wanted,
        now=dt.datetime.now(dt.UTC),
        by=whoever(),
        holdout=holdout,
        progress=lambda line: say(f"  {line}"),
    )
    show_derived(
        project,
        made,
        lifecycle.repoliced_document(project.name, made),
        f"the model of version {number}",
        as_json=as_json,
    )
