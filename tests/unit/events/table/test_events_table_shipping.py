"""Sealed segments are committed exactly once, and nothing that a line says is lost on the way."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from mainstay.contract import Category, Contract, Datetime, Number, Text
from mainstay.contract.columns import Tensor
from mainstay.errors import SetupError, StoreError
from mainstay.events import (
    Access,
    Action,
    EventLog,
    EventsSettings,
    Feedback,
    Found,
    Kpi,
    Prediction,
    Refusal,
    find_prediction,
    show,
    tail,
)
from mainstay.events.read import read_predictions
from mainstay.events.table import fields
from mainstay.events.table.shipping import Shipped, ship, waiting
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Event

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
KINDS: dict[str, type[Event]] = {
    "predictions": Prediction,
    "feedback": Feedback,
    "refusals": Refusal,
    "findings": Found,
    "actions": Action,
    "audit": Access,
}


def table(log: EventLog, stream: str) -> pl.DataFrame:
    return pl.read_delta(str(log.root / "table" / stream))


@pytest.mark.parametrize("stream", KINDS)
def test_every_field_of_a_record_has_a_column(stream: Any) -> None:
    known = {*fields.FIELDS[stream], *fields.IGNORED, *(fields.NESTED if stream == "predictions" else ())}
    assert {field.encode_name for field in msgspec.structs.fields(KINDS[stream])} <= known


def test_a_segment_is_shipped_once_and_not_while_it_is_written(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(), prediction()])
    assert ship(log, contract_of=lambda _: contract) == Shipped()
    log.close()
    assert ship(log, contract_of=lambda _: contract) == Shipped(segments=1, rows=2)
    (log.root / "predictions" / "shipped").unlink()  # only a memory
    assert ship(log, contract_of=lambda _: contract) == Shipped()
    assert table(log, "predictions")["features"].struct.unnest().rows() == [(3, 19.5, "basic")] * 2
    assert waiting(log, "predictions") == []


def test_an_empty_file_may_be_about_to_be_written(log: EventLog, contract: Contract) -> None:
    folder = log.root / "predictions"
    folder.mkdir(parents=True)
    (folder / "20261122T120000000000Z-1-ab.jsonl").touch()
    assert ship(log, contract_of=lambda _: contract) == Shipped()
    assert len(waiting(log, "predictions")) == 1


def test_small_segments_share_a_commit(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    for _ in range(30):
        log.append("predictions", [prediction()])
        log.close()
    assert ship(log, contract_of=lambda _: contract) == Shipped(segments=30, rows=30)
    assert [path.name for path in (log.root / "table/predictions/_delta_log").glob("*.json")] == [f"{0:020}.json"]


def test_many_shippers_at_once_ship_each_event_once(log: EventLog, prediction: Callable[..., Prediction]) -> None:
    made = []
    for number in range(12):
        made.append(prediction(version=number, features={f"only{number}": 1.5}))  # each widens the table
        log.append("predictions", made[-1:])
        log.close()

    def one(_: int) -> Shipped:
        return ship(EventLog(log.root), contract_of=lambda version: Contract((Number(name=f"only{version}"),)))

    with ThreadPoolExecutor(4) as pool:
        shipped = sum(pool.map(one, range(4)), Shipped())
    assert shipped == Shipped(segments=12, rows=12)
    assert sorted(table(log, "predictions")["id"]) == sorted(each.id for each in made)


def test_what_fits_no_column_is_kept_as_json(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    wrong = prediction(features={"tenure": "long", "charge": 1, "plan": None, "later": [1, {"a": 2}]})
    log.append("predictions", [prediction(), wrong])
    log.close()
    (path,) = log.segments("predictions")
    lines = path.read_bytes().splitlines()
    future = json.loads(lines[0]) | {"mainstay.mood": {"good": True}, "event.id": "future", "mainstay.score": "high"}
    del future["event.hash"]
    (log.root / "predictions" / "20261122T120000000000Z-1-ab.jsonl").write_text(json.dumps(future) + "\n")
    assert ship(log, contract_of=lambda _: contract).rows == 3
    rows = {row["id"]: row for row in table(log, "predictions").to_dicts()}
    assert json.loads(rows[wrong.id]["more"]) == {"mainstay.features": {"tenure": "long", "later": [1, {"a": 2}]}}
    assert rows[wrong.id]["features"] == {"tenure": None, "charge": 1.0, "plan": None}
    assert json.loads(rows["future"]["more"]) == {"mainstay.mood": {"good": True}, "mainstay.score": "high"}
    assert rows["future"]["score"] is None
    assert sum(row["more"] is None for row in rows.values()) == 1


def test_a_feature_that_changed_its_type_gets_a_second_field(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    later = Contract(
        (Text(name="tenure"), Number(name="charge"), Datetime(name="seen"), Tensor(name="x", shape=(2, 2)))
    )
    contracts = {1: contract, 2: later}
    log.append("predictions", [prediction()])
    log.close()
    ship(log, contract_of=contracts.get)
    told = {"tenure": "long", "charge": 2, "seen": "2026-01-02T03:04:05Z", "x": [[1, 2], [3, 4.5]]}
    log.append("predictions", [prediction(version=2, features=told)])
    raw = [read_predictions(log, each) for each in (contract, later)]
    log.close()
    ship(log, contract_of=contracts.get)
    kind = table(log, "predictions").schema["features"]
    assert isinstance(kind, pl.Struct)
    assert [field.name for field in kind.fields] == ["tenure", "charge", "plan", "tenure:text", "seen", "x"]
    shipped = [read_predictions(log, each) for each in (contract, later)]
    assert [each.sort("version").to_dicts() for each in shipped] == [each.to_dicts() for each in raw]
    assert shipped[1].sort("version")["f:tenure"].to_list() == ["3", "long"]
    assert shipped[1].sort("version")["f:x"].to_list()[1] == [[1.0, 2.0], [3.0, 4.5]]


def test_a_version_that_nobody_knows_keeps_its_features(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(), prediction(features={"tenure": None, "charge": 2})])
    raw = read_predictions(log, contract)
    log.close()
    ship(log, contract_of=lambda _: None)
    assert read_predictions(log, contract).equals(raw)


def test_no_value_stands_in_the_tables_own_log(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction]
) -> None:
    log.append(
        "predictions", [prediction(entity="pseudonym-1", features={"tenure": 97, "charge": 1.5, "plan": "full"})]
    )
    log.close()
    ship(log, contract_of=lambda _: contract)
    (commit,) = (log.root / "table/predictions/_delta_log").glob("*.json")
    (added,) = [json.loads(line)["add"] for line in commit.read_text().splitlines() if '"add"' in line]
    assert set(json.loads(added["stats"])["minValues"]) == {"time", "version"}
    assert "pseudonym" not in commit.read_text()


def test_a_table_that_cannot_be_reached_costs_nothing(
    tmp_path: Path, prediction: Callable[..., Prediction], contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path / "events", EventsSettings(table=str(tmp_path / "file")))
    (tmp_path / "file").write_text("not a folder")
    log.append("predictions", [prediction()])
    log.close()
    with pytest.raises(StoreError, match=r"predictions can't be used: Not a directory\. "):
        ship(log, contract_of=lambda _: contract)
    assert read_predictions(log, contract).height == 1
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    far = EventLog(tmp_path / "events", EventsSettings(table="s3://nowhere/log"))
    with pytest.raises(SetupError, match="holds no credentials"):
        ship(far, contract_of=lambda _: contract)
    assert len(log.segments("predictions")) == 1


def test_every_kind_of_event_comes_back_as_it_was(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    amount = prediction(prediction=12.5, decision=12.5, score=12.5, scores={"a": 0.5}, raw={"tenure": "x"})
    full = prediction(
        features={"tenure": None, "charge": 19.5, "plan": None}, warnings=("w", "v"), degraded=True, entity="e",
        share=0.1, request="r-1", trace="t", answer=amount.id, consumer="c", encoded=(1.0, None), sealed="s",
        control=True, intended="offer", sampled=0.5, inputs={"ratio": 0.5, "word": None}, role="shadow",
    )  # fmt: skip
    found = Finding(measure="psi", where="tenure", value=0.3, ok=False)
    log.append("predictions", [amount, full])
    log.append("feedback", [feedback(amount.id, 12.5, kpis=(Kpi("revenue", 59.0),), followed=False), feedback("x")])
    log.append("refusals", [Refusal(id="r", at=NOW, model="churn", status=422, cause="fields", fields=("a",))])
    log.append("findings", [Found(event="f", at=NOW, model="churn", finding=found, since=NOW, until=NOW)])
    log.append("actions", [Action(id="a", at=NOW, model="churn", kind="alert", subject="s", by="me", message="!")])
    log.append("audit", [Access(id="u", at=NOW, model="churn", kind="show", by="me", events=3)])
    before = tail(log, 50)
    log.close()
    derived = Contract((Number(name="ratio"), Category(name="word", values=("a", "b"))))
    shipped = ship(log, contract_of=lambda _: contract, inputs_of=lambda _: derived)
    assert shipped == Shipped(segments=6, rows=8)
    for path in log.root.glob("*/*.jsonl"):
        path.unlink()
    after = tail(log, 50)
    assert sorted(map(repr, after)) == sorted(map(repr, before))
    assert find_prediction(log, full.id) == full
    assert set(map(repr, show(log, amount.id))) == {repr(each) for each in before if amount.id in repr(each)}
    assert show(log, "f")[0] in before
