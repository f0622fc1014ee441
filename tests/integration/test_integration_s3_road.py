"""The road by an object store: one machine registers and releases, another one answers; both share books and store."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.faulty import FaultyProxy

from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("obstore")


@pytest.fixture
def proxy(bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FaultyProxy]:
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/bundles")
    monkeypatch.setenv("MAINSTAY_STATE", f"sqlite:///{tmp_path / 'shared' / 'registry.sqlite'}")
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL"]) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.address)
        yield between


def test_one_machine_registers_and_another_one_answers(proxy: FaultyProxy, tmp_path: Path) -> None:
    trains, serves = tiny_project(tmp_path / "trains"), tiny_project(tmp_path / "serves")
    release_now(trains, register_model(trains, TINY_MODEL))
    second = register_model(trains, ConstantModel(0.9), golden=False)
    with TestServer.start(serves) as server:
        server.wait("/readyz")
        first = server.post("/models/churn/predict", GOOD_RECORD)
        assert (first.status, first.json["version"]) == (200, 1)
        # A new version while the object store is away: the one that is here goes on, and the trouble is told.
        proxy.fault = "lost"
        release_now(trains, second)
        end = time.monotonic() + 20
        while b"The object store s3://" not in server.get("/readyz").body:
            assert time.monotonic() < end
            time.sleep(0.05)
        again = server.post("/models/churn/predict", GOOD_RECORD)
        assert (again.status, again.json["version"], again.json["score"]) == (200, 1, first.json["score"])
        proxy.fault = ""
        server.wait_for_version(second)
        assert server.post("/models/churn/predict", GOOD_RECORD).json["score"] == 0.9
    # Both copies are here now: the server starts and answers without the object store.
    proxy.fault = "lost"
    with TestServer.start(serves) as server:
        server.wait("/readyz")
        assert server.post("/models/churn/predict", GOOD_RECORD).json["version"] == second
    with open_books(serves) as books:
        assert [copy.number for copy in books.registry.store.copies("churn")] == [1, 2]
