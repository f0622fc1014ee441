"""``python -m mainstay.serving``: the prediction server as a process."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import InputError, MainstayError
from mainstay.events.pseudonym import lonely_key
from mainstay.project import Project, open_project
from mainstay.serving.doors.hosts import PORTS, WORKERS, read_hosts, read_number
from mainstay.serving.doors.oip.rpc import demand_grpc
from mainstay.serving.guard.store import any_keys, demand_mounted
from mainstay.serving.guard.tls import Tls
from mainstay.serving.process.address import bind, is_loopback
from mainstay.serving.process.lifeline import leave_with
from mainstay.serving.process.server import run_worker
from mainstay.serving.process.supervisor import Supervisor
from mainstay.serving.served import say
from mainstay.serving.settings import ServingSettings, widest

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Serve; returns the exit code."""
    given = _parse(words)
    try:
        leave_with(given.lifeline)
        projects = _projects(given.project)
        rpc = _rpc_address(given, projects)
        if given.socket is not None:
            return _work(given, projects, rpc)
        _demand_environment(given, len(projects))
        demand_mounted()
        if told := " ".join(lonely_key()).strip():
            say(told)
        tls = _tls(given)
        keys = any_keys(projects)
        listener = bind(given.host, given.port, insecure=given.insecure, keys=keys)
        if keys and tls is None and not is_loopback(given.host):
            say("Keys and records cross the network in the clear: add --tls-cert and --tls-key, or a proxy with TLS.")
        if rpc:  # each worker listens by itself there: whether it is free is seen now
            port = int(rpc.rpartition(":")[2])
            bind(given.host, port, insecure=given.insecure, keys=keys, option="--grpc-port").close()
        if given.workers > 1:
            return _supervise(given, projects, listener)
        run_worker(projects, listener, loopback=is_loopback(given.host), insecure=given.insecure, tls=tls, rpc=rpc)
    except MainstayError as error:
        say(str(error))
        return error.exit_code
    return 0


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mainstay.serving", description=__doc__)
    parser.add_argument("--project", type=Path, action="append", help="a project's folder; can be given several times")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="where to listen")
    parser.add_argument("--grpc-port", type=int, help="where gRPC is answered, too; 0: nowhere")
    parser.add_argument("--workers", type=int, help="processes")
    parser.add_argument("--insecure", action="store_true", help="serve other machines although there are no keys")
    parser.add_argument("--tls-cert", type=Path, default=_path("MAINSTAY_TLS_CERT"), help="certificate, PEM")
    parser.add_argument("--tls-key", type=Path, default=_path("MAINSTAY_TLS_KEY"), help="its private key, PEM")
    parser.add_argument("--socket", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--told", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--announce", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def _demand_environment(given: argparse.Namespace, models: int) -> None:
    """Read from the environment what the command line doesn't say, and refuse what can't be meant there."""
    if given.port is None:
        given.port = read_number(os.environ, PORTS, 8000, 65535)
    if given.workers is None:
        given.workers = read_number(os.environ, WORKERS, 1, 64)
    read_hosts(os.environ, models)


def _path(name: str) -> Path | None:
    found = os.environ.get(name, "")
    return Path(found) if found else None


def _tls(given: argparse.Namespace) -> Tls | None:
    if given.tls_cert is None and given.tls_key is None:
        return None
    if given.tls_cert is None or given.tls_key is None:
        raise InputError("TLS needs a certificate and its key.", "Give both: --tls-cert FILE --tls-key FILE.")
    return Tls(given.tls_cert, given.tls_key)


def _projects(folders: list[Path] | None) -> list[Project]:
    projects = [open_project(folder) for folder in folders or [Path()]]
    names = [project.name for project in projects]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two projects are called '{name}'.", "Give one another [problem] name.")
    return projects


def _rpc_address(given: argparse.Namespace, projects: list[Project]) -> str:
    """Give where gRPC is answered: as the command says, else as the projects say; empty: nowhere."""
    settings = widest([project.section("serving", ServingSettings) for project in projects])
    port = settings.grpc_port if given.grpc_port is None else given.grpc_port
    if not port:
        return ""
    demand_grpc()
    host = f"[{given.host.strip('[]')}]" if ":" in given.host else given.host
    return f"{host}:{port}"


def _work(given: argparse.Namespace, projects: list[Project], rpc: str) -> int:
    listener = socket.socket(fileno=given.socket)
    run_worker(
        projects,
        listener,
        loopback=is_loopback(given.host),
        insecure=given.insecure,
        tls=_tls(given),
        announce=given.announce,
        ready=lambda: os.write(given.told, b"%d\n" % os.getpid()),
        rpc=rpc,
    )
    return 0


def _supervise(given: argparse.Namespace, projects: list[Project], listener: socket.socket) -> int:
    settings = widest([project.section("serving", ServingSettings) for project in projects])
    words = [word for project in projects for word in ("--project", str(project.root))]
    words += ["--host", given.host, *(["--insecure"] if given.insecure else [])]
    if given.tls_cert is not None:
        words += ["--tls-cert", str(given.tls_cert), "--tls-key", str(given.tls_key)]
    words += [] if given.grpc_port is None else ["--grpc-port", str(given.grpc_port)]
    return Supervisor(words, listener, given.workers, settings.drain_seconds + 5).run()


if __name__ == "__main__":
    sys.exit(main())
