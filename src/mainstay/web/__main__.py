"""``python -m mainstay.web --project DIR [--project DIR2] --port P``: the dashboard as a process of its own."""

from __future__ import annotations

import getpass
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvicorn

from mainstay import lifecycle
from mainstay.errors import InputError, MainstayError, SetupError
from mainstay.monitoring.overview import build as build_overview
from mainstay.project import open_project
from mainstay.serving.process.address import is_loopback
from mainstay.serving.process.lifeline import leave_with
from mainstay.web.app import make_app

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.render.overview import Overview


@click.command()
@click.option("--project", "folders", multiple=True, required=True, type=click.Path(path_type=Path), help="A project.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="On which port.")
@click.option("--insecure", is_flag=True, help="Listen beyond this machine, without keys: anybody there can roll back.")
@click.option("--lifeline", type=int, hidden=True)
def main(folders: tuple[Path, ...], host: str, port: int, lifeline: int | None, *, insecure: bool) -> None:
    """Show the projects' overview, and roll back where a person asks for it."""
    leave_with(lifeline)
    try:
        _run(folders, host, port, insecure=insecure)
    except MainstayError as error:
        click.echo(f"{error.message} {error.cure}".strip(), err=True)
        sys.exit(error.exit_code)


def _run(folders: Sequence[Path], host: str, port: int, *, insecure: bool) -> None:
    if not insecure and not is_loopback(host):
        raise InputError(
            f"The dashboard has no keys yet, so it doesn't listen on {host}.",
            "Listen on 127.0.0.1 and come through a tunnel (ssh -L), or say --insecure.",
        )
    projects = {project.name: project for project in map(open_project, folders)}
    if len(projects) < len(folders):
        raise InputError("Two of these projects have the same name.", "Rename one in its [problem] section.")

    def build(now: dt.datetime) -> Overview:
        return build_overview(tuple(projects.values()), now)

    def rollback(name: str, reason: str, by: str) -> object:
        return lifecycle.rollback(projects[name], reason=reason, by=by)

    app = make_app(build, rollback, by=_who(), hosts=frozenset({"*"}) if insecure else frozenset())
    with _listen(host, port) as door:
        at = door.getsockname()
        shown = f"[{at[0]}]" if ":" in at[0] else at[0]
        click.echo(f"mainstay: dashboard at http://{shown}:{at[1]}/", err=True)
        config = uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[door])


def _listen(host: str, port: int) -> socket.socket:
    """Open the port before anything else, so that a taken one is told in a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host.strip("[]"), port))
        door.listen(128)  # whoever reads the address may come at once: they wait until the pages are ready
    except OSError as error:
        door.close()
        raise SetupError(
            f"Port {port} on {host} can't be used: {error.strerror}.", "Choose another: --port N, or end what uses it."
        ) from None
    return door


def _who() -> str:
    """Name who runs this process; the history can't know more without keys."""
    try:
        return f"{getpass.getuser()} (dashboard)"
    except (KeyError, OSError):  # a container's user without a name
        return "dashboard"


if __name__ == "__main__":
    main(prog_name="python -m mainstay.web")
