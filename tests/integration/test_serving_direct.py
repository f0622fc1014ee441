"""The way of a plain request around ASGI: the same answers, in the same order, whatever the bytes arrive in."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = json.dumps(GOOD_RECORD).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("direct"), more="[serving]\nkeep_alive_seconds = 1.0\n")
    release_now(project, register_model(project, TINY_MODEL))
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running


def _request(path: str = "/predict", body: bytes = BODY, *more: str, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: x", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


def _read(line: socket.socket, number: int) -> list[tuple[bytes, dict[bytes, bytes], bytes]]:
    """Read so many answers of one connection."""
    got: list[tuple[bytes, dict[bytes, bytes], bytes]] = []
    buffer = b""
    while len(got) < number:
        while b"\r\n\r\n" not in buffer:
            buffer += line.recv(65536) or pytest.fail(f"closed after {len(got)} answers: {buffer!r}")
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = dict(each.lower().split(b": ", 1) for each in lines)
        length = int(headers[b"content-length"])
        while len(buffer) < length:
            buffer += line.recv(65536)
        got.append((status, headers, buffer[:length]))
        buffer = buffer[length:]
    return got


def _score(found: tuple[bytes, dict[bytes, bytes], bytes]) -> Any:
    assert found[0] == b"HTTP/1.1 200 OK", found
    return json.loads(found[2])["score"]


def test_the_direct_way_and_asgi_give_the_same(server: TestServer) -> None:
    """A client that waits to be told to go on with its body is answered by ASGI."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(_request())
        ((status, headers, body),) = _read(line, 1)
        line.sendall(_request("/predict", BODY, "Expect: 100-continue"))
        first = line.recv(25, socket.MSG_WAITALL)
        assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
        ((other_status, other_headers, other_body),) = _read(line, 1)
    assert status == other_status == b"HTTP/1.1 200 OK"
    assert set(headers) == set(other_headers)
    assert json.loads(body) | {"id": ""} == json.loads(other_body) | {"id": ""}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_requests_that_wait_for_no_answer_are_answered_in_their_order(server: TestServer, size: int) -> None:
    """Some go directly, those behind one that isn't answered yet by ASGI; some are refused, some are pages."""
    records = [GOOD_RECORD | {"tenure": tenure} for tenure in range(8)]
    sent = b"".join(_request("/predict", json.dumps(record).encode()) for record in records[:4])
    sent += b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    sent += _request("/models/churn/predict?explain=true", json.dumps(records[4]).encode())
    sent += _request("/predict", b"{")
    sent += b"".join(_request("/predict", json.dumps(record).encode()) for record in records[5:])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        for start in range(0, len(sent), size):
            line.sendall(sent[start : start + size])
        got = _read(line, 10)
    alone = [server.post("/predict", record).json["score"] for record in records]
    scores = [*map(_score, got[:4]), _score(got[5]), *map(_score, got[7:])]
    assert scores == alone
    assert json.loads(got[4][2]) == {"status": "alive"}
    assert got[6][0] == b"HTTP/1.1 400 Bad Request"


def test_a_caller_that_closes_its_connections_is_told_so(server: TestServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(_request("/predict", BODY, "Connection: close"))
        ((status, headers, _),) = _read(line, 1)
        assert (status, headers[b"connection"]) == (b"HTTP/1.1 200 OK", b"close")
        assert line.recv(10) == b""


def test_an_old_client_is_answered_and_let_go(server: TestServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(_request(version="1.0"))
        ((status, headers, _),) = _read(line, 1)
        assert status == b"HTTP/1.1 200 OK"
        assert headers[b"connection"] == b"close"
        assert line.recv(10) == b""


@pytest.mark.parametrize("way", ["parsed", "remembered"])
def test_an_idle_connection_is_closed(server: TestServer, way: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        for _ in range(2 if way == "remembered" else 1):  # a head that was read before isn't parsed
            line.sendall(_request("/predict", BODY, f"X-Way: {way}"))
            _read(line, 1)
        begun = time.monotonic()
        assert line.recv(10) == b""
        assert time.monotonic() - begun > 0.5


def test_a_caller_that_leaves_before_its_answer_harms_nobody(server: TestServer) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(_request("/predict?explain=true") + _request())
    assert server.post("/predict", GOOD_RECORD).status == 200


def test_each_answer_names_its_request(server: TestServer) -> None:
    got = server.post("/predict", GOOD_RECORD, **{"X-Request-Id": "abc-1"})
    assert got.headers["x-request-id"] == "abc-1"
    unnamed = server.post("/predict", GOOD_RECORD)
    assert unnamed.headers["x-request-id"] == unnamed.json["id"]
    assert server.post("/predict", b"{").headers["x-request-id"]


def test_a_head_that_was_read_before_is_understood_as_then(server: TestServer) -> None:
    """The bytes behind it are another body, in pieces, too long, or none; a head that differs in a byte is another."""
    records = [GOOD_RECORD | {"tenure": tenure} for tenure in (10, 11, 12)]
    bodies = [json.dumps(record).encode() for record in records]
    alone = [server.post("/predict", record).json["score"] for record in records]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        for _ in range(3):
            for body, score in zip(bodies, alone, strict=True):
                line.sendall(_request("/predict", body))
                assert _score(*_read(line, 1)) == score
        head, body = _request("/predict", bodies[0]).split(b"\r\n\r\n")
        for pause, pieces in ((0.05, (head, b"\r\n\r\n", body[:5], body[5:])), (0.05, (head + b"\r\n\r\n", body))):
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)
            assert _score(*_read(line, 1)) == alone[0]
        line.sendall(b"\r\n" + _request("/predict", bodies[1]) + _request("/predict", bodies[2]))
        assert list(map(_score, _read(line, 2))) == alone[1:]
        line.sendall(_request("/predict", bodies[0], "X-Request-Id: one") + _request("/predict", bodies[1]))
        first, second = _read(line, 2)
        assert first[1][b"x-request-id"] == b"one"
        assert second[1][b"x-request-id"] == json.loads(second[2])["id"].encode()
        line.sendall(_request("/predict", b"{" * len(bodies[0])))
        assert _read(line, 1)[0][0] == b"HTTP/1.1 400 Bad Request"
        line.sendall(_request("/predict", bodies[0], "Connection: close"))
        assert _score(*_read(line, 1)) == alone[0]
        assert line.recv(10) == b""
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(_request("/predict", bodies[0], "Connection: close") + b"POST")
            assert _score(*_read(line, 1)) == alone[0]


def test_two_heads_in_one_are_refused_each_time(server: TestServer) -> None:
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(_request("/predict", BODY, "Content-Length: 3"))
            assert line.recv(65536).startswith(b"HTTP/1.1 400 Bad Request")
