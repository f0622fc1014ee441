"""A real Prometheus scrapes a real server of two workers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="the distribution's package prometheus isn't installed"
)
_PATIENCE = 30.0


@dataclass(frozen=True)
class Prometheus:
    """One that scrapes a server again and again."""

    port: int

    def ask(self, query: str) -> list[Any]:
        """Ask for a vector."""
        words = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{words}", timeout=10) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
            return found

    def value(self, query: str) -> float:
        """Ask for a number; none is 0."""
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else 0.0

    def wait(self, query: str, holds: Callable[[float], bool]) -> float:
        """Ask until a number is as it should be."""
        end = time.monotonic() + _PATIENCE
        while not holds(found := self.value(query)):
            assert time.monotonic() < end, f"{query} is {found}"
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("server"))
    release_now(project, register_model(project, TINY_MODEL))
    with TestServer.start(project, words=["--workers", "2"]) as server:
        server.wait("/readyz")
        yield server


@pytest.fixture(scope="module")
def prometheus(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    config = {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
        "scrape_configs": [
            {"job_name": "mainstay", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    port = free_port()
    words = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        found = Prometheus(port)
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(prometheus: Prometheus, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        assert process.poll() is None
        assert time.monotonic() < end
        try:
            if prometheus.value('up{job="mainstay"}') == 1:
                return
        except OSError:
            pass
        time.sleep(0.1)


def test_what_was_sent_is_what_it_counts_also_when_a_worker_is_killed(
    server: TestServer, prometheus: Prometheus
) -> None:
    answered = 'sum(mainstay_requests_total{model="churn",route="predict",code="200"})'
    before = prometheus.value(answered)
    for _ in range(30):
        assert server.post("/predict", GOOD_RECORD).status == 200
        assert server.post("/predict", {}).status == 422
    prometheus.wait(answered, lambda found: found == before + 30)
    assert prometheus.value('sum(mainstay_requests_total{code="422",cause="fields"})') == 30
    assert prometheus.value('mainstay_predictions_total{version="1",role="champion"}') == before + 30
    assert prometheus.value('sum(mainstay_request_seconds_count{route="predict"})') == before + 30
    assert 0 < prometheus.value("histogram_quantile(0.99, sum by (le) (mainstay_request_seconds_bucket))") < 10
    assert prometheus.value('mainstay_release_info{model="churn",version="1"}') == 1

    first, second = _workers(server)
    os.kill(first, signal.SIGKILL)
    for _ in range(10):
        assert server.post("/predict", GOOD_RECORD).status == 200
    prometheus.wait(answered, lambda found: found == before + 40)
    prometheus.wait("mainstay_worker_restarts_total", lambda found: found == 1)
    prometheus.wait("mainstay_workers", lambda found: found == 2)
    assert second in _workers(server)
    assert prometheus.value("sum(resets(mainstay_requests_total[1m]))") == 0  # no counter ever fell
    assert prometheus.value("min_over_time(up[30s])") == 1


def test_each_process_is_told_apart(prometheus: Prometheus) -> None:
    for metric in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
        prometheus.wait(f"count({metric} > 0)", lambda found: found == 3)
    prometheus.wait("count(mainstay_connections)", lambda found: found == 2)
    assert {each["metric"]["worker"] for each in prometheus.ask("process_open_fds")} == {"0", "1", "supervisor"}
    assert prometheus.wait("mainstay_loop_lag_seconds_count", bool)


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_promtool_has_nothing_to_say(server: TestServer, accept: str) -> None:
    got = server.get("/metrics", Accept=accept)
    assert got.headers["content-type"].startswith(accept.partition(";")[0])
    if "openmetrics" in accept:
        assert got.body.endswith(b"# EOF\n")
        return  # promtool reads the text format alone; the scrapes above were of this one
    done = subprocess.run(["promtool", "check", "metrics"], input=got.body, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def _workers(server: TestServer) -> list[int]:
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - not a file of ours
        return [int(word) for word in file.read().split()]
