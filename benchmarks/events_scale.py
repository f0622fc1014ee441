"""How fast pages and commands are on books that are full, and a window over ten million answers.

    python benchmarks/events_scale.py [--predictions 1000000] [--windows 10000] [--window-over 10000000] [--keep DIR]

Fills the books of a project that was really trained (the bundled sample): answers over sixty days, an outcome for
every second one, and what looked-at windows found, a hundredth of them alarms. Lines are written by the log's own
writer in a file per hour, and committed to the Delta tables by the shipper, in runs of a day; the files of the last
week stay, as [events] keep_segments has them. Nothing is left out of the lines but the variety of the values: each hour
repeats some hundred different records.

The window over many answers sums stored profiles: those of the answers above, put beside one another under further days
(the profile of a day is what it is, wherever the day lies), and what an end cuts in two is read from the real table.

A command is a process: what its start costs, Python and the imports of lifecycle, Polars and Delta, is a column of its
own. The rest is the command's own work.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import sqlalchemy as sa

from mainstay import lifecycle
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET, simulate, write_sample
from mainstay.events import Action, Feedback, Found, Kpi, Prediction, encode_events
from mainstay.events.profiles import merge
from mainstay.events.profiles.store import Store
from mainstay.events.segments import segment_name
from mainstay.events.table.shipping import ship
from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.monitoring.books import load_once
from mainstay.monitoring.overview import build
from mainstay.monitoring.settings import MonitoringSettings
from mainstay.monitoring.sums import open_profiles
from mainstay.monitoring.value import Gauge
from mainstay.project import open_project
from mainstay.release import open_books
from mainstay.render.page import model_page, overview_page
from mainstay.web import statics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mainstay.events import Event, EventLog
    from mainstay.events.log import Stream
    from mainstay.project import Project
    from mainstay.render.overview import Overview
    from mainstay.render.page import Assets

DAYS = 60
KEPT = 7  # days of segments beside the tables
RECORDS = 500
SEGMENT = "plan"
HOUR = dt.timedelta(hours=1)
TOML = '\n[training]\ncandidates = ["do-nothing", "linear"]\n'
IMPORTS = "import mainstay.lifecycle, polars, deltalake"
COMMANDS = (
    ("status",),
    ("monitor",),
    ("history",),
    ("events", "tail"),
    ("events", "windows", "--since", "30d"),
    ("events", "windows", "--count", "20000"),
    ("events", "windows", "--by", f"segment:{SEGMENT}"),
)


class Taken(NamedTuple):
    """What was measured: median seconds, and of them what the start of the process takes."""

    what: str
    seconds: float
    start: float = 0.0


def main(predictions: int, windows: int, over: int, keep: Path | None) -> None:
    """Fill books, and print how long each page and command takes."""
    with _home(keep) as home:
        project = make_books(home, predictions, windows)
        print(
            f"| {predictions:,} answers, {windows:,} looked-at windows | own work, s | start of the process, s |"
            "\n|---|---:|---:|"
        )
        for taken in measure(project):
            print(f"| {taken.what} | {taken.seconds - taken.start:.2f} | {taken.start:.2f} |", flush=True)
        print(f"\n| a window over {over:,} answers | s |\n|---|---:|")
        for taken in window_over(project, over):
            print(f"| {taken.what} | {taken.seconds:.3f} |", flush=True)


def make_books(home: Path, predictions: int, windows: int) -> Project:
    """Make a trained and released project whose log holds so many answers and looks.

    Parameters
    ----------
    home : Path
        Where; a project that is there already is taken as it is.
    predictions, windows : int
        How many answers there are, and how many windows were looked at.

    """
    root = home / "churn"
    if root.exists():
        return open_project(root)
    write_sample(home / "rows.csv", rows=3000, seed=3)
    write_project(draft_project(home / "rows.csv", TARGET, root, SAMPLE_ANSWERS), root)
    with (root / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write(TOML)
    text = (root / "mainstay.toml").read_text(encoding="utf-8")
    declared = text.replace("[data]\n", f'[data]\nsegments = ["{SEGMENT}"]\n', 1)
    (root / "mainstay.toml").write_text(declared, encoding="utf-8")
    project = open_project(root)
    now = dt.datetime.now(dt.UTC)
    lifecycle.train(project, now=now, by="bench")
    lifecycle.release(project, 1, reason="to measure", by="bench", trial=True)
    start = (now - dt.timedelta(days=DAYS)).replace(minute=0, second=0, microsecond=0)
    with open_books(project) as books:
        bundle = load_once(books, books.registry.version(project.name, 1))
        rows = simulate(RECORDS, seed=5).select(bundle.contract.feature_names).to_dicts()
        hours = int((now - start) / HOUR)
        for hour in range(hours):
            first, last = predictions * hour // hours, predictions * (hour + 1) // hours
            fill_hour(books.log, start + hour * HOUR, last - first, rows)
            looks = range(windows * hour // hours, windows * (hour + 1) // hours)
            fill_looks(books.log, start + hour * HOUR, len(looks))
            if hour % 24 == 23 or hour == hours - 1:
                ship(books.log, contract_of=lambda _: bundle.contract)
        for stream in ("predictions", "feedback", "findings", "actions"):
            for path in books.log.segments(stream):  # type: ignore[arg-type]
                if path.stat().st_mtime < (now - dt.timedelta(days=KEPT)).timestamp():
                    path.unlink()
                    path.with_suffix(".seal").unlink(missing_ok=True)
        with books.state.begin() as connection:
            connection.execute(sa.text("UPDATE releases SET at = :at"), {"at": f"{start:%Y-%m-%dT%H:%M:%S.%fZ}"})
    return project


def fill_hour(log: EventLog, start: dt.datetime, answers: int, records: list[dict[str, object]]) -> None:
    """Write the answers of an hour, and an outcome for every second one, told a minute later."""
    rng = np.random.default_rng(int(start.timestamp()))
    scores, apart = rng.beta(2, 5, max(answers, 1)), HOUR / max(answers, 1)
    made, told = [], []
    for place in range(answers):
        at, score = start + place * apart, float(scores[place])
        made.append(
            Prediction(
                id=_id(at, place),
                at=at,
                model="churn",
                version=1,
                role="champion",
                score=score,
                prediction="Yes" if score > 0.5 else "No",
                decision="offer" if score > 1 / 6 else "none",
                features=records[place % len(records)],  # type: ignore[arg-type]
                duration=int(1e5 + 2e5 * score),
                entity=f"{place:032x}",
                degraded=place % 97 == 0,
            )
        )
        if place % 2:
            label = "Yes" if rng.random() < score else "No"
            later = min(at + dt.timedelta(minutes=1), start + HOUR)
            told.append(
                Feedback(
                    id=made[-1].id,
                    event=_id(later, place + 1),
                    model="churn",
                    received=later,
                    at=later,
                    label=label,
                    kpis=(Kpi("revenue", 59.0),) if place % 10 == 1 else (),
                )
            )
    _write(log, "predictions", start, made)
    _write(log, "feedback", start, told)


def fill_looks(log: EventLog, start: dt.datetime, looks: int) -> None:
    """Write what some looks within an hour found: twenty-five findings each; one look in a hundred raises an alarm."""
    found: list[Event] = []
    acted: list[Event] = []
    apart = HOUR / max(looks, 1)
    for place in range(looks):
        since, until = start + place * apart, start + (place + 1) * apart
        number = int(until.timestamp())
        findings = [
            Finding(
                measure="psi",
                where=f"feature {column}",
                value=0.02,
                interval=Interval(0.01, 0.03),
                limit=Limit("at_most", 0.1),
                ok=not (column == 0 and number % 100 == 0),
                n=700,
                group="drift",
                note="median 64.8 -> 65.2; the reference has 2 400 rows.",
            )
            for column in range(25)
        ]
        found += [
            Found(
                event=_id(until, 26 * place + column), at=until, model="churn", finding=each, since=since, until=until
            )
            for column, each in enumerate(findings)
        ]
        if number % 100 == 0:
            acted.append(
                Action(
                    id=_id(until, 7),
                    model="churn",
                    kind="alert",
                    subject=findings[0].key,
                    at=until,
                    by="bench",
                    message="!",
                )
            )
    _write(log, "findings", start, found)
    _write(log, "actions", start, acted)


def measure(project: Project) -> Iterator[Taken]:
    """Measure every page and each command: the median of three, after one that warms the files up."""
    assets, _ = statics.load()
    began = time.perf_counter()
    overview = build((project,), dt.datetime.now(dt.UTC))
    yield Taken("the first page after a start, profiles not stored yet", time.perf_counter() - began)
    yield Taken("overview: build and draw", _median(lambda: overview_page(_look(project), assets=assets)))
    yield Taken(
        "page of a model: build and draw",
        _median(lambda: _page(project, assets)),
    )
    yield Taken("index.json", _median(lambda: msgspec.json.encode(_look(project))))
    assert overview.models
    start = _median(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True))
    for command in COMMANDS:
        yield Taken("mainstay " + " ".join(command), _median(lambda: _run(project, command)), start)  # noqa: B023


def window_over(project: Project, answers: int) -> Iterator[Taken]:
    """Sum up stored profiles of so many answers, and the two slices its ends cut."""
    now = dt.datetime.now(dt.UTC)
    with open_books(project) as books:
        version = books.registry.version(project.name, 1)
        bundle = load_once(books, version)
        settings = project.section("monitoring", MonitoringSettings)
        gauge = Gauge(bundle.report, bundle.money, settings.label_coverage)
        profiles = open_profiles(books, bundle, [version], gauge)
        profiles.refresh()
        span = profiles.span()
        assert span is not None
        held = sum(row.cell.answers.lines for row in profiles.window(*span).whole())
        times = -(-answers // max(held, 1))
        ends = span[0] + HOUR / 3, span[1] - HOUR / 3
        yield Taken(f"as it is stored: {held:,} answers in {DAYS} days", _median(lambda: profiles.window(*ends)))
        files = sorted((books.log.root / "profiles").glob("20*.json"))
        yield Taken(
            f"the same days {times} times over, from files: {held * times:,} answers in {DAYS * times} days",
            _median(lambda: _sum_files(files * times)),
        )
        raw = _median(lambda: lifecycle.windows(project, now=now, every=dt.timedelta(days=366)), 1)
        yield Taken("mainstay events windows over all of it, in a process that runs", raw)


def _sum_files(files: list[Path]) -> object:
    store = Store(files[0].parent)
    days = (dt.date.fromisoformat(path.stem).toordinal() - dt.date(1970, 1, 1).toordinal() for path in files)
    return merge(*(store.day(day).total() for day in days))


def _page(project: Project, assets: Assets) -> str:
    seen = _look(project)
    return model_page(seen, seen.models[0], assets=assets)


def _look(project: Project) -> Overview:
    return build((project,), dt.datetime.now(dt.UTC))


def _run(project: Project, command: tuple[str, ...], *more: str) -> None:
    words = [*command, *(more or ("--project", str(project.root)))]
    code = "import sys; from mainstay.cli.program import main; main(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _median(act: Callable[[], object], turns: int = 3) -> float:
    act()
    taken = []
    for _ in range(turns):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _write(log: EventLog, stream: Stream, start: dt.datetime, events: list[Event]) -> None:
    """Write events as the server does, and give the file the time at which it would have been written."""
    if not events:
        return
    writer, before = log.writer(stream, "bench"), set(log.segments(stream))
    writer.append(encode_events(events))
    writer.close()
    for path in set(log.segments(stream)) - before:
        moved = path.with_name(segment_name(start, path.name.split("-", 1)[1].removesuffix(".jsonl")))
        path.rename(moved)
        seal = path.with_suffix(".seal")
        if seal.exists():
            seal.rename(moved.with_suffix(".seal"))
        end = (start + HOUR).timestamp()
        os.utime(moved, (end, end))


def _id(at: dt.datetime, tail: int) -> str:
    digits = f"{int(at.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7{tail & 0xFFF:03x}-8000-{tail:012x}"


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--predictions", type=int, default=1_000_000)
    options.add_argument("--windows", type=int, default=10_000)
    options.add_argument("--window-over", type=int, default=10_000_000)
    options.add_argument("--keep", type=Path)
    asked = options.parse_args()
    main(asked.predictions, asked.windows, asked.window_over, asked.keep)
