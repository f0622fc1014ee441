"""A dashboard without a socket: requests go straight into the application."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import pytest

from mainstay.render import Overview, sample_overview
from mainstay.web import make_app

if TYPE_CHECKING:
    import datetime as dt

    from starlette.types import Message


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class House:
    """Two callables as the books would answer, and the application over them."""

    overview: Overview = field(default_factory=sample_overview)
    rolled: list[tuple[str, str, str]] = field(default_factory=list)
    fails: Exception | None = None
    built: int = 0

    def __post_init__(self) -> None:
        self.app = make_app(self.build, self.rollback, by="ana (dashboard)", keep=0.0)

    def build(self, _: dt.datetime) -> Overview:
        self.built += 1
        if self.fails is not None:
            raise self.fails
        return self.overview

    def rollback(self, model: str, reason: str, by: str) -> None:
        self.rolled.append((model, reason, by))
        rows = tuple(
            msgspec.structs.replace(row, version=row.rollback_to, rollback_to=None) if row.name == model else row
            for row in self.overview.models
        )
        self.overview = msgspec.structs.replace(self.overview, models=rows)

    def get(self, path: str, **headers: str) -> Answer:
        return asyncio.run(self._ask("GET", path, b"", headers))

    def post(self, path: str, form: dict[str, str] | bytes, **headers: str) -> Answer:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        return asyncio.run(
            self._ask("POST", path, body, {"content_type": "application/x-www-form-urlencoded", **headers})
        )

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        path, _, query = path.partition("?")
        given = {"host": "127.0.0.1:8001", **{k.replace("_", "-"): v for k, v in headers.items()}}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8001),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - the server logs it; the answer is what is looked at
            assert sent
        text = b"".join(m.get("body", b"") for m in sent).decode()
        return Answer(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, text)


@pytest.fixture
def house() -> House:
    return House()
