"""A real server in a test: a tiny project that needs no training, and the process that serves it.

For tests of whatever calls a mainstay server, ours included; nothing here is used in production. ::

    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(0.7)))
    with TestServer.start(project) as server:
        assert server.post("/models/churn/predict", GOOD_RECORD).json["score"] == 0.7
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mainstay.contract import Category, Contract, Integer, Number, Text, profile_rows
from mainstay.errors import SetupError
from mainstay.measures.finding import Finding
from mainstay.measures.money import Money
from mainstay.models.candidate import Candidate
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.policy import Policy
from mainstay.models.report import Contender, Report
from mainstay.models.task import Task
from mainstay.project import Problem, open_project
from mainstay.registry import Entry, Lineage, make_golden
from mainstay.release import BESIDE, Release, Route, open_books

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from mainstay.measures.choices import Choices
    from mainstay.models.model import Model
    from mainstay.project import Project

TINY_CONTRACT = Contract(
    (
        Text(name="customer", role="id", missing="allow"),
        Integer(name="tenure", min=0, max=100, unit="months"),
        Number(name="charge", min=0, max=500, outside="clip"),
        Category(name="plan", values=("basic", "full")),
    )
)
TINY_TASK = Task(kind="binary", target="Churn", positive="Yes", negative="No")
TINY_MODEL = LinearModel(-1.0, (Slope(30.0, -0.02), Slope(64.0, 0.01), Labels((0.2, -0.2, 0.0))), logistic=True)
GOOD_RECORD: dict[str, Any] = {"customer": "7590-VHVEG", "tenure": 3, "charge": 29.85, "plan": "basic"}
_ROWS = 50


def tiny_project(folder: Path, name: str = "churn", more: str = "") -> Project:
    """Write a project that holds what serving reads, and nothing else.

    Parameters
    ----------
    folder : Path
        Where its own folder goes.
    name : str
        Of the model.
    more : str
        Further lines of its ``mainstay.toml``.

    """
    root = folder / name
    root.mkdir(parents=True)
    (root / "mainstay.toml").write_text(f'[problem]\nname = "{name}"\naction = "offer"\n{more}', encoding="utf-8")
    return open_project(root)


def register_model(
    project: Project,
    model: Model,
    *,
    contract: Contract = TINY_CONTRACT,
    task: Task = TINY_TASK,
    choices: Choices | None = None,
    fallback: float | tuple[float, ...] | None = None,
    golden: bool = True,
) -> int:
    """Register a model without training or evaluation; returns the number of its version.

    Without `golden` no records are kept to check it by, which a model that answers nonsense would fail.
    """
    policy = Policy(task=task, action="offer", threshold=0.3, choices=choices, fallback=fallback)
    with open_books(project) as books:
        return books.registry.register(tiny_entry(project, model, policy, contract, golden=golden)).number


def tiny_entry(
    project: Project,
    model: Model,
    policy: Policy | None = None,
    contract: Contract = TINY_CONTRACT,
    *,
    golden: bool = True,
) -> Entry:
    """Give what `register_model` registers, for a test that changes something in it first."""
    policy = policy or Policy(task=TINY_TASK, action="offer", threshold=0.3)
    # Codes 0 and 1 are something every kind of column can hold.
    encoded = np.random.default_rng(7).integers(0, 2, (_ROWS, len(contract.slots))).astype(np.float64)
    profile = profile_rows(contract, encoded)
    loss = Finding(measure="log_loss", where="all", value=0.4, n=_ROWS)
    return Entry(
        name=project.name,
        candidate=Candidate(model.framework, model, policy, np.zeros(_ROWS), np.zeros(5)),
        report=Report(
            candidate=model.framework,
            primary="log_loss",
            in_money=False,
            currency="EUR",
            policy=policy,
            contenders=(Contender(name=model.framework, chosen=True, primary=loss),),
            measures=(loss,),
        ),
        contract=contract,
        profile=profile,
        money=Money(),
        problem=Problem(name=project.name, decision="Offer a discount", action="offer", owner="a@b.example"),
        lineage=Lineage(data_fingerprint="none", source="none", rows=_ROWS, made="trained", by="a test"),
        golden=make_golden(contract, profile, model, seed=7) if golden else (),
    )


def release_now(project: Project, version: int, *others: Route, trial: bool = False) -> Release:
    """Let a version answer what those among `others` leave who answer, past every gate."""
    share = 1.0 - sum(route.weight for route in others if route.role in BESIDE)
    with open_books(project) as books:
        draft = Release(
            id=books.releases.last_id(project.name) + 1,
            model=project.name,
            kind="release",
            routes=(Route(version, "champion", share), *others),
            at=dt.datetime.now(dt.UTC),
            by="a test",
            reason="because",
            trial=trial,
        )
        return books.releases.append(draft)


def free_port() -> int:
    """Find a free port on loopback; the kernel doesn't hand it out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def counted(page: bytes, name: str, **labels: str) -> float:
    r"""Add up the samples of a metric whose labels have these values, on a page of Prometheus' text format.

    Examples
    --------
    >>> page = b'a_total{code="200",route="x"} 2.0\na_total{code="404",route="x"} 1.0\n'
    >>> counted(page, "a_total", route="x"), counted(page, "a_total", code="200"), counted(page, "b_total")
    (3.0, 2.0, 0.0)

    """
    found = 0.0
    for told, inside, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page.decode(), flags=re.MULTILINE):
        if told == name and labels.items() <= dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', inside)).items():
            found += float(value)
    return found


@dataclass(frozen=True)
class Got:
    """An answer over HTTP; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class TestServer:
    """A real ``python -m mainstay.serving`` on a free port of loopback; killed at the end of a ``with``.

    Parameters
    ----------
    project : Project
        The first it serves.
    process : Popen
        The process.
    port : int
        Where it listens.

    """

    __test__: ClassVar[bool] = False  # pytest must not collect it for its name

    def __init__(self, project: Project, process: subprocess.Popen[bytes], port: int) -> None:
        self.project = project
        self.process = process
        self.port = port

    @classmethod
    def start(cls, *projects: Project, words: Sequence[str] = ()) -> Self:
        """Start a server with further arguments, and wait until it lives."""
        port = free_port()
        places = [word for project in projects for word in ("--project", str(project.root))]
        command = [sys.executable, "-m", "mainstay.serving", *places, "--port", str(port), *words]
        server = cls(projects[0], subprocess.Popen(command, stderr=subprocess.PIPE), port)  # noqa: S603 - no shell
        try:
            server.wait("/livez")
        except BaseException:
            server.end()
            raise
        return server

    def wait(self, path: str, status: int = 200, seconds: float = 60.0) -> Got:
        """Ask until an address answers with a status.

        Raises
        ------
        SetupError
            Where it never does, or the server ended.

        """
        end = time.monotonic() + seconds
        last: object = "nothing"
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SetupError(f"The server ended: {self.said()}")
            try:
                got = self.get(path)
            except OSError as error:
                last = error
            else:
                if got.status == status:
                    return got
                last = got
            time.sleep(0.02)
        raise SetupError(f"{path} never answered {status} but {last}.")

    def wait_for_version(self, version: int, seconds: float = 10.0) -> None:
        """Ask until a version is champion here; raises SetupError where it never is."""
        end = time.monotonic() + seconds
        while self.get(f"/models/{self.project.name}").json["version"] != version:
            if time.monotonic() > end:
                raise SetupError(f"Version {version} was never served: {self.get('/readyz').body!r}")
            time.sleep(0.02)

    def get(self, path: str, **headers: str) -> Got:
        """GET an address."""
        return self.ask("GET", path, None, headers)

    def post(self, path: str, body: Any, **headers: str) -> Got:
        """POST bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, data, {"Content-Type": "application/json"} | headers)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Got:
        """Send one request on a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Got(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def connection(self) -> http.client.HTTPConnection:
        """Open a connection that the caller keeps, and closes."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def terminate(self, seconds: float = 15.0) -> int:
        """Ask it to end, and wait; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def end(self) -> None:
        """Kill it where it still runs, and leave nothing open."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def said(self) -> str:
        """Give what it told its operator, once it has ended."""
        return self.process.stderr.read().decode() if self.process.stderr else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
