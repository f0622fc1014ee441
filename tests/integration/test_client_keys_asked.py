"""The client where the server asks for API keys."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay import Client
from mainstay.client import DeniedError, Patience, UnavailableError
from mainstay.events import EventLog, Prediction, tail
from mainstay.serving.guard import key_file
from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.project import Project

MOST = 5
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = tiny_project(tmp_path_factory.mktemp("asked"), more=f"[serving]\nmax_records = {MOST}\n")
    release_now(made, register_model(made, TINY_MODEL))
    return made


@pytest.fixture(scope="module")
def keys(project: Project) -> dict[str, str]:
    file = key_file(project)
    asker = file.add("asker", ("predict",), now=NOW)[1]
    reader = file.add("reader", ("predict", "read"), now=NOW)[1]
    slow = file.add("slow", ("predict",), now=NOW, rate=0.01)[1]
    return {"asker": asker, "reader": reader, "slow": slow}


@pytest.fixture(scope="module")
def url(project: Project, keys: dict[str, str]) -> Iterator[str]:
    assert keys
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield f"http://127.0.0.1:{running.port}"


def test_without_a_key_nobody_is_answered(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAINSTAY_API_KEY", raising=False)
    for key in (None, "wrong"):
        with Client(url, model="churn", api_key=key) as client, pytest.raises(DeniedError) as caught:
            client.predict(GOOD_RECORD)
        assert caught.value.status == 401
        assert caught.value.cure.startswith("Give it as api_key=, or in MAINSTAY_API_KEY;")
        assert "mainstay admin api-keys" in caught.value.cure


def test_a_key_that_opens_predictions_alone_is_enough_for_many_records(url: str, keys: dict[str, str]) -> None:
    with Client(url, model="churn", api_key=keys["asker"]) as client:
        assert len(client.predict([GOOD_RECORD] * (3 * MOST + 1))) == 3 * MOST + 1
        assert client.ready().models == {}
        with pytest.raises(DeniedError) as caught:
            client.model()
        assert (caught.value.status, caught.value.cause) == (403, "scope")


def test_the_key_of_the_environment_is_used(url: str, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_API_KEY", keys["reader"])
    with Client(url) as client:
        assert client.predict(GOOD_RECORD).version == 1
        assert client.model().limits.max_records == MOST


def test_who_asks_too_often_is_told_when_to_come_again(url: str, keys: dict[str, str]) -> None:
    with Client(url, model="churn", api_key=keys["slow"], patience=Patience(longest_wait=1)) as client:
        client.predict(GOOD_RECORD)
        with pytest.raises(UnavailableError) as caught:
            client.predict(GOOD_RECORD)
    assert (caught.value.status, caught.value.cause) == (429, "rate")
    assert (caught.value.retry_after or 0) > 1


def test_consumers_do_not_share_answers(url: str, keys: dict[str, str], project: Project) -> None:
    key = "order-17"
    ids = []
    for name in ("asker", "reader", "asker"):
        with Client(url, model="churn", api_key=keys[name]) as client:
            ids.append(client.predict(GOOD_RECORD, key=key).id)
    assert ids[0] == ids[2] != ids[1]
    logged = [each.id for each in tail(EventLog(project.books / "events"), 1000) if isinstance(each, Prediction)]
    assert (logged.count(ids[0]), logged.count(ids[1])) == (1, 1)
