"""What saying why costs: p50 of predict, of predict?explain=true and of explain, in the same run, on a real server.

    python benchmarks/explain.py [--data telco.csv --target Churn] [--requests 2000] [--out result.json]

One worker, one connection on loopback, contract, log and metrics on. The three calls take turns, record by record, so
that whatever else the machine does meets all of them. Without --data the bundled simulation is the table. Each model is
the project's own recipe, trained on the table; the last one is trees that only a few tables need: 300 of 31 leaves.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mainstay import lifecycle
from mainstay.contract import RequestDecoder, compile_request
from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET, write_sample
from mainstay.errors import RecordError
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.project import Project, open_project
from mainstay.release import open_books
from mainstay.serving.testing import TestServer, register_model, release_now

CALLS = ("predict", "predict?explain=true", "explain")
Row = dict[str, Any]


def make_project(table: Path, target: str, folder: Path, candidate: str) -> Project:
    write_project(draft_project(table, target, folder, SAMPLE_ANSWERS), folder)
    file = folder / "mainstay.toml"
    text = file.read_text(encoding="utf-8") + f'\n[training]\ncandidates = ["do-nothing", "{candidate}"]\n'
    lines = (f'source = "{table}"' if line.startswith("source = ") else line for line in text.splitlines())
    file.write_text("\n".join(lines), encoding="utf-8")
    return open_project(folder)


def train(project: Project, candidate: str) -> int:
    """Train, and release the candidate itself, whether or not it was worth choosing."""
    trained = lifecycle.train(project, now=dt.datetime.now(dt.UTC), by="a benchmark")
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, trained.version.number)
    print(f"{candidate}: {trained.report.candidate}, {size(bundle.model)}")
    return trained.version.number


def size(model: object) -> str:
    inner = getattr(model, "inner", model)
    text = getattr(inner, "text", "")
    leaves = [int(line.partition("=")[2]) for line in text.splitlines() if line.startswith("num_leaves=")]
    return f"{len(leaves)} trees of {np.mean(leaves):.0f} leaves" if leaves else type(inner).__name__


def big_trees(project: Project, number: int) -> int:
    """Register 300 trees of 31 leaves, grown on what the other version learned from, without asking whether it pays."""
    import lightgbm  # noqa: PLC0415 - slow to import

    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number)
    rng = np.random.default_rng(0)
    X = bundle.explainer.background[rng.integers(0, len(bundle.explainer.background), 6000)]
    X = X + rng.normal(0, 0.01, X.shape)
    y = (bundle.model.scores(X) + rng.normal(0, 0.1, len(X)) > 0.3).astype(float)
    options = {"objective": "binary", "verbosity": -1, "num_leaves": 31, "num_threads": 1}
    model = LightGBMModel(lightgbm.train(options, lightgbm.Dataset(X, label=y), 300).model_to_string())
    print(f"large: {size(model)}")
    return register_model(project, model, contract=bundle.contract, task=bundle.policy.task)


def measure(project: Project, number: int, records: list[bytes], requests: int) -> list[Row]:
    release_now(project, number)
    taken: dict[str, list[float]] = {call: [] for call in CALLS}
    with TestServer.start(project) as server:
        server.wait("/readyz")
        connection = server.connection()
        for place in range(-100, requests):
            body = records[place % len(records)]
            for call in CALLS:
                begun = time.perf_counter()
                path = f"/models/{project.name}/{call}"
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise SystemExit(f"{call} answered {answer.status}")
                if place >= 0:
                    taken[call].append(time.perf_counter() - begun)
    return [
        {"call": call, "p50_ms": 1e3 * float(np.median(times)), "p95_ms": 1e3 * float(np.quantile(times, 0.95))}
        for call, times in taken.items()
    ]


def bodies(table: Path, project: Project, number: int) -> list[bytes]:
    with open_books(project) as books:
        contract = books.registry.load_contract(project.name, number)
    rows = pl.read_csv(table, infer_schema_length=10_000).head(300)
    names = [name for name in contract.feature_names if name in rows.columns]
    records = (json.dumps(row).encode() for row in rows.select(names).drop_nulls().to_dicts())
    decoder = compile_request(contract)
    return [record for record in records if _accepted(decoder, record)]


def _accepted(decoder: RequestDecoder, record: bytes) -> bool:
    try:
        decoder.decode(record)
    except RecordError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--target", default=TARGET)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = given.data.absolute() if given.data else folder / "sample.csv"
        if not given.data:
            write_sample(table, rows=6000, seed=11)
        for candidate in ("linear", "lightgbm", "large"):
            kind = "linear" if candidate == "linear" else "lightgbm"
            project = make_project(table, given.target, folder / candidate, kind)
            number = train(project, kind)
            records = bodies(table, project, number)
            if candidate == "large":
                number = big_trees(project, number)
            for row in measure(project, number, records, given.requests):
                results.append({"model": candidate, **row})
                print(f"{candidate:10} {row['call']:22} p50 {row['p50_ms']:.3f} ms  p95 {row['p95_ms']:.3f} ms")
    if given.out:
        given.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
