"""The `admin` group: operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mainstay.cli.admin_api_keys import api_keys
from mainstay.cli.admin_backup import admin_backup, admin_restore
from mainstay.cli.admin_doctor import admin_doctor
from mainstay.cli.admin_gc import admin_gc
from mainstay.cli.admin_keys import keys
from mainstay.cli.options import open_here, project_option
from mainstay.cli.processes import host_option, insecure_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def admin() -> None:
    """Operations: the books looked after, and the dashboard by itself."""


@admin.command("web")
@project_option
@host_option
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="Where to listen.")
@insecure_option
def admin_web(folder: Path, host: str, port: int, *, insecure: bool) -> None:
    """Show the dashboard, by itself."""
    from mainstay.lifecycle.processes import replace_by_dashboard  # noqa: PLC0415 - keeps --help fast

    replace_by_dashboard([open_here(folder).root], host=host, port=port, insecure=insecure)


admin.add_command(admin_doctor)
admin.add_command(keys)
admin.add_command(api_keys)
admin.add_command(admin_gc)
admin.add_command(admin_backup)
admin.add_command(admin_restore)
