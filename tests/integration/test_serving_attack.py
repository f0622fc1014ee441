"""The corpus of bad inputs (`attack.py` beside the repository): no hard offence, on a record as wide as Telco's."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mainstay.contract import AnyColumn, Category, Contract, Integer, Number, Text
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.serving.testing import TestServer, register_model, release_now, tiny_project

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


@pytest.mark.full
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NOT TESTED: the corpus isn't at {CORPUS} (set MAINSTAY_TEST_CORPUS)")
def test_the_corpus_finds_no_hard_offence(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(0.5), contract=_contract()))
    with TestServer.start(project) as server:
        server.wait("/readyz")
        command = [sys.executable, str(CORPUS / "attack.py"), "--base", f"http://127.0.0.1:{server.port}"]
        command += ["--protocol", "native", "--path", "/models/{model}/predict", "--pid", str(server.process.pid)]
        command += ["--outcomes-path", "/models/{model}/feedback", "--out", str(tmp_path / "result.json")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        summary = json.loads((tmp_path / "result.json").read_text())["summary"]
        assert done.returncode == 0, done.stdout
        assert server.terminate() == 0
        assert "Traceback" not in server.said()
    assert summary["hard_offences"] == 0
    assert summary["verdict lenient"] == 0
    assert summary["leaks traceback or path"] == 0
    assert summary["4xx naming the field"] == summary["4xx where a field should be named"]
    assert summary["rss_peak_mb"] < 2 * summary["rss_start_mb"]
