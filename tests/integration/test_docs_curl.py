"""Every line of curl in the documentation, and on the server's own page of the calls, does what it says.

A line is run where it asks port 8000, against a server of a model called ``churn`` whose records hold ``tenure``,
``charge`` and ``plan``; in its folder lies a ``record.json``. It must be answered by 200, or by the status that a
comment behind it names: ``# 422``.
"""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.contract import Contract
from mainstay.release import Route
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TestServer,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
ADDRESS = re.compile(r"(?:127\.0\.0\.1|localhost):8000")
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="NOT TESTED: curl isn't installed")


def commands(text: str) -> Iterator[str]:
    """Give each command of a page's shell blocks that is curl, all its lines together."""
    for block in re.findall(r"^```(?:sh|bash|shell)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        begun = ""
        for line in block.splitlines():
            begun = f"{begun}\n{line}" if begun else line
            if _is_whole(begun):
                if begun.startswith("curl "):
                    yield begun
                begun = ""


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # within quotes
        return False
    return not command.endswith("\\")


SAID = [
    pytest.param(command, id=f"{page.stem}-{place}")
    for page in PAGES
    for place, command in enumerate(commands(page.read_text("utf-8")))
    if ADDRESS.search(command)
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """Serve what the pages speak of; ``/score`` is where Vertex AI asks on its page."""
    folder = tmp_path_factory.mktemp("shown")
    project = tiny_project(folder)
    # Other pages' records have other fields, which are ignored; what they lack is filled in.
    filled = [
        msgspec.structs.replace(column, missing="impute", fill=value) if column.role == "feature" else column
        for column, value in zip(TINY_CONTRACT.columns, (None, 3, 29.85, "basic"), strict=True)
    ]
    first, second = (register_model(project, TINY_MODEL, contract=Contract(tuple(filled))) for _ in range(2))
    release_now(project, first, Route(second, "canary", 0.1))
    (folder / "record.json").write_text(json.dumps(GOOD_RECORD), "utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIP_PREDICT_ROUTE", "/score")
        running = TestServer.start(project)
    with running:
        running.wait("/readyz")
        yield running


def asked(command: str, server: TestServer) -> tuple[int, str]:
    """Run a command as a shell does; returns the status and what was answered."""
    folder = server.project.root.parent
    here = ADDRESS.sub(f"127.0.0.1:{server.port}", command)
    line = here.replace("curl ", "curl -sS -o answer -w '%{http_code}' ", 1)
    environment = os.environ | {"MAINSTAY_API_KEY": "none-is-asked-for"}
    words = ["bash", "-c", line]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30, cwd=folder, env=environment)
    return int(done.stdout), (folder / "answer").read_text("utf-8", errors="replace")


@pytest.mark.parametrize("command", SAID)
def test_a_line_of_the_documentation_is_answered(server: TestServer, command: str) -> None:
    named = re.search(r"#[^\n'\"]*?\b([2-5]\d\d)\b", command)
    status, answer = asked(command, server)
    assert status == (int(named[1]) if named else 200), answer


def test_there_are_such_lines() -> None:
    assert len(SAID) >= 4


def test_each_line_of_the_servers_own_page_is_answered(server: TestServer) -> None:
    page = html.unescape(server.get("/docs").body.decode())
    shown = re.findall(r"curl [^\n]*?(?=</code>)", page)
    assert len(shown) >= 5
    for command in shown:
        status, answer = asked(command, server)
        assert status == 200, f"{command}: {answer}"
