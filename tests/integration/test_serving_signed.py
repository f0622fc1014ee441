"""A real server and signatures: what no trusted key signed never answers, and who answers goes on."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from mainstay import lifecycle
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.serving.testing import GOOD_RECORD, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def _detail(server: TestServer) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        said = str(server.get("/readyz").json["models"]["churn"].get("detail", ""))
        if "isn't served" in said:
            return said
        time.sleep(0.05)
    return "nothing was refused"


def _score(server: TestServer) -> float:
    return float(server.post("/models/churn/predict", GOOD_RECORD).json["score"])


def test_a_server_follows_its_keys_at_each_load(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    register_model(project, ConstantModel(0.25))  # unsigned
    key = lifecycle.new_key(project, name="release", now=NOON, sign=False).key
    register_model(project, ConstantModel(0.5))
    release_now(project, 2)
    with TestServer.start(project) as server:
        server.wait_for_version(2)
        release_now(project, 1)
        assert "churn version 1 isn't signed; it is not loaded" in _detail(server)
        assert _score(server) == 0.5
        lifecycle.sign_versions(project, [1])  # it is tried again by itself
        server.wait_for_version(1)
        assert _score(server) == 0.25
        lifecycle.revoke_key(project, key.id, force=True, now=NOON)
        assert _score(server) == 0.25  # who answers goes on
        release_now(project, 2)
        assert f"signed by the key '{key.id}', which isn't trusted here" in _detail(server)
        assert _score(server) == 0.25
        assert server.terminate() == 0
        assert "Traceback" not in server.said()


def test_a_server_elsewhere_trusts_by_its_own_project_file_alone(tmp_path: Path) -> None:
    maker = tiny_project(tmp_path / "maker")
    key = lifecycle.new_key(maker, name="release", now=NOON).key
    server_side = tiny_project(tmp_path / "server", more=f'[serving]\nkeys = ["{key.public}"]\n')
    stranger = lifecycle.new_key(tiny_project(tmp_path / "stranger"), name="theirs", now=NOON).key
    refusing = tiny_project(tmp_path / "refusing", more=f'[serving]\nkeys = ["{stranger.public}"]\n')
    register_model(maker, ConstantModel(0.5))
    release_now(maker, 1)
    for folder in (server_side, refusing):
        (folder.root / ".mainstay").mkdir()
        for name in ("registry.sqlite", "store"):
            (folder.root / ".mainstay" / name).symlink_to(maker.books / name)
    with TestServer.start(server_side) as server:
        server.wait_for_version(1)
        assert _score(server) == 0.5
    with TestServer.start(refusing) as server:
        assert f"signed by the key '{key.id}', which isn't trusted here" in _detail(server)
        assert server.post("/models/churn/predict", GOOD_RECORD).status == 503
