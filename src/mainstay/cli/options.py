"""What verbs share: the project they act on, and how they print."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project

F = TypeVar("F", bound="Callable[..., Any]")


class VersionNumber(click.ParamType):  # type: ignore[type-arg]  # the oldest click allowed has no argument here
    """The number of a version, from 1."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or say what a version is called."""
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
            self.fail(f"'{value}' is no version, versions are numbers from 1: mainstay version list", param, ctx)
        return int(text)


VERSION = VersionNumber()
OUT = click.Path(path_type=Path, dir_okay=False)

project_option = click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The project's folder (default: this one).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
reason_option = click.option("--reason", default="", help="Why; kept in the history.")

wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds until every worker should serve it; 0: don't look.",
)


def on_project(function: F) -> F:
    """Add the options every verb on a project takes: --project and --json."""
    return project_option(json_option(function))


def open_here(folder: Path) -> Project:
    """Open the project the verb acts on: the folder named, or the nearest one at or above it."""
    from mainstay.project import find_project, open_project  # noqa: PLC0415 - keeps --help fast

    return find_project(folder) if folder == Path() else open_project(folder)


def whoever() -> str:
    """Name who is asking, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
