"""Feature code from training over files and requests to the look at what was served, and who may run it where."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.contract import Category, Contract, Integer, Number, load_contract
from mainstay.data import take_snapshot
from mainstay.errors import ContractError, DataError, TrustError
from mainstay.events import open_log
from mainstay.events.read import scan_predictions
from mainstay.events.window import take_window
from mainstay.monitoring.skew import skew_finding
from mainstay.project import open_project
from mainstay.registry import Golden, golden_failures
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.registry import Bundle

NOW = dt.datetime.now(dt.UTC)
CODE = """
import os
import polars as pl

if os.environ.get("CANARY"):
    open(os.environ["CANARY"], "w").close()


def features(frame: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("note").fill_null("")
    return frame.with_columns(
        text.str.len_chars().alias("length"),
        text.str.contains("cancel").alias("cancels"),
        (pl.col("amount") / pl.col("visits")).log1p().alias("per visit"),
        pl.col("signed").dt.hour().alias("hour"),
        pl.col("plan").str.to_uppercase().alias("loud"),
    ).drop("note", "signed")
"""
CONTRACT = """
[note]
type = "text"
missing = "allow"

[amount]
type = "number"
min = 0
outside = "fallback"

[visits]
type = "integer"
missing = "allow"

[signed]
type = "datetime"

[plan]
type = "category"
values = ["basic", "full"]
"""
PROJECT = """
[problem]
name = "churn"
action = "call"

[data]
source = "rows.csv"
target = "left"
positive = "yes"

[training]
candidates = ["do-nothing", "linear"]

[monitoring]
window = "1d"
min_rows = 30
"""
RECORD: dict[str, Any] = {
    "note": "wants to cancel",
    "amount": 12.5,
    "visits": 3,
    "signed": "2026-03-01T17:30:00Z",
    "plan": "basic",
}
LEFT = {**RECORD, "amount": -1.0}


def write_rows(path: Path, rows: int = 400, seed: int = 3, fallen: float = 0.02) -> None:
    dice = np.random.default_rng(seed)
    cancels = dice.random(rows) < 0.3
    left = dice.random(rows) < np.where(cancels, 0.8, 0.15)
    pl.DataFrame(
        {
            "note": [
                None if dice.random() < 0.1 else f"{'please cancel' if yes else 'hello'}{'!' * int(dice.integers(9))}"
                for yes in cancels
            ],
            "amount": [-1.0 if dice.random() < fallen else round(float(dice.gamma(2, 20)), 2) for _ in range(rows)],
            "visits": [None if dice.random() < 0.1 else int(dice.integers(0, 9)) for _ in range(rows)],
            "signed": [f"2026-0{dice.integers(1, 9)}-11T{dice.integers(10, 24)}:15:00Z" for _ in range(rows)],
            "plan": dice.choice(["basic", "full"], rows),
            "left": np.where(left, "yes", "no"),
        }
    ).write_csv(path)


def make_project(root: Path, code: str = CODE) -> Project:
    root.mkdir(parents=True)
    for name, text in (("mainstay.toml", PROJECT), ("contract.toml", CONTRACT), ("features.py", code)):
        (root / name).write_text(text, encoding="utf-8")
    write_rows(root / "rows.csv")
    return open_project(root)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("features") / "churn")
    lifecycle.train(project, now=NOW, by="anna")
    lifecycle.release(project, 1, reason="a look", by="anna", trial=True)
    return project


@pytest.fixture
def released(first: Project, tmp_path: Path) -> Project:
    shutil.copytree(first.root, tmp_path / "churn")
    return open_project(tmp_path / "churn")


def bundle_of(project: Project) -> Bundle:
    with open_books(project) as books:
        return books.registry.load_bundle("churn", 1)


def test_what_the_model_sees_is_described_and_kept(released: Project) -> None:
    bundle = bundle_of(released)
    assert bundle.inputs.encoded_names == (
        *("amount", "visits", "plan"),
        *("length", "cancels", "per visit", "hour", "loud"),
    )
    assert {column.name: column.type for column in bundle.inputs.columns}["loud"] == "category"
    assert [column.name for column in bundle.profile.columns] == list(bundle.inputs.encoded_names)
    assert {influence.feature for influence in bundle.report.influences} == set(bundle.inputs.encoded_names)
    assert bundle.report.influences[0].feature == "cancels"
    assert len(bundle.golden) == 20
    assert all(set(golden.record) == set(RECORD) for golden in bundle.golden)
    assert hashlib.sha256(CODE.encode()).hexdigest() in bundle.card


def test_rows_left_to_the_fallback_are_no_lesson_and_are_counted(released: Project) -> None:
    snapshot = take_snapshot(released, load_contract(released.root / "contract.toml"))
    (line,) = [line for line in snapshot.ledger if line.step == "fallback"]
    fallen = (pl.read_csv(released.root / "rows.csv")["amount"] < 0).sum()
    assert line.rows_in - line.rows_out == fallen > 0
    assert (snapshot.train.frame["amount"] >= 0).all()


def test_a_file_and_a_request_give_the_same_bits_and_are_logged_as_the_model_saw_them(
    released: Project, tmp_path: Path
) -> None:
    write_rows(tmp_path / "new.csv", 60, seed=9, fallen=0.1)
    scored = lifecycle.predict_file(released, tmp_path / "new.csv", tmp_path / "out.parquet")
    assert (scored.scored, scored.refused) == (60, 0)
    assert any("amount" in what and "fallback" in what and rows > 0 for what, rows in scored.policies.items())
    frame = pl.read_parquet(tmp_path / "out.parquet")
    bundle = bundle_of(released)
    fallen = frame.filter(pl.col("amount").cast(pl.Float64) < 0)
    assert set(fallen["score"]) == {bundle.policy.fallback}
    assert fallen["degraded"].all()
    assert fallen["warnings"].str.contains("amount").all()
    records = frame.select(list(RECORD)).to_dicts()
    with TestServer.start(released) as server:
        server.wait("/readyz")
        answers = server.post("/predict", records).json
        one = server.post("/predict", RECORD).json
        left = server.post("/predict", LEFT).json
        metrics = server.get("/metrics").body.decode()
        described = server.get("/models/churn").json
    assert [answer["score"] for answer in answers] == frame["score"].to_list()
    assert [answer["degraded"] for answer in answers] == frame["degraded"].to_list()
    assert one["degraded"] is False
    assert (left["score"], left["degraded"]) == (bundle.policy.fallback, True)
    assert left["decision"] == bundle.policy.decide(left["score"])
    told = f"{len(fallen) + 1}.0"
    assert f'mainstay_policy_total{{did="fallback",field="amount",model="churn",why="outside"}} {told}' in metrics
    assert described["features"]["sha256"] == hashlib.sha256(CODE.encode()).hexdigest()
    logged = scan_predictions(open_log(released), bundle.contract, inputs=bundle.inputs).frame
    assert logged["fallback"].sum() == 2 * len(fallen) + 1
    single = logged.filter(pl.col("id") == one["id"])
    assert (single["i:length"][0], single["i:cancels"][0], single["i:hour"][0]) == (15, True, 17)


def test_the_look_computes_features_again_and_names_what_differs(released: Project, tmp_path: Path) -> None:
    write_rows(tmp_path / "new.csv", 60, seed=9, fallen=0.1)
    lifecycle.predict_file(released, tmp_path / "new.csv", tmp_path / "out.parquet")
    seen = lifecycle.monitor(released, now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
    (skew,) = [finding for finding in seen.findings if finding.group == "skew"]
    assert (skew.ok, skew.value) == (True, 0.0)
    assert skew.n > 50
    bundle = bundle_of(released)
    since, until = NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=1)
    log = open_log(released)
    window = take_window(log, bundle.contract, bundle.policy.task, since, until, inputs=bundle.inputs)
    nudged = window.frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 6).then(np.nextafter(99.0, 100)).otherwise("i:per visit").alias("i:per visit")
    )
    found = skew_finding(nudged, bundle)
    mine = nudged.head(6).filter(~pl.col("fallback")).height
    assert found.failed
    assert found.value == pytest.approx(mine / skew.n)
    assert f"per visit ({mine})" in found.note


def elsewhere(project: Project, tmp_path: Path) -> Project:
    """Copy a project to a machine that never trained it."""
    shutil.copytree(project.root, tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / ".mainstay" / "trust").unlink()
    return open_project(tmp_path / "elsewhere")


def test_code_that_nobody_trusts_here_is_not_run(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", str(tmp_path / "canary"))
    there = elsewhere(released, tmp_path)
    sha = hashlib.sha256(CODE.encode()).hexdigest()
    with pytest.raises(TrustError, match=rf"churn version 1 brings code of its own .*{sha}.*was not run") as refused:
        bundle_of(there)
    assert "[serving] trust" in refused.value.cure
    with open_books(there) as books:
        looked_at = books.registry.load_bundle("churn", 1, run=False)
    assert looked_at.inputs.width == 8
    seen = lifecycle.monitor(there, now=dt.datetime.now(dt.UTC))
    assert not [finding for finding in seen.findings if finding.group == "skew" and finding.failed]
    assert not (tmp_path / "canary").exists()
    file = there.root / "mainstay.toml"
    file.write_text(f'{file.read_text()}\n[serving]\ntrust = ["{sha}"]\n', encoding="utf-8")
    assert bundle_of(there).features is not None
    assert (tmp_path / "canary").exists()


def test_a_server_keeps_its_old_version_where_the_new_one_is_not_trusted(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = elsewhere(released, tmp_path)
    sha = hashlib.sha256(CODE.encode()).hexdigest()
    (there.books / "trust").write_text(f"{sha}  anna  2026-01-01T00:00:00Z  features.py of churn\n")
    evil = CODE + f'\nopen({str(tmp_path / "canary")!r}, "w").close()\n'
    (released.root / "features.py").write_text(evil, encoding="utf-8")
    monkeypatch.setenv("MAINSTAY_STATE", str(there.books))
    monkeypatch.setenv("MAINSTAY_STORE", str(there.books / "store"))
    with TestServer.start(there) as server:
        server.wait("/readyz")
        assert lifecycle.train(released, now=NOW, by="mallory").version.number == 2
        (tmp_path / "canary").unlink()
        lifecycle.release(released, 2, reason="a look", by="mallory", trial=True)
        (tmp_path / "canary").unlink()
        state = server.wait("/readyz").json["models"]["churn"]
        while "detail" not in state:
            state = server.wait("/readyz").json["models"]["churn"]
        assert "isn't trusted here" in state["detail"]
        assert state["version"] == 1
        assert server.post("/predict", RECORD).json["version"] == 1
    assert not (tmp_path / "canary").exists()


def test_training_writes_down_whom_this_machine_trusts_once(released: Project) -> None:
    (line,) = (released.books / "trust").read_text(encoding="utf-8").splitlines()
    assert line.split()[0] == hashlib.sha256(CODE.encode()).hexdigest()
    assert "anna" in line
    lifecycle.train(released, now=NOW, by="bert")
    assert (released.books / "trust").read_text(encoding="utf-8").splitlines() == [line]


def test_golden_records_run_through_the_feature_code(released: Project) -> None:
    bundle = bundle_of(released)
    assert golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features) == ()
    wrong = [Golden(bundle.golden[0].record, 0.123)]
    assert len(golden_failures(bundle.contract, bundle.model, wrong, bundle.features)) == 1


def test_free_text_without_feature_code_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "churn")
    (project.root / "features.py").unlink()
    with pytest.raises(ContractError, match="No model can read free text: 'note'") as refused:
        lifecycle.train(project, now=NOW, by="anna")
    assert "features.py" in refused.value.cure


def test_a_statistic_of_the_whole_table_is_refused(tmp_path: Path) -> None:
    mean = "pl.col('amount') - pl.col('amount').mean()"
    code = f"import polars as pl\ndef features(frame):\n    return frame.select({mean})\n"
    project = make_project(tmp_path / "churn", code)
    with pytest.raises(DataError, match="computes 'amount' from more than its own row"):
        lifecycle.train(project, now=NOW, by="anna")
    assert not (project.books / "trust").exists()


def test_a_version_without_a_fallback_refuses_what_is_left_to_it(tmp_path: Path) -> None:
    contract = Contract(
        (
            Integer(name="tenure", min=0, max=100, outside="fallback"),
            Number(name="charge", min=0, max=500, outside="clip"),
            Category(name="plan", values=("basic", "full")),
        )
    )
    project = tiny_project(tmp_path / "tiny")
    release_now(project, register_model(project, TINY_MODEL, contract=contract))
    good = {"tenure": 3, "charge": 1.0, "plan": "basic"}
    with TestServer.start(project) as server:
        server.wait("/readyz")
        refused = server.post("/predict", [good, {**good, "tenure": 101}])
        assert server.post("/predict", good).status == 200
    assert refused.status == 422
    assert [(error["record"], error["field"]) for error in refused.json["errors"]] == [(1, "tenure")]
    assert "fallback" in refused.json["errors"][0]["message"]
    (tmp_path / "rows.csv").write_text("tenure,charge,plan\n3,1,basic\n101,1,basic\n", encoding="utf-8")
    scored = lifecycle.predict_file(project, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert (scored.scored, scored.refused) == (1, 1)
    assert "fallback" in pl.read_csv(scored.refused_to)["rules"][0]
    assert json.loads(pl.read_csv(tmp_path / "out.csv").write_json())[0]["degraded"] is False
