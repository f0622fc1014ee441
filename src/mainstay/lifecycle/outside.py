"""export prometheus, export grafana: files by which other tools watch a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.deploy import Watched, dashboard_json, rules_yaml, scrape_yaml, write_file
from mainstay.deploy.prometheus import CONFIG, MARK, RULES
from mainstay.monitoring import MonitoringSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mainstay.project import Project

_BOARD = "mainstay-{}.json"


def prometheus_files(project: Project, targets: Sequence[str], key_file: str = "") -> dict[str, str]:
    """Write what Prometheus needs to watch a model: each file's name and text.

    Parameters
    ----------
    project : Project
        Whose model. ``[monitoring] latency_ms`` is the limit of its latency, ``[problem] owner`` a label of its alerts.
    targets : sequence of str
        Where its servers are, ``"host:port"``.
    key_file : str
        A file with an API key, where the servers ask for one.

    """
    limit = project.section("monitoring", MonitoringSettings).latency_ms
    watched = Watched(project.name, project.problem.owner, limit / 1000 if limit is not None else None)
    return {CONFIG: scrape_yaml(watched, targets, key_file), RULES.format(project.name): rules_yaml(watched)}


def grafana_files(project: Project) -> dict[str, str]:
    """Write a dashboard of a model for Grafana: the file's name and text."""
    return {_BOARD.format(project.name): dashboard_json(project.name)}


def write_outside(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Write files into a folder; one that somebody else wrote is never overwritten."""
    marks = {name: MARK if name.endswith(".yml") else '"mainstay"' for name in files}
    return tuple(write_file(folder / name, text, marks[name]) for name, text in files.items())
