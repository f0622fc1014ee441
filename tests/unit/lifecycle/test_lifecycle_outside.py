from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from mainstay import lifecycle
from mainstay.cli.program import program
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path


def test_the_projects_owner_and_limit_are_in_the_rules(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, more='owner = "a@b.example"\n[monitoring]\nlatency_ms = 50\n')
    files = lifecycle.prometheus_files(project, ["10.0.0.1:8000"])
    assert list(files) == ["prometheus.yml", "mainstay-churn.rules.yml"]
    assert 'owner: "a@b.example"' in files["mainstay-churn.rules.yml"]
    assert "> 0.05" in files["mainstay-churn.rules.yml"]
    assert 'rule_files: ["mainstay-churn.rules.yml"]' in files["prometheus.yml"]


def test_both_are_written_into_the_project_and_shown_without_being_written(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    here = ["--project", str(project.root)]
    shown = CliRunner().invoke(program, ["export", "prometheus", "--show", "--target", "a:1", "--target", "b:2", *here])
    assert shown.exit_code == 0
    assert 'targets: ["a:1", "b:2"]' in shown.output
    assert not (project.root / "prometheus").exists()
    for kind, names in (
        ("prometheus", ["mainstay-churn.rules.yml", "prometheus.yml"]),
        ("grafana", ["mainstay-churn.json"]),
    ):
        for _ in range(2):
            done = CliRunner().invoke(program, ["export", kind, "--json", *here])
            assert done.exit_code == 0, done.output
        assert sorted(path.name for path in (project.root / kind).iterdir()) == names
        assert len(json.loads(done.output)["files"]) == len(names)
    (project.root / "grafana" / "mainstay-churn.json").write_text("{}")
    refused = CliRunner().invoke(program, ["export", "grafana", *here])
    assert refused.exit_code != 0
