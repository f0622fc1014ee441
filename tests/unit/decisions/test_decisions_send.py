"""Alerts reach people: in order, once each, also after the route was down."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.decisions import DecisionsSettings, Lines, Memory, Outbox, Webhook, senders
from mainstay.events.records import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def action(n: int, message: str = "churn: money fell.") -> Action:
    return Action(id=str(n), model="churn", kind="alert", subject=f"s{n}", at=NOW, by="controller", message=message)


class Hook(HTTPServer):
    """A real webhook that can be told how to answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, object]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/secret-path"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.bodies.append(json.loads(body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_line_is_one_line() -> None:
    stream = io.StringIO()
    assert Lines(stream).send(action(1, "churn: fell\n2026-11-22 forged")) == ""
    assert stream.getvalue().splitlines() == ["2026-11-22T12:00:00Z ALERT churn: fell\\n2026-11-22 forged"]


def test_a_program_gets_a_json_object_a_line() -> None:
    stream = io.StringIO()
    assert Lines(stream, as_json=True).send(action(1, "churn: fell\n2026-11-22 forged")) == ""
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "churn: fell\n2026-11-22 forged"
    assert json.loads(line)["kind"] == "alert"


def test_a_webhook_gets_a_sentence_and_the_facts(hook: Hook) -> None:
    assert Webhook(hook.url).send(action(1)) == ""
    (body,) = hook.bodies
    assert body["text"] == "churn: money fell."
    assert (body["model"], body["kind"], body["subject"]) == ("churn", "alert", "s1")


@pytest.mark.parametrize("status", [302, 404, 500])
def test_anything_but_success_is_not_delivered(hook: Hook, status: int) -> None:
    hook.status = status
    assert Webhook(hook.url).send(action(1)) != ""


def test_a_webhook_that_is_down_is_told_and_not_raised() -> None:
    assert Webhook("http://127.0.0.1:1/x").send(action(1)) != ""


def test_the_name_of_a_route_holds_no_secret() -> None:
    assert Webhook("https://user:pw@hooks.example.com/T0/B0/xyz").name == "webhook hooks.example.com"


def test_what_waits_goes_out_later_in_order_and_once() -> None:
    down, up = Memory(), Memory()
    outbox = Outbox([down, up])
    down.failing = "it answered 503"
    left = outbox.post([action(1), action(2)])
    assert [(item.sender, item.action.id, item.why) for item in left] == [
        ("memory", "1", "it answered 503"),
        ("memory", "2", "it answered 503"),
    ]
    outbox.post([action(3)])
    down.failing = ""
    assert outbox.post() == ()
    assert [sent.id for sent in down.sent] == [sent.id for sent in up.sent] == ["1", "2", "3"]


def test_routes_from_the_project_file() -> None:
    settings = msgspec.convert({"alert": ["log", "https://hooks.example.com/x"]}, DecisionsSettings)
    assert [sender.name for sender in senders(settings.alert)] == ["log", "webhook hooks.example.com"]
    for wrong in ("file:///etc/passwd", "ftp://x", "mail", "http://"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"alert": [wrong]}, DecisionsSettings)
