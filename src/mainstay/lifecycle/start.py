"""`up`: from a table or a project to a model that answers, is watched and can be looked at."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.data import DataSettings, draft_project, resolve_source, with_roles, write_project
from mainstay.errors import InputError, SetupError
from mainstay.lifecycle.order import train
from mainstay.lifecycle.processes import (
    Children,
    controller_command,
    dashboard_command,
    demand_free,
    server_command,
    wait_until_ready,
)
from mainstay.lifecycle.releasing import release
from mainstay.project import open_project
from mainstay.project.project import FILE
from mainstay.release import open_books
from mainstay.serving.settings import ServingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project


def up(root: Path, *, host: str, port: int, every: float, by: str, tell: Callable[[str], None]) -> None:
    """Train and trial-release if nothing is released yet, then serve, operate and show until Ctrl-C."""
    project = open_project(root)
    demand_free(host, port)
    demand_free(host, port + 1)
    if project.section("serving", ServingSettings).grpc_port in (port, port + 1):
        raise InputError(
            f"gRPC and `up` want the same port: answers go to {port}, the dashboard to {port + 1}.",
            f"Set [serving] grpc_port to another, such as {port + 2}, or choose another with --port N.",
        )
    first_release(project, by=by, tell=tell)
    with Children() as children:
        start(children, root, host=host, port=port, every=every)
        tell(f"answers    http://{host}:{port}/models/{project.name}/predict   (try it: http://{host}:{port}/docs)")
        tell(f"dashboard  http://{host}:{port + 1}/")
        tell(f"project    {root}   (mainstay status --project {root})")
        tell("Ctrl-C ends all three processes.")
        gone = children.wait()
    if gone:
        raise SetupError(f"The {gone} ended by itself.", "Its last words are above.")


def project_from_table(data: Path, target: str, *, tell: Callable[[str], None]) -> Path:
    """Draft a project beside where we stand, named after the table; use the one that is there already."""
    folder = Path.cwd() / (data.stem.lower().replace(" ", "-") or "model")
    if (folder / FILE).exists():
        project = open_project(folder)
        settings = with_roles(project.section("data", DataSettings), load_contract(folder / CONTRACT), project)
        if settings.target != target or resolve_source(project, settings).path != data.expanduser().resolve():
            raise InputError(
                f"{folder} already holds a project: it predicts '{settings.target}' from {settings.source}.",
                f"Start that one (mainstay up --project {folder}), or draft another: mainstay init {data} --target "
                f"{target} --dir OTHER",
            )
        tell(f"using the project in {folder}")
        return folder
    draft = draft_project(data, target, folder)
    for path in write_project(draft, folder):
        tell(f"drafted {path}")
    for note in draft.notes:
        tell(f"  {note}")
    return folder


def first_release(project: Project, *, by: str, tell: Callable[[str], None]) -> None:
    """Make sure something is released: on trial where the problem is not described or a gate failed."""
    with open_books(project) as books:
        released = books.releases.last_id(project.name) > 0
        known = books.registry.versions(project.name)
    if released:
        return
    if known:
        number, ok = known[-1].number, known[-1].ok is True
    else:
        tell(f"{project.name}: training")
        trained = train(project, now=dt.datetime.now(dt.UTC), by=by, progress=lambda line: tell(f"  {line}"))
        number, ok = trained.version.number, trained.verdict.ok
    trial = not ok or bool(project.problem.empty)
    release(project, number, reason="first release, by mainstay up", by=by, trial=trial)
    tell(f"{project.name}: version {number} is released{' on trial, for this machine alone' if trial else ''}")


def start(children: Children, root: Path, *, host: str, port: int, every: float, log: Path | None = None) -> None:
    """Start server, controller and dashboard, and wait until the two that answer do."""
    server = children.start("server", server_command([root], host=host, port=port), log, ours=True)
    children.start("controller", controller_command(root, every=every), log, ours=True)
    pages = dashboard_command([root], host=host, port=port + 1)
    dashboard = children.start("dashboard", pages, log, ours=True)
    wait_until_ready(host, port, "/readyz", server)
    wait_until_ready(host, port + 1, "/livez", dashboard)
