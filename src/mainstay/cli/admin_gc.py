"""`admin gc`: what nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import announce, show, show_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command("gc")
@click.option("--keep-days", type=click.IntRange(min=0), help="Instead of [registry] keep_days.")
@click.option("--keep-versions", type=click.IntRange(min=0), help="Instead of [registry] keep_versions.")
@click.option("--orphans", is_flag=True, help="Also old bundles that no version has.")
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@on_project
def admin_gc(
    keep_days: int | None,
    keep_versions: int | None,
    *,
    orphans: bool,
    dry_run: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Remove bundles, leftovers and copies that nobody needs any more; what is known of a version stays."""
    import datetime as dt  # noqa: PLC0415 - keeps --help fast

    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if not dry_run:
        announce(project, "removing what nobody needs any more")
    now = dt.datetime.now(dt.UTC)
    done = lifecycle.collect(project, now=now, days=keep_days, newest=keep_versions, orphans=orphans, dry=dry_run)
    if as_json:
        show_json(done)
    else:
        show(lifecycle.collected_document(done))
