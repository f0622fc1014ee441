"""What the registry adds to the writing of a model, and what it costs to list and to clean up 10 000 versions.

    python benchmarks/registry.py [--rounds 15] [--versions 10000]

Registering is measured beside what the model's own files take: the same model saved into an empty folder, and waited
for until it is on the disk. The versions that are listed are rows; the bundles that are removed are real folders.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lightgbm
import numpy as np
import sqlalchemy as sa

from mainstay import lifecycle
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.load import save_model
from mainstay.release import Release, Route, open_books, removable
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, tiny_entry, tiny_project
from mainstay.state import sync_file, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.models.model import Model
    from mainstay.project import Project

PARTS = (
    "click",
    "sqlalchemy",
    "mainstay.registry",
    "mainstay.release",
    "mainstay.render.terminal",
    "mainstay.lifecycle",
)
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


def median(rounds: int, do: Callable[[], object]) -> float:
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        do()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def row(what: str, seconds: float, aim: str = "") -> None:
    print(f"| {what} | {seconds:.3f} | {aim} |", flush=True)


def trees() -> LightGBMModel:
    """Grow 300 trees of 31 leaves on noise: a model file of a usual size."""
    dice = np.random.default_rng(7)
    X = dice.normal(size=(5000, len(TINY_CONTRACT.slots)))
    y = (X[:, 0] + dice.normal(size=5000) > 0).astype(float)
    options = {"objective": "binary", "verbosity": -1, "num_leaves": 31, "num_threads": 1}
    return LightGBMModel(lightgbm.train(options, lightgbm.Dataset(X, label=y), 300).model_to_string())


def write_alone(model: Model, folder: Path) -> None:
    """Write a model's own files, and wait for the disk."""
    folder.mkdir()
    save_model(model, folder)
    for path in folder.iterdir():
        sync_file(path)
    sync_file(folder)
    shutil.rmtree(folder)


def registering(project: Project, rounds: int) -> None:
    for name, model in (("a linear model", TINY_MODEL), ("300 trees of 31 leaves", trees())):
        entry = tiny_entry(project, model)
        with open_books(project) as books:
            books.registry.register(entry)  # what is imported on the way is no part of it
            whole = median(rounds, partial(books.registry.register, entry))
            versions = books.registry.versions(project.name)
            bundle = books.registry.folder(project.name, versions[-1].number)
            size = sum(one.stat().st_size for one in (bundle / "model").iterdir())
        alone = median(rounds, partial(write_alone, model, project.root / "alone"))
        row(f"register {name}", whole)
        row(f"… its model file alone, {size // 1000} kB", alone)
        row("… the registry's part", whole - alone, "< 0.5")


def fill(project: Project, versions: int) -> None:
    """Write rows of versions, each with a verdict: a year of them."""
    with open_books(project) as books, books.state.begin() as connection:
        have = {one.number for one in books.registry.versions(project.name)}
        like = dict(connection.execute(sa.text("SELECT * FROM versions LIMIT 1")).mappings().one())
        missing = [number for number in range(1, versions + 1) if number not in have]
        rows = [like | {"number": number, "created": to_text(_made(number, versions))} for number in missing]
        table = sa.table("versions", *(sa.column(name) for name in like))
        connection.execute(sa.insert(table), rows)
        verdict = "INSERT INTO verdicts SELECT model, number, 1, created, '', 1, '[]' FROM versions"
        connection.execute(sa.text(verdict))


def _made(number: int, versions: int) -> dt.datetime:
    return NOW - dt.timedelta(days=365 * (versions - number) / versions)


def releases(versions: int) -> list[Release]:
    """Make a history in which every tenth version was champion, and each had its canary before."""
    found: list[Release] = []
    for number in range(1, versions, 10):
        routes = (Route(number, "champion", 1.0),)
        at = _made(number, versions)
        found.append(
            Release(id=len(found) + 1, model="churn", kind="release", routes=routes, at=at, by="me", reason="better")
        )
    return found


def listing(project: Project, versions: int, rounds: int) -> None:
    with open_books(project) as books:
        registry, name = books.registry, project.name
        row(f"list {versions} versions", median(rounds, lambda: registry.versions(name)), "< 0.2")
        row("list the newest 30 of them", median(rounds, lambda: registry.newest(name, 30)))
        every, history = registry.versions(name), releases(versions)
        plan = median(rounds, lambda: removable(every, history, now=NOW, days=90, newest=10))
        row(f"choose what may go: {versions} versions, {len(history)} releases", plan)
    dry = median(3, partial(lifecycle.collect, project, now=NOW, dry=True))
    row("`admin gc --dry-run` of them, without the imports", dry)


def processes(project: Project) -> None:
    for words in (["--help"], ["version", "list"], ["version", "list", "--json"]):
        seconds = median(5, partial(run, ["-m", "mainstay", *words], project.root))
        row(f"`mainstay {' '.join(words)}`, the whole process", seconds)
    for what in PARTS:
        row(f"… a process that imports {what}", median(5, partial(run, ["-c", f"import {what}"], project.root)))


def run(words: list[str], folder: Path) -> None:
    subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, check=True)


def removing(project: Project, many: int) -> None:
    """Remove real bundles: copies of one, under the numbers of rows that nobody needs."""
    with open_books(project) as books:
        first = books.registry.folder(project.name, 1)
    for number in range(100, 100 + many):
        shutil.copytree(first, first.with_name(str(number)))
    begun = time.perf_counter()
    done = lifecycle.collect(project, now=NOW)
    seconds = time.perf_counter() - begun
    gone = [one for one in done.gone if one.kind == "version"]
    row(f"`admin gc` that removes {len(gone)} bundles, {sum(one.size for one in gone) // 1000} kB", seconds)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=15)
    words.add_argument("--versions", type=int, default=10_000)
    asked = words.parse_args()
    print("| what | median s | aim |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        project = tiny_project(Path(folder))
        registering(project, asked.rounds)
        fill(project, asked.versions)
        listing(project, asked.versions, asked.rounds)
        processes(project)
        removing(project, min(1000, asked.versions // 10))


if __name__ == "__main__":
    main()
