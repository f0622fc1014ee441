"""`mainstay demo`: the whole road on a simulated business, with the same verbs and the same HTTP a user has."""

from __future__ import annotations

import datetime as dt
import http.client
import itertools
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mainstay import lifecycle
from mainstay.cli.output import show
from mainstay.data import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import DELAY, TARGET, Drift, simulate, write_sample
from mainstay.errors import InputError, SetupError
from mainstay.events import Action, actions
from mainstay.lifecycle.processes import Children, free_port
from mainstay.project import open_project
from mainstay.render.numbers import measure_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from mainstay.project import Project

HOST = "127.0.0.1"
MARK = ".made-by-mainstay-demo"
SEED = 20261122
ROWS = 6000
PORTION = 500  # outcomes told with one request
WINDOW = 600  # predictions in one look: small, so that two looks fit into a coffee break
EVERY = 2.0  # seconds between looks
BY = "demo"


def run(folder: Path, port: int) -> None:
    """Tell the story from rows to rollback, then keep serving until Ctrl-C (DEMO_EXIT=1: end)."""
    port = free_port(HOST, port)
    project = _project(folder)
    _train_and_release(project)
    with Children() as children:
        _title("3  Serve, operate, show: three processes")
        log = project.books / "processes.log"  # what the three say; the story tells the alerts itself
        lifecycle.start(children, project.root, host=HOST, port=port, every=EVERY, log=log)
        _tell(f"answers   http://{HOST}:{port}/models/{project.name}/predict")
        _tell(f"dashboard http://{HOST}:{port + 1}/")
        caller = Caller(port, project.name)
        _ordinary_days(caller)
        _drift(project, caller)
        _second_version(project, caller)
        _back(project, caller)
        _ending(project, port)
        if os.environ.get("DEMO_EXIT") != "1":
            _keep_going(children, caller)


@dataclass
class Caller:
    """The business that calls the model: it asks, and later tells what really happened."""

    port: int
    name: str

    def ask(self, frame: pl.DataFrame, *, tell: bool = True) -> list[int]:
        """Ask for each row, then hand in its outcome; returns the versions that answered."""
        link = http.client.HTTPConnection(HOST, self.port, timeout=10)
        versions = []
        outcomes = []
        for row, truth in zip(frame.drop(TARGET, DELAY).iter_rows(named=True), frame[TARGET], strict=True):
            answer = self._post(link, "predict", row)
            versions.append(int(str(answer["version"])))
            outcomes.append({"id": answer["id"], "label": truth})
        for start in range(0, len(outcomes) if tell else 0, PORTION):
            self._post(link, "feedback", outcomes[start : start + PORTION])
        link.close()
        return versions

    def _post(self, link: http.client.HTTPConnection, what: str, body: object) -> dict[str, object]:
        content = json.dumps(body, default=lambda moment: moment.isoformat())
        link.request("POST", f"/models/{self.name}/{what}", content, {"Content-Type": "application/json"})
        answer = link.getresponse()
        said = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise SetupError(f"The demo's server answered {answer.status}: {said}.", "Please report this as a bug.")
        return dict(said)


def _project(folder: Path) -> Project:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise InputError(f"{folder} holds something that no demo made.", "Name another folder: --dir DIR.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    _title("1  A table becomes a project")
    data = folder / "data" / "subscriptions.csv"
    data.parent.mkdir()
    write_sample(data, ROWS, SEED)
    _tell(f"{ROWS} customers of a simulated subscription business, in {data}")
    root = folder / "churn"
    draft = draft_project(data, TARGET, root, SAMPLE_ANSWERS)
    for path in write_project(draft, root):
        _tell(f"drafted {path}")
    with (root / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[monitoring]\nwindow = {WINDOW}               # predictions in one look; small, for the demo\n")
    return open_project(root)


def _train_and_release(project: Project) -> None:
    _title("2  Train, judge, release")
    trained = lifecycle.train(project, now=_now(), by=BY, progress=_tell)
    show(lifecycle.verdict_document(project.name, trained.version.number, trained.verdict))
    lifecycle.release(project, trained.version.number, reason="first model", by=BY, trial=not trained.verdict.ok)
    number = trained.version.number
    _tell(f"version {number} is released: mainstay release {number} --reason 'first model'")


def _ordinary_days(caller: Caller) -> None:
    _title("4  Ordinary days")
    started = time.perf_counter()
    versions = caller.ask(simulate(2 * WINDOW, seed=SEED + 1))
    seconds = time.perf_counter() - started
    _tell(f"{len(versions)} customers asked about and their outcomes told, in {seconds:.1f} s; nothing unusual")
    time.sleep(2 * EVERY)


def _drift(project: Project, caller: Caller) -> None:
    _title("5  Prices rise by 40 %, and adverts bring half of the customers")
    before = len(_alerts(project))
    for number in range(6):
        caller.ask(_after_the_change(WINDOW, SEED + 2 + number))
        time.sleep(1.5 * EVERY)
        alerts = _alerts(project)[before:]
        if len(alerts) > 0 and number:
            break
    for alert in alerts:
        _tell(f"ALERT {alert.message}")
    if not alerts:
        _tell("no alert yet (mainstay monitor shows the latest look)")
    show(lifecycle.look_document(lifecycle.monitor(project, now=_now())))


def _alerts(project: Project) -> list[Action]:
    with lifecycle.open_books(project) as books:
        return [action for action in actions(books.log, model=project.name) if action.kind == "alert"]


def _second_version(project: Project, caller: Caller) -> None:
    _title("6  A second version learns the new customers: a tenth of the traffic first, then all of it")
    changed = project.root.parent / "data" / "subscriptions-2.csv"
    _write_with_the_change(changed)
    trained = lifecycle.train(project, now=_now(), by=BY, source=changed)
    number = trained.version.number
    good = trained.verdict.ok
    if good:
        _tell(f"version {number} passes its gates")
    else:
        names = " and ".join(f"{measure_name(one.measure)} ({one.where})" for one in trained.verdict.failed)
        _tell(f"version {number} is stopped by its gates: {names}")
        _tell("the prices did move, so here a trial goes without them; your project would say so in [evaluation]")
    lifecycle.release(project, number, canary=0.1, reason="learned the new prices", by=BY, trial=not good)
    time.sleep(1.0)
    versions = caller.ask(_after_the_change(WINDOW, SEED + 9))
    _tell(f"canary: version {number} answered {versions.count(number)} of {len(versions)}")
    lifecycle.release(project, number, reason="the canary did well", by=BY, trial=not good)
    _tell(f"everything: version {number} answered after {_until(caller, number):.2f} s")


def _back(project: Project, caller: Caller) -> None:
    _title("7  And back, because one can")
    target = lifecycle.rollback_destination(project)
    lifecycle.rollback(project, reason="showing the way back", by=BY)
    _tell(f"version {target} answered again after {_until(caller, target):.2f} s: mainstay rollback --reason '…'")
    for row in lifecycle.history(project):
        _tell(f"  {row.at:%H:%M:%S}  {lifecycle.describe_release(row)}")


def _ending(project: Project, port: int) -> None:
    report = lifecycle.write_report(project, None, None)
    _title("Where everything is")
    root = project.root
    for what, where in (
        ("dashboard", f"http://{HOST}:{port + 1}/"),
        ("answers", f"http://{HOST}:{port}/docs"),
        ("metrics", f"http://{HOST}:{port}/metrics"),
        ("project", f"{root}/mainstay.toml and contract.toml"),
        ("books", f"{project.books}  (registry, releases, event log, processes.log)"),
        ("owner's page", str(report)),
        ("one screen", f"mainstay status --project {root}"),
        ("who and why", f"mainstay history --project {root}"),
    ):
        _tell(f"{what:<13}{where}")


def _keep_going(children: Children, caller: Caller) -> None:
    _tell("")
    _tell("Serving on, with a few customers a second. Ctrl-C ends it.")
    for batch in _endless():
        gone = children.dead()
        if gone:
            raise SetupError(f"The {gone} ended by itself.", "Its last words are above.")
        caller.ask(batch)
        time.sleep(1.0)


def _endless() -> Iterator[pl.DataFrame]:
    for number in itertools.count():
        yield _after_the_change(12, SEED + 100 + number)


def _after_the_change(rows: int, seed: int) -> pl.DataFrame:
    start = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    return simulate(rows, seed=seed, start=start, days=30, drift=Drift(at=start, price_rise=0.4, ads_share=0.5))


def _write_with_the_change(path: Path) -> None:
    frame = _after_the_change(ROWS, SEED + 50).drop(DELAY)
    frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")


def _until(caller: Caller, version: int) -> float:
    started = time.perf_counter()
    customers = _after_the_change(WINDOW, SEED + 60 + version)
    for place in itertools.cycle(range(customers.height)):
        if caller.ask(customers[place : place + 1])[0] == version:
            break
        if time.perf_counter() - started > 10:
            raise SetupError(f"Version {version} did not answer within 10 s.", "Please report this as a bug.")
    return time.perf_counter() - started


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _title(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _tell(line: str) -> None:
    click.echo(f"  {line}" if line else "")
    sys.stdout.flush()
