"""Feature code that fails at a record, is slow, or isn't trusted: what the others, and the server, notice of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.events import open_log
from mainstay.events.read import read_predictions
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.project import open_project
from mainstay.release import Route, open_books
from mainstay.serving import App, Served
from mainstay.serving.batch import score_file
from mainstay.serving.cases import FAILED
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.testing import Got

NOW = dt.datetime.now(dt.UTC)
CODE = """
import time
import polars as pl

def features(frame: pl.DataFrame) -> pl.DataFrame:
    for note in frame["note"].to_list():
        if note == "raise":
            raise ValueError(f"secret {note}")
        if note == "exit":
            raise SystemExit(3)
        if note == "ctrl-c":
            raise KeyboardInterrupt
        if note == "none":
            return None
        if note == "slow":
            time.sleep(2)
        if note == "hang":
            time.sleep(60)
    return frame.with_columns(pl.col("note").str.len_chars().alias("length")).drop("note")
"""
CONTRACT = '[note]\ntype = "text"\n\n[amount]\ntype = "number"\n'
PROJECT = """
[problem]
name = "churn"
action = "call"

[data]
source = "rows.csv"
target = "left"
positive = "yes"

[training]
candidates = ["linear"]
"""
POISON = ("raise", "exit", "ctrl-c", "none")
NOTES = ("hello", "a", "raise", "bb", "exit", "ctrl-c", "none", "cc")
RECORDS = [{"note": note, "amount": float(place)} for place, note in enumerate(NOTES)]
GOOD = [place for place, note in enumerate(NOTES) if note not in POISON]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("failing") / "churn"
    root.mkdir()
    for name, text in (("mainstay.toml", PROJECT), ("contract.toml", CONTRACT), ("features.py", CODE)):
        (root / name).write_text(text, encoding="utf-8")
    rows = [
        (f"{'x' * (place % 7 + 1)}", place % 11, "yes" if place % 7 > 3 or place % 5 == 0 else "no")
        for place in range(300)
    ]
    pl.DataFrame(rows, schema=["note", "amount", "left"], orient="row").write_csv(root / "rows.csv")
    project = open_project(root)
    lifecycle.train(project, now=NOW, by="anna")
    lifecycle.release(project, 1, reason="a look", by="anna", trial=True)
    return project


@pytest.fixture
def coded(first: Project, tmp_path: Path) -> Project:
    shutil.copytree(first.root, tmp_path / "coded" / "churn")
    return open_project(tmp_path / "coded" / "churn")


def serve(project: Project) -> Served:
    served = Served(project, loopback=True)
    served.look()
    return served


def lineup_of(served: Served) -> Lineup:
    assert served.lineup is not None
    return served.lineup


def changed(arm: Arm, **parts: Any) -> Arm:
    return dataclasses.replace(arm, bundle=dataclasses.replace(arm.bundle, **parts))


def without_fallback(served: Served) -> None:
    lineup = lineup_of(served)
    policy = msgspec.structs.replace(lineup.champion.bundle.policy, fallback=None)
    arm = changed(lineup.champion, policy=policy)
    served.lineup = dataclasses.replace(lineup, arms=(arm,), champion=arm)


def test_records_the_code_fails_at_are_answered_by_the_fallback_and_the_others_as_ever(
    coded: Project, ask: Callable[..., Got], capfd: pytest.CaptureFixture[str]
) -> None:
    served = serve(coded)
    app = App([served], loopback=True)
    alone = [ask(app, "/predict", RECORDS[place]).json for place in GOOD]
    got = ask(app, "/predict", RECORDS)
    again = ask(app, "/predict", RECORDS)
    assert (got.status, again.status) == (200, 200)
    fallback = lineup_of(served).champion.bundle.policy.fallback
    assert [answer["score"] for answer in (got.json[place] for place in GOOD)] == [one["score"] for one in alone]
    assert [answer["degraded"] for answer in got.json] == [note in POISON for note in NOTES]
    for answer, note in zip(got.json, NOTES, strict=True):
        if note in POISON:
            assert (answer["score"], answer["warnings"]) == (fallback, [FAILED])
    assert b"secret" not in got.body
    counted = ask(app, "/metrics").body.decode()
    assert (
        f'policy_total{{did="fallback",field="features.py",model="churn",why="features"}} {2 * len(POISON)}.0'
        in counted
    )
    said = capfd.readouterr().err.splitlines()
    assert len(said) == len(POISON)  # once per kind, not per record or request
    assert any("Version 1: features.py, line 8: ValueError: secret raise" in line for line in said)
    logged = read_predictions(open_log(coded), lineup_of(served).champion.bundle.contract)
    assert logged["fallback"].sum() == 2 * len(POISON)


def test_a_version_without_a_fallback_refuses_them_by_place(coded: Project, ask: Callable[..., Got]) -> None:
    served = serve(coded)
    without_fallback(served)
    app = App([served], loopback=True)
    got = ask(app, "/predict", RECORDS[:4])
    assert (got.status, [error["record"] for error in got.json["errors"]]) == (422, [2])
    assert "no fallback" in got.json["errors"][0]["message"]
    assert b"ValueError" not in got.body
    assert ask(app, "/predict", RECORDS[:2]).status == 200


def test_a_file_is_answered_likewise(coded: Project, tmp_path: Path, ask: Callable[..., Got]) -> None:
    pl.DataFrame(RECORDS).write_csv(tmp_path / "rows.csv")
    scored = lifecycle.predict_file(coded, tmp_path / "rows.csv", tmp_path / "out.parquet")
    assert (scored.scored, scored.refused) == (len(RECORDS), 0)
    assert scored.policies["features.py, line 8: ValueError, answered by the fallback"] == 1
    assert sum(count for what, count in scored.policies.items() if "features.py" in what) == len(POISON)
    served = serve(coded)
    answers = ask(App([served], loopback=True), "/predict", RECORDS).json
    out = pl.read_parquet(tmp_path / "out.parquet")
    for column in ("score", "prediction", "decision", "degraded"):
        assert out[column].to_list() == [answer[column] for answer in answers]
    assert out["warnings"].to_list() == ["; ".join(answer["warnings"]) for answer in answers]


def test_a_file_and_a_version_without_a_fallback(coded: Project, tmp_path: Path) -> None:
    pl.DataFrame(RECORDS).write_csv(tmp_path / "rows.csv")
    with open_books(coded) as books:
        bundle = books.registry.load_bundle("churn", 1)
    bare = dataclasses.replace(bundle, policy=msgspec.structs.replace(bundle.policy, fallback=None))
    paths = (tmp_path / "rows.csv", tmp_path / "out.csv")
    scored = score_file(bare, *paths, log=open_log(coded), books=coded.books)
    assert (scored.scored, scored.refused) == (len(GOOD), len(POISON))
    refused = pl.read_csv(scored.refused_to)
    assert refused["row"].to_list() == [2, 4, 5, 6]
    assert refused["rules"].str.contains("and version 1 has no fallback").all()


def test_a_canary_hands_over_what_its_model_fails_at_and_nothing_else(coded: Project, ask: Callable[..., Got]) -> None:
    lifecycle.train(coded, now=NOW, by="anna")
    release_now(coded, 1, Route(2, "canary", 0.5))
    served = serve(coded)
    lineup = lineup_of(served)
    (canary,) = [arm for arm in lineup.arms if arm is not lineup.champion]
    many = [RECORDS[2], *RECORDS[:2]] * 20
    answers = ask(App([served], loopback=True), "/predict", many).json
    poisoned = {answer["version"] for answer in answers if answer["degraded"]}
    assert poisoned == {1, 2}  # the canary's fallback answers for the canary
    broken = changed(canary, model=ConstantModel(float("nan")))
    served.lineup = dataclasses.replace(lineup, arms=(lineup.champion, broken))
    answers = ask(App([served], loopback=True), "/predict", many).json
    assert {answer["version"] for answer in answers} == {1}
    assert [answer["warnings"] for answer in answers[::3]] == [[FAILED]] * 20


def test_a_slow_record_stops_nobody_else_and_a_shutdown_waits_for_it(coded: Project) -> None:
    with TestServer.start(coded) as server:
        server.wait("/readyz")
        got: list[Got] = []
        slow = threading.Thread(target=lambda: got.append(server.post("/predict", {"note": "slow", "amount": 1.0})))
        slow.start()
        time.sleep(0.3)
        started = time.monotonic()
        for path in ("/livez", "/metrics"):
            assert server.get(path).status == 200
        assert server.post("/predict", RECORDS[0]).status == 200
        assert time.monotonic() - started < 1.0
        assert not got
        assert server.terminate() == 0
        slow.join()
    assert got[0].status == 200
    with open_books(coded) as books:
        contract = books.registry.load_bundle("churn", 1, run=False).contract
    assert got[0].json["id"] in read_predictions(open_log(coded), contract)["id"].to_list()


def test_code_that_hangs_keeps_no_server_from_ending(coded: Project) -> None:
    file = coded.root / "mainstay.toml"
    file.write_text(f"{file.read_text()}\n[serving]\ndrain_seconds = 1\n", encoding="utf-8")
    with TestServer.start(coded) as server:
        server.wait("/readyz")
        connection = server.connection()
        connection.request("POST", "/predict", b'{"note": "hang", "amount": 1}', {"Content-Type": "application/json"})
        time.sleep(0.3)
        assert server.terminate(10) == 0
        connection.close()


def test_a_server_that_cannot_load_what_is_released_says_so(coded: Project) -> None:
    (coded.books / "trust").unlink()
    with TestServer.start(coded) as server:
        got = server.post("/predict", RECORDS[0])
        told = server.get("/docs")
        server.terminate()
        second = server.said().splitlines()[1]
    assert (got.status, got.json["type"]) == (503, "urn:mainstay:problem:unloaded")
    assert got.json["detail"] == "Version 1 of churn is released, but can't be loaded here."
    assert "/readyz" in got.json["cure"]
    assert b"sha256" not in got.body
    assert "Version 1 is released, but can" in told.body.decode()
    assert "(version 1 is released, but can't be loaded here: /readyz says why)" in second


def test_a_tampered_version_is_told_likewise(tmp_path: Path, ask: Callable[..., Got]) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    policy = next(project.books.rglob("policy.json"))
    policy.chmod(0o600)
    policy.write_bytes(policy.read_bytes() + b" ")
    got = ask(App([serve(project)], loopback=True), "/predict", GOOD_RECORD)
    assert (got.status, got.json["type"]) == (503, "urn:mainstay:problem:unloaded")
    assert "Version 1 of churn is released" in got.json["detail"]
