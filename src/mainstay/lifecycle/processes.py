"""The house's processes: server, controller, dashboard; started, waited for, and stopped by who started them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self

from mainstay.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType


def server_command(
    roots: Sequence[Path],
    *,
    host: str,
    port: int,
    workers: int = 1,
    grpc_port: int | None = None,
    insecure: bool = False,
    tls: tuple[Path, Path] | None = None,
) -> list[str]:
    """Give the command that starts a prediction server: a process without the training stack.

    `tls` names the files of its certificate and its key.
    """
    words = [sys.executable, "-m", "mainstay.serving", "--host", host, "--port", str(port), "--workers", str(workers)]
    words += [] if tls is None else ["--tls-cert", str(tls[0]), "--tls-key", str(tls[1])]
    words += [] if grpc_port is None else ["--grpc-port", str(grpc_port)]
    return [*words, *_projects(roots), *(["--insecure"] if insecure else [])]


def controller_command(root: Path, *, every: float) -> list[str]:
    """Give the command that starts the controller of one project."""
    return [sys.executable, "-m", "mainstay.lifecycle", *_projects([root]), "--every", f"{every:g}"]


def dashboard_command(roots: Sequence[Path], *, host: str, port: int, insecure: bool = False) -> list[str]:
    """Give the command that starts the dashboard."""
    words = [sys.executable, "-m", "mainstay.web", "--host", host, "--port", str(port)]
    return [*words, *_projects(roots), *(["--insecure"] if insecure else [])]


def replace_by_server(
    roots: Sequence[Path],
    *,
    host: str,
    port: int,
    workers: int,
    grpc_port: int | None,
    insecure: bool,
    tls: tuple[Path, Path] | None = None,
) -> NoReturn:
    """Become the prediction server."""
    command = server_command(
        roots, host=host, port=port, workers=workers, grpc_port=grpc_port, insecure=insecure, tls=tls
    )
    os.execv(command[0], command)  # noqa: S606 - no shell is what we want


def replace_by_dashboard(roots: Sequence[Path], *, host: str, port: int, insecure: bool) -> NoReturn:
    """Become the dashboard."""
    command = dashboard_command(roots, host=host, port=port, insecure=insecure)
    os.execv(command[0], command)  # noqa: S606 - no shell is what we want


def _projects(roots: Sequence[Path]) -> list[str]:
    return [word for root in roots for word in ("--project", str(root))]


def demand_free(host: str, port: int) -> None:
    """Refuse in a sentence where a port is taken.

    Raises
    ------
    SetupError
        Naming the port and the cure.

    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "ports end at 65535"
            raise SetupError(
                f"Port {port} on {host} can't be used: {why}.",
                "Choose another: --port N, or end what uses it.",
            ) from None


def free_port(host: str, wanted: int) -> int:
    """Find `wanted` or the next port above it such that it and its neighbour, the dashboard's, are free."""
    for port in range(wanted, wanted + 100):
        try:
            demand_free(host, port)
            demand_free(host, port + 1)
        except SetupError:
            continue
        return port
    raise SetupError(f"No two free ports were found from {wanted} on.", "Name one: --port N.")


@dataclass
class Children:
    """Processes that end when this one does.

    Examples
    --------
    >>> with Children() as children:
    ...     _ = children.start("a pause", ["sleep", "60"])

    """

    running: dict[str, subprocess.Popen[bytes]]

    def __init__(self) -> None:
        self.running = {}
        self._handlers: dict[int, Any] = {}
        self._lifeline: tuple[int, int] | None = None

    def start(
        self,
        name: str,
        command: Sequence[str],
        log: Path | None = None,
        *,
        environment: dict[str, str] | None = None,
        ours: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start one; its output goes to `log`, or where ours goes; its surroundings are ours unless given.

        `ours`: a command of this file, which is told the end of a pipe and ends when this process is gone, even killed.
        """
        kept: tuple[int, ...] = (self._tie(),) if ours else ()
        words = [*command, *(word for end in kept for word in ("--lifeline", str(end)))]
        # A group of its own: Ctrl-C reaches us alone, who ask it to end; and its children can be ended with it.
        with nullcontext() if log is None else log.open("ab") as sink:
            child = subprocess.Popen(  # noqa: S603 - our own command line, no shell
                words, env=environment, stdout=sink, stderr=sink, process_group=0, pass_fds=kept
            )
        self.running[name] = child
        return child

    def _tie(self) -> int:
        """Give the reading end of a pipe whose other end goes with this process."""
        if self._lifeline is None:
            self._lifeline = os.pipe()
        return self._lifeline[0]

    def dead(self) -> str | None:
        """Name a process that ended by itself, if one did."""
        return next((name for name, child in self.running.items() if child.poll() is not None), None)

    def wait(self) -> str | None:
        """Wait for Ctrl-C or SIGTERM (None), or until one ended by itself (its name)."""
        told = threading.Event()
        self._on_signals(lambda *_: told.set())
        while not told.wait(0.5):
            if gone := self.dead():
                return gone
        return None

    def stop(self, grace: float = 10.0) -> None:
        """Ask each to end, wait, and kill what doesn't, with whatever it started."""
        alive = [child for child in self.running.values() if child.poll() is None]
        for child in alive:
            child.send_signal(signal.SIGTERM)
        end = time.monotonic() + grace
        for child in alive:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, end - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.running.clear()
        for end in self._lifeline or ():
            os.close(end)
        self._lifeline = None

    def _on_signals(self, handler: Callable[[int, FrameType | None], None]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            before = signal.signal(number, handler)
            self._handlers.setdefault(number, before)

    def __enter__(self) -> Self:
        self._on_signals(_leave)  # by default SIGTERM would end us at once, and leave them behind
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_signals(lambda *_: None)  # an impatient second Ctrl-C must not leave one behind
        self.stop()
        for number, before in self._handlers.items():
            signal.signal(number, before)
        self._handlers.clear()


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def wait_until_ready(host: str, port: int, path: str, child: subprocess.Popen[bytes], seconds: float = 30.0) -> None:
    """Wait until a process answers 200 on `path`.

    Raises
    ------
    SetupError
        Where it ended, or did not answer in time.

    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if child.poll() is not None:
            raise SetupError(f"The process for port {port} ended with code {child.returncode} before it answered.")
        try:
            link = http.client.HTTPConnection(host, port, timeout=2)
            link.request("GET", path)
            if link.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            link.close()
        time.sleep(0.05)
    raise SetupError(f"Nothing answered on port {port} within {seconds:g} s.")
