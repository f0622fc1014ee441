"""`export`: what other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mainstay.cli.optimizing import export_onnx
from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import say, show, show_json

if TYPE_CHECKING:
    from mainstay.project import Project

DIR = click.Path(path_type=Path, file_okay=False)


@click.group()
def export() -> None:
    """Write files that other tools read; tell MLflow."""


@export.command("dvc")
@click.option("--settings", is_flag=True, help="Write params.yaml only, as the pipeline's first stage does.")
@click.option("--show", "shown", is_flag=True, help="Print what would be written, and write nothing.")
@on_project
def export_dvc(*, settings: bool, shown: bool, folder: Path, as_json: bool) -> None:
    """Write dvc.yaml and params.yaml: check and train as a pipeline that dvc repro runs."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if shown:
        for text in lifecycle.pipeline(project):
            click.echo(text)
        return
    written = lifecycle.export_dvc(project, settings_only=settings)
    if as_json:
        show_json({"model": project.name, "files": [str(path) for path in written]})
    else:
        say(f"{project.name}: wrote {' and '.join(str(path) for path in written)}")


@export.command("mlflow")
@on_project
def export_mlflow(*, folder: Path, as_json: bool) -> None:
    """Tell the server that MLFLOW_TRACKING_URI names of every version, its verdict, and who answers.

    It is told by train, release and rollback as well; this brings whatever it lacks, and tells nothing twice.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    done = lifecycle.sync_mlflow(project, progress=lambda line: say(f"  {line}"))
    if as_json:
        show_json(done)
    else:
        show(lifecycle.synced_document(project.name, done))


@export.command("prometheus")
@click.option(
    "--target", "targets", multiple=True, default=("127.0.0.1:8000",), help="host:port of a server; repeat it."
)
@click.option("--key-file", default="", help="A file with an API key of scope read, as Prometheus will find it.")
@click.option("--out", type=DIR, help="A folder (default: prometheus in the project).")
@click.option("--show", "shown", is_flag=True, help="Print what would be written, and write nothing.")
@on_project
def export_prometheus(
    *, targets: tuple[str, ...], key_file: str, out: Path | None, shown: bool, folder: Path, as_json: bool
) -> None:
    """Write a scrape configuration, recording rules and alerts for Prometheus."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    files = lifecycle.prometheus_files(project, targets, key_file)
    _hand_out(project, out or project.root / "prometheus", files, shown=shown, as_json=as_json)


@export.command("grafana")
@click.option("--out", type=DIR, help="A folder (default: grafana in the project).")
@click.option("--show", "shown", is_flag=True, help="Print what would be written, and write nothing.")
@on_project
def export_grafana(*, out: Path | None, shown: bool, folder: Path, as_json: bool) -> None:
    """Write a dashboard for Grafana, over what Prometheus scrapes."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    files = lifecycle.grafana_files(project)
    _hand_out(project, out or project.root / "grafana", files, shown=shown, as_json=as_json)


@export.command("elk")
@click.option(
    "--elasticsearch", default="http://127.0.0.1:9200", show_default=True, help="Where Elasticsearch answers."
)
@click.option("--out", type=DIR, help="A folder (default: elk in the project).")
@click.option("--show", "shown", is_flag=True, help="Print what would be written, and write nothing.")
@on_project
def export_elk(*, elasticsearch: str, out: Path | None, shown: bool, folder: Path, as_json: bool) -> None:
    """Write what brings the event log into Elasticsearch and Kibana.

    Index templates, a lifecycle policy, an ingest pipeline, a dashboard; configurations of Filebeat, Logstash, Fluent
    Bit, Vector and rsyslog; and a README with the commands in order.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    place = out or project.root / "elk"
    files = lifecycle.shipping_files(project, place, elasticsearch)
    if shown:
        _print(files)
    else:
        _tell(project, lifecycle.write_shipping(place, files), as_json=as_json)


def _hand_out(project: Project, out: Path, files: dict[str, str], *, shown: bool, as_json: bool) -> None:
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if shown:
        _print(files)
    else:
        _tell(project, lifecycle.write_outside(out, files), as_json=as_json)


def _print(files: dict[str, str]) -> None:
    for text in files.values():
        click.echo(text, nl=False)


def _tell(project: Project, written: tuple[Path, ...], *, as_json: bool) -> None:
    if as_json:
        show_json({"model": project.name, "files": [str(path) for path in written]})
    else:
        say(f"{project.name}: wrote {' and '.join(str(path) for path in written)}")


export.add_command(export_onnx)
