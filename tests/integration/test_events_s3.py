"""The tables of the event log in a bucket: one shipper, many at once on several machines, and a store that is down."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from mainstay.contract import Contract, Number
from mainstay.errors import StoreError
from mainstay.events import EventLog, EventsSettings, IdMaker, Prediction, find_prediction, tail
from mainstay.events.read import read_predictions
from mainstay.events.table.care import tend
from mainstay.events.table.shipping import Shipped, ship

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime.now(dt.UTC)
CONTRACT = Contract((Number(name="charge"),))
MACHINES, ROUNDS = 3, 3
make = IdMaker()


def answers(count: int = 3) -> Iterator[Prediction]:
    for _ in range(count):
        yield Prediction(
            id=make(), at=NOW, model="churn", version=1, role="champion", score=0.5, prediction="No", decision="none",
            features={"charge": 1.5},
        )  # fmt: skip


def test_a_log_whose_tables_are_in_a_bucket(bucket: str, tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", EventsSettings(table=f"{bucket}/log", keep_segments="1s"))
    made = list(answers())
    for each in made:
        log.append("predictions", [each])
        log.close()
        assert ship(log, contract_of=lambda _: CONTRACT) == Shipped(segments=1, rows=1)
    assert tend(log, NOW + dt.timedelta(days=2)).removed == 3
    assert tend(log, NOW + dt.timedelta(days=2)).compacted == 0
    log.append("predictions", answers(1))
    assert read_predictions(log, CONTRACT)["f:charge"].to_list() == [1.5] * 4
    assert find_prediction(log, made[0].id) == made[0]
    assert len(tail(log)) == 4
    assert not (tmp_path / "events/table").exists()


def test_a_store_that_is_down_loses_nothing(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = EventLog(tmp_path / "events", EventsSettings(table=f"{bucket}/log"))
    log.append("predictions", answers())
    log.close()
    with monkeypatch.context() as down:
        down.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(StoreError, match=r"can't be used: Connection refused\.") as raised:
            ship(log, contract_of=lambda _: CONTRACT)
        assert "\x1b" not in str(raised.value)
        assert "quite-secret" not in str(raised.value)
    assert ship(log, contract_of=lambda _: CONTRACT).rows == 3


def test_shippers_of_several_machines_ship_each_event_once(tmp_path: Path) -> None:
    apart = ["unshare", "--net", "--mount", "--propagation", "private"]
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("NOT TESTED on several machines: unshare or ip isn't there")
    pytest.importorskip("moto", reason="NOT TESTED on S3: moto isn't installed")
    tried = subprocess.run([*apart, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"NOT TESTED on several machines: {tried.stderr.strip()}")
    words = [sys.executable, "-m", "tests.integration.networks", str(tmp_path), str(MACHINES), str(ROUNDS)]
    done = subprocess.run([*apart, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    made = [name for shipper in found["shippers"] for name in shipper["names"]]
    assert len(made) == MACHINES * 2 * ROUNDS * 3
    assert sorted(found["read"]["names"]) == sorted(made)
    assert found["read"]["charge"] == 1.5 * len(made)
    # Two shippers of one machine see each other's segments: what one has shipped, the other doesn't ship again.
    assert sum(shipper["rows"] for shipper in found["shippers"]) == len(made)
    assert sum(shipper["segments"] for shipper in found["shippers"]) == MACHINES * 2 * ROUNDS
    assert pl.Series(made).is_unique().all()
