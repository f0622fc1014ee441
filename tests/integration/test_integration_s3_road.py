"""The road by an object store: one machine registers and releases, another one answers; both share books and store."""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.faulty import FaultyProxy

from mainstay import lifecycle
from mainstay.errors import NotFoundError
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("obstore")
KEEP_ONE = "[registry]\nkeep_versions = 1\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of books that machines share, empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shared' / 'registry.sqlite'}"
    address: str = request.getfixturevalue("postgres")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS road")
        connection.execute("CREATE DATABASE road")
    return f"{address.rpartition('/')[0]}/road"


@pytest.fixture
def proxy(bucket: str, books: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/bundles")
    monkeypatch.setenv("MAINSTAY_STATE", books)
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
    with open_books(serves) as shared:
        assert [copy.number for copy in shared.registry.store.copies("churn")] == [1, 2]


def test_what_one_machine_cleans_up_is_gone_on_every_machine(proxy: FaultyProxy, tmp_path: Path) -> None:
    del proxy
    trains, serves = (tiny_project(tmp_path / name, more=KEEP_ONE) for name in ("trains", "serves"))
    for _ in range(3):
        register_model(trains, TINY_MODEL)
    release_now(trains, 2)
    with open_books(serves) as shared:
        shared.registry.load_bundle("churn", 1)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=100)
    assert [(one.kind, one.what) for one in lifecycle.collect(trains, now=later).gone] == [("version", "1")]
    with open_books(serves) as shared:
        assert shared.registry.store.numbers("churn") == (2, 3)
        with pytest.raises(NotFoundError, match="churn version 1 was removed by mainstay admin gc"):
            shared.registry.load_bundle("churn", 1)
    assert [(one.kind, one.what) for one in lifecycle.collect(serves, now=later).gone] == [("copy", "1")]
    assert register_model(serves, TINY_MODEL) == 4
