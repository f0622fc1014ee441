from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.serving import App, Served
from mainstay.serving.testing import TINY_MODEL, Got, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path)


@pytest.fixture
def released(project: Project) -> Project:
    release_now(project, register_model(project, TINY_MODEL))
    return project


@pytest.fixture
def served(released: Project) -> Served:
    model = Served(released, loopback=True)
    model.look()
    return model


@pytest.fixture
def ask() -> Callable[..., Got]:
    """Ask an app without a socket: ``ask(app, "/predict", record)``, ``ask(app, "/models")``."""

    def call(app: App, path: str, body: Any = None, *, method: str = "", **headers: str) -> Got:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: list[dict[str, Any]] = []
        chunks = [data[i : i + 1000] for i in range(0, len(data), 1000)] or [b""]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        if body is not None and "content_type" not in headers:
            headers["content_type"] = "application/json"
        scope = {
            "type": "http",
            "method": method or ("GET" if body is None else "POST"),
            "path": path.partition("?")[0],
            "query_string": path.partition("?")[2].encode(),
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "headers": [(name.replace("_", "-").encode(), value.encode("latin1")) for name, value in headers.items()],
        }
        asyncio.run(app(scope, receive, send))
        start, finish = sent
        return Got(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, finish["body"])

    return call
