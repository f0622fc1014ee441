"""`serve`, `operate`, `up` and `demo`: what keeps running."""

from __future__ import annotations

from pathlib import Path

import click

from mainstay.cli.options import on_project, open_here, project_option, whoever
from mainstay.cli.output import say

_FILE = click.Path(path_type=Path, dir_okay=False)
port_option = click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=8000,
    show_default=True,
    envvar=["AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT"],  # of mainstay.serving.doors.hosts
    show_envvar=True,
    help="Where to listen.",
)
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
insecure_option = click.option(
    "--insecure", is_flag=True, help="Allow an address other machines can reach, without keys."
)


@click.command()
@click.argument("projects", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@project_option
@host_option
@port_option
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    envvar="WEB_CONCURRENCY",
    show_envvar=True,
    help="Worker processes.",
)
@click.option("--tls-cert", type=_FILE, help="Certificate, a PEM file; with --tls-key.")
@click.option("--tls-key", type=_FILE, help="Its private key, a PEM file.")
@click.option("--grpc-port", type=click.IntRange(0, 65535), help="Where to answer gRPC, too; 0: nowhere.")
@insecure_option
def serve(
    projects: tuple[Path, ...],
    folder: Path,
    host: str,
    port: int,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    grpc_port: int | None,
    *,
    insecure: bool,
) -> None:
    """Answer over HTTP for one project or several (mainstay serve churn/ credit/).

    The dashboard and the controller are processes of their own: `mainstay up` starts all three.
    """
    from mainstay.lifecycle.processes import replace_by_server  # noqa: PLC0415 - keeps --help fast

    if (tls_cert is None) is not (tls_key is None):
        raise click.UsageError("TLS needs a certificate and its key: --tls-cert FILE --tls-key FILE.")
    roots = [open_here(root).root for root in (projects or (folder,))]
    tls = (tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
    say("Nobody is watching: `mainstay operate` looks, alerts and acts; `mainstay up` starts everything.")
    replace_by_server(roots, host=host, port=port, workers=workers, grpc_port=grpc_port, insecure=insecure, tls=tls)


@click.command()
@click.option("--every", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="One look, its actions, and end.")
@on_project
def operate(every: float, *, once: bool, folder: Path, as_json: bool) -> None:
    """Run the controller: look at what was served, decide, alert and act. One leader at a time."""
    from mainstay.lifecycle.controller import run  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    say(f"{project.name}: looking once." if once else f"{project.name}: looking every {every:g} s. Ctrl-C ends it.")
    run(project, every=every, once=once, as_json=as_json, tell=say)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Start from this table instead of a project.")
@click.option("--target", default="", help="With --data: the column to predict.")
@project_option
@host_option
@port_option
@click.option("--every", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds between looks.")
def up(data: Path | None, target: str, folder: Path, host: str, port: int, every: float) -> None:
    """Train and trial-release if nothing is released yet, then serve, operate and show until Ctrl-C."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if data is not None:
        if not target:
            raise click.UsageError("--data wants --target too: the column to predict.")
        root = lifecycle.project_from_table(data, target, tell=say)
    else:
        root = open_here(folder).root
    lifecycle.up(root, host=host, port=port, every=every, by=whoever(), tell=say)


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("mainstay-demo"),
    show_default=True,
)
@click.option("--port", type=click.IntRange(1, 65534), default=8000, show_default=True, help="Where to listen.")
def demo(folder: Path, port: int) -> None:
    """Walk the whole road on a simulated subscription business; keeps serving until Ctrl-C (DEMO_EXIT=1: ends)."""
    from mainstay.cli.demo import run  # noqa: PLC0415 - keeps --help fast

    run(folder, port)
