"""Every call on the page about other protocols works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.peers import peer

from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "other-protocols.md").read_text(encoding="utf-8")
CALLS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("page"))
    release_now(project, register_model(project, TINY_MODEL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIP_PREDICT_ROUTE", "/score")
        started = TestServer.start(project)
    with started as running:
        running.wait("/readyz")
        yield running


def test_there_is_a_call_for_each_address() -> None:
    assert len(CALLS) > 15
    assert all(call.startswith("curl ") for call in CALLS)


@pytest.mark.skipif(not shutil.which("curl"), reason="NOT TESTED: there is no curl")
@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_answered(server: TestServer, call: str) -> None:
    command = call.replace("curl ", "curl -sS --fail-with-body ", 1).replace(
        "localhost:8000", f"127.0.0.1:{server.port}"
    )
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stderr) == (0, ""), said.stdout
    assert said.stdout


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_runs(server: TestServer, snippet: str) -> None:
    python = str(peer("vetiver") / "python") if "vetiver" in snippet else sys.executable
    port = snippet.replace("localhost:8000", f"127.0.0.1:{server.port}").replace(
        '"localhost", 8000', f'"127.0.0.1", {server.port}'
    )
    code = port + "\nassert len(answers) == 1\n"
    said = subprocess.run(
        [python, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert said.returncode == 0, said.stderr
