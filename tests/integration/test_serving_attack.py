"""The corpus of bad inputs (`attack.py` beside the repository): no hard offence, on a record as wide as Telco's."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mainstay.contract import AnyColumn, Category, Contract, Integer, Number, Text
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books
from mainstay.serving.testing import TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(os.environ.get("MAINSTAY_TEST_CORPUS", str(Path(__file__).resolve().parents[3] / "shared" / "corpus")))
NUMBERS = {"tenure": 100.0, "MonthlyCharges": 1000.0, "TotalCharges": 100_000.0}


def _contract() -> Contract:
    spec = importlib.util.spec_from_file_location("attack", CORPUS / "attack.py")
    assert spec is not None
    assert spec.loader is not None
    attack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(attack)
    columns: list[AnyColumn] = []
    for name, text in attack.GOOD:
        if name == "customerID":
            columns.append(Text(name=name, role="id", missing="allow"))
        elif name == "tenure":
            columns.append(Integer(name=name, min=0, max=100))
        elif name in NUMBERS:
            columns.append(Number(name=name, min=0, max=NUMBERS[name]))
        elif name == "SeniorCitizen":
            columns.append(Integer(name=name, min=0, max=1))
        else:
            columns.append(Category(name=name, values=tuple(dict.fromkeys((json.loads(text), "No", "Yes")))))
    return Contract(tuple(columns))


PROTOCOLS = {
    "native": "/models/{model}/predict",
    "oip": "/v2/models/{model}/infer",
    "tfs": "/v1/models/{model}:predict",
    "mlflow": "/invocations",
}
# TensorFlow Serving's clients send a batch of shape (n, 1) so.
TAKEN_THERE = {"number-052", "category-011"}
# Told of the request as a whole there: tensors of different lengths are nobody's field.
NAMELESS = {"batch-010"}
ROOM = 400 * 1024 * 1024

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NOT TESTED: the corpus isn't at {CORPUS} (set MAINSTAY_TEST_CORPUS)"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    # Clients that are slow on purpose are told so after three seconds; the corpus waits ten. On a busy machine nothing
    # of what the corpus asks is to be shed.
    limits = "[serving]\nread_seconds = 3.0\nqueue_seconds = 60.0\n"
    project = tiny_project(tmp_path_factory.mktemp("attack"), more=limits)
    release_now(project, register_model(project, ConstantModel(0.5), contract=_contract()))
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running
        assert running.terminate() == 0
        said = running.said()
        assert "Traceback" not in said
        assert not any(line and not line.startswith("mainstay: ") for line in said.splitlines())


def _attack(server: TestServer, protocol: str, folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(CORPUS / "attack.py"), "--base", f"http://127.0.0.1:{server.port}"]
    command += ["--protocol", protocol, "--path", PROTOCOLS[protocol], "--pid", str(server.process.pid)]
    command += ["--outcomes-path", "/models/{model}/feedback", "--out", str(folder / f"{protocol}.json")]
    command += ["--oip-path", PROTOCOLS["oip"], "--tfs-path", PROTOCOLS["tfs"]]
    with open_books(server.project) as books:
        command += [word for path in books.log.segments("predictions") for word in ("--log", str(path))]
    return subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True)


def _judge(protocol: str, folder: Path) -> None:
    found = json.loads((folder / f"{protocol}.json").read_text())
    summary, rows = found["summary"], found["rows"]
    assert summary["hard_offences"] == 0
    assert summary["leaks traceback or path"] == 0
    assert summary["forged_log_lines"] == 0
    lenient = {row["id"] for row in rows if row["verdict"] == "lenient"}
    assert lenient <= (TAKEN_THERE if protocol == "tfs" else set())
    nameless = summary["4xx where a field should be named"] - summary["4xx naming the field"]
    assert nameless <= (len(NAMELESS) if protocol == "oip" else 0)
    assert summary["answered 4xx"] == summary["4xx with JSON body"]
    assert summary["rss_peak_mb"] < 2 * summary["rss_start_mb"]


def test_the_corpus_finds_no_offence_at_any_door(server: TestServer, tmp_path: Path) -> None:
    attacks = {protocol: _attack(server, protocol, tmp_path, "--skip-heavy") for protocol in PROTOCOLS}
    for protocol, attack in attacks.items():
        told, _ = attack.communicate(timeout=300)
        assert attack.returncode == 0, told
        _judge(protocol, tmp_path)


@pytest.mark.full
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="NOT TESTED: this system limits no memory from outside")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_heavy_takes_little_room(server: TestServer, tmp_path: Path, protocol: str) -> None:
    """Bodies of many megabytes, under a limit of memory that a server which trusted them would break."""
    pid = server.process.pid
    status = Path(f"/proc/{pid}/status").read_text()
    size = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmSize"))
    before = resource.prlimit(pid, resource.RLIMIT_AS, (size + ROOM, resource.RLIM_INFINITY))
    try:
        attack = _attack(server, protocol, tmp_path, "--heavy-only", "--timeout", "60")
        told, _ = attack.communicate(timeout=600)
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    assert attack.returncode == 0, told
    found = json.loads((tmp_path / f"{protocol}.json").read_text())["summary"]
    assert found["hard_offences"] == 0
    assert found["verdict lenient"] == 0
    assert server.post("/models/churn/predict", {}).status == 422
