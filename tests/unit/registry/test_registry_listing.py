from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
from click.testing import CliRunner

from mainstay.cli.program import program
from mainstay.registry.listing import versions_document
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.registry import Entry, Registry

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_the_newest_come_first_and_how_many_more_there_are(registry: Registry, entry: Entry) -> None:
    assert registry.newest("churn") == registry.newest("churn", 2) == ((), 0)
    for _ in range(3):
        registry.register(entry, NOON)
    found, total = registry.newest("churn", 2)
    assert ([one.number for one in found], total) == ([3, 2], 3)
    assert registry.newest("churn")[0] == (*found, registry.version("churn", 1))
    page = to_markdown(versions_document("churn", found, total))
    assert "churn has 3 versions" in page
    assert "1 more: mainstay version list --all" in page
    assert "more" not in to_markdown(versions_document("churn", registry.newest("churn")[0]))


def test_a_version_whose_bundle_is_gone_is_marked(registry: Registry, entry: Entry) -> None:
    registry.register(entry, NOON)
    registry.mark_removed("churn", lambda _: (1,), NOON)
    assert "not judged; removed 2026-11-22" in to_markdown(versions_document("churn", registry.newest("churn")[0]))


def test_the_command_shows_thirty_and_json_has_all(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    register_model(project, TINY_MODEL)
    with open_books(project) as books:
        first = books.registry.version("churn", 1)
        for number in range(2, 33):
            books.registry.restate(msgspec.structs.replace(first, number=number))
    run = CliRunner()
    words = ["version", "list", "--project", str(project.root)]
    said = run.invoke(program, words)
    assert said.exit_code == 0, said.output
    assert "churn has 32 versions" in said.output
    assert "2 more: mainstay version list --all" in said.output
    assert "more:" not in run.invoke(program, [*words, "--all"]).output
    listed = json.loads(run.invoke(program, [*words, "--json"]).stdout)
    assert [one["number"] for one in listed] == list(range(32, 0, -1))


def test_listing_brings_no_training_stack(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project")
    script = (
        "import sys; from mainstay.cli.program import program\n"
        "program(['version', 'list', '--project', sys.argv[1]], standalone_mode=False)\n"
        "print({'polars', 'sklearn', 'mainstay.lifecycle', 'mainstay.training', 'obstore'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(project.root)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
