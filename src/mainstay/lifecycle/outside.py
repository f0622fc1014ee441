"""export prometheus, export grafana, export elk: files by which other tools watch a model."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mainstay.deploy import (
    ELK_MARK,
    Shipment,
    Watched,
    dashboard_json,
    elk_files,
    rules_yaml,
    scrape_yaml,
    write_file,
)
from mainstay.deploy.prometheus import CONFIG, MARK, RULES
from mainstay.errors import InputError
from mainstay.events import open_log
from mainstay.monitoring import MonitoringSettings
from mainstay.project.lengths import seconds_of

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


def shipping_files(project: Project, folder: Path, elasticsearch: str) -> dict[str, str]:
    """Write what Elasticsearch, Kibana and the shippers need for the event log: each file's name and text.

    Parameters
    ----------
    project : Project
        Whose log. ``[events] keep`` is how long its indices live.
    folder : Path
        Where the files will lie; a shipper notes how far it is beside them.
    elasticsearch : str
        Where Elasticsearch answers, ``"http://host:port"``.

    Raises
    ------
    InputError
        Where that is no address.

    """
    log = open_log(project)
    return elk_files(
        Shipment(
            model=project.name,
            events=str(log.root.resolve()),
            state=str(folder.resolve() / "state"),
            elasticsearch=_address(elasticsearch),
            keep=seconds_of(log.settings.keep) if log.settings.keep else None,
        )
    )


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or any(mark in text for mark in " \"'\\\n"):
        raise InputError(f"'{text}' is no address of Elasticsearch.", "Write --elasticsearch http://host:9200")
    return text.rstrip("/")


def write_shipping(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the files of `shipping_files` into a folder; one that somebody else wrote is never overwritten."""
    return tuple(write_file(folder / name, text, ELK_MARK) for name, text in files.items())


def write_outside(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Write files into a folder; one that somebody else wrote is never overwritten."""
    marks = {name: MARK if name.endswith(".yml") else '"mainstay"' for name in files}
    return tuple(write_file(folder / name, text, marks[name]) for name, text in files.items())
