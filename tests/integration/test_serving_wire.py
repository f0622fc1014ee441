"""What comes over the wire that is no decent request."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    project = tiny_project(tmp_path_factory.mktemp("wire"), more="[serving]\nread_seconds = 1.0\n")
    release_now(project, register_model(project, TINY_MODEL))
    with TestServer.start(project) as running:
        yield running


def _talk(server: TestServer, *chunks: bytes, pause: float = 0.0, seconds: float = 10.0) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        for chunk in chunks:
            line.sendall(chunk)
            time.sleep(pause)
        got = b""
        while part := line.recv(65536):
            got += part
        return got


BODY = json.dumps(GOOD_RECORD).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n" % len(BODY)


def test_a_request_in_pieces_is_answered(server: TestServer) -> None:
    whole = HEAD + b"\r\n" + BODY
    pieces = [whole[i : i + 40] for i in range(0, len(whole), 40)]
    assert _talk(server, *pieces, pause=0.01).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("sent", [HEAD, HEAD + b"\r\n" + BODY[:-1], b"POST /predict HT"])
def test_a_slow_sender_is_told_and_let_go(server: TestServer, sent: bytes) -> None:
    begun = time.monotonic()
    got = _talk(server, sent)
    assert got.startswith(b"HTTP/1.1 408 Request Timeout")
    assert time.monotonic() - begun < 5
    assert server.post("/predict", GOOD_RECORD).status == 200


def test_a_silent_connection_is_closed(server: TestServer) -> None:
    assert _talk(server) == b""


def test_an_endless_head_is_cut(server: TestServer) -> None:
    got = _talk(server, b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Long: ", *[b"a" * 50_000] * 2, pause=0.05)
    assert got.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        HEAD.replace(b"Content-Length: ", b"Content-Length: -") + b"\r\n" + BODY,
        HEAD + b"Content-Length: 3\r\n\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + BODY,
        HEAD.replace(b"Host: x", b"garbage") + b"\r\n" + BODY,
    ],
)
def test_what_is_no_http_is_a_problem_document(server: TestServer, sent: bytes) -> None:
    got = _talk(server, sent)
    assert got.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"application/problem+json" in got


def test_a_body_that_says_it_is_huge_is_refused_at_once(server: TestServer) -> None:
    begun = time.monotonic()
    got = _talk(server, HEAD.replace(b"%d" % len(BODY), b"1000000000000") + b"\r\n" + BODY)
    assert got.startswith(b"HTTP/1.1 413")
    assert time.monotonic() - begun < 5


def test_head_gets_headers_alone(server: TestServer) -> None:
    got = server.ask("HEAD", "/livez", None, {})
    assert (got.status, got.body) == (200, b"")


def test_bodies_beyond_the_limit_are_refused_while_they_arrive(server: TestServer) -> None:
    got = server.post("/predict", b"[" + b" " * (17 << 20) + b"]")
    assert got.status == 413
