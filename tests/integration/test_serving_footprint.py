"""What a worker holds while it serves trees: no training stack, and little memory."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import lightgbm
import numpy as np
import pytest

from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.serving.testing import GOOD_RECORD, free_port, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

HEAVY = {
    "catboost", "google", "grpc", "httpx", "jinja2", "joblib", "lightgbm", "mlflow", "onnxruntime", "opentelemetry",
    "optuna", "pandas", "polars", "pyarrow", "rich", "scipy", "shap", "sklearn", "skops", "torch", "xgboost",
}  # fmt: skip
MOST_MEGABYTES = 120
TREES, LEAVES = 100, 31


class Worker:
    def __init__(self, pid: int, said: Path) -> None:
        self.maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
        self.megabytes = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        ) / 1e6  # fmt: skip
        times = re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", said.read_text(encoding="utf-8"), re.MULTILINE)
        self.imported = {name.partition(".")[0] for name in times}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Serve 100 trees of 31 leaves in a process that tells each import, and ask them with and without reasons."""
    folder = tmp_path_factory.mktemp("footprint")
    project = tiny_project(folder)
    X = np.random.default_rng(0).random((4000, 3)) * [100, 500, 2]
    options = {"objective": "binary", "verbosity": -1, "num_leaves": LEAVES, "num_threads": 1}
    labels = (X[:, 0] + X[:, 1] / 5 > 80).astype(float)
    text = lightgbm.train(options, lightgbm.Dataset(X, label=labels), TREES).model_to_string()
    release_now(project, register_model(project, LightGBMModel(text)))
    port, said = free_port(), folder / "said.txt"
    words = ["-X", "importtime", "-m", "mainstay.serving", "--project", str(project.root), "--port", str(port)]
    with said.open("wb") as file, subprocess.Popen([sys.executable, *words], stderr=file) as process:
        try:
            _ask(port, "/models/churn/predict")
            for _ in range(100):
                _ask(port, "/models/churn/predict")
            _ask(port, "/models/churn/predict?explain=true")
            yield Worker(process.pid, said)
        finally:
            process.kill()


def test_a_worker_that_serves_trees_has_imported_no_training_stack(worker: Worker) -> None:
    assert "msgspec" in worker.imported  # so the list is one
    assert not HEAVY & worker.imported
    assert "lib_lightgbm" in worker.maps
    assert not re.findall(r"site-packages/(?:sklearn|scipy|pandas|polars|pyarrow|torch|onnxruntime)\S*", worker.maps)


def test_a_worker_that_serves_trees_is_small(worker: Worker) -> None:
    assert worker.megabytes <= MOST_MEGABYTES


def _ask(port: int, path: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(GOOD_RECORD), {"Content-Type": "application/json"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > end:
            raise AssertionError(f"{path} never answered 200")
        time.sleep(0.02)
