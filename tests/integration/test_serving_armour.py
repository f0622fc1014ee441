"""Bytes that were never meant well, on a real server: each gets its answer, in order, and the server goes on."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.serving.testing import GOOD_RECORD, TINY_MODEL, TestServer, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = json.dumps(GOOD_RECORD).encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
GOOD = HEAD + LENGTH + b"\r\n" + BODY
LAST = HEAD + b"Connection: close\r\n" + LENGTH + b"\r\n" + BODY
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    more = "[serving]\nread_seconds = 2.0\nmax_connections = 40\nmax_head = 16384\n"
    project = tiny_project(tmp_path_factory.mktemp("armour"), more=more)
    release_now(project, register_model(project, TINY_MODEL))
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running
        assert running.terminate() == 0
        assert "fault" not in running.said()


def talk(server: TestServer, sent: bytes, seconds: float = 10.0) -> list[tuple[int, bytes]]:
    """Send bytes, read until the server closes, and give statuses and bodies of what came back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        line.sendall(sent)
        got = b""
        while part := line.recv(65536):
            got += part
    answers = []
    while got:
        head, _, rest = got.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next(int(each.partition(b":")[2]) for each in lines if each.lower().startswith(b"content-length"))
        answers.append((int(lines[0].split()[1]), rest[:length]))
        got = rest[length:]
    return answers


CLOSE = b"Connection: close\r\n"
SMUGGLES = {
    "a length beside chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks beside a length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": HEAD + LENGTH + LENGTH + b"\r\n" + BODY + SMUGGLED,
    "two lengths that differ": HEAD + LENGTH + b"Content-Length: 0\r\n\r\n" + BODY,
    "a list of lengths": HEAD + LENGTH.replace(b"\r\n", b", 5\r\n") + b"\r\n" + BODY,
    "a length with a sign": HEAD + LENGTH.replace(b": ", b": +") + b"\r\n" + BODY,
    "a folded header": HEAD + b"X: a\r\n b\r\n" + LENGTH + b"\r\n" + BODY,
    "a folded length": HEAD + LENGTH.replace(b": ", b":\r\n ") + b"\r\n" + BODY,
    "bare line feeds": (HEAD + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + BODY,
    "one bare line feed": HEAD.replace(b"x\r\n", b"x\n") + LENGTH + b"\r\n" + BODY,
    "a bare carriage return": HEAD.replace(b"x\r\n", b"x\rY: z\r\n") + LENGTH + b"\r\n" + BODY,
    "a space before the colon": HEAD + LENGTH.replace(b":", b" :") + b"\r\n" + BODY,
    "a coding that is none": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /predict HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunks ended by line feeds": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\n{\n0\n\n",
    "a chunk of a negative size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{\r\n0\r\n\r\n",
    "a length in the trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 40\r\n\r\n",
    "two hosts": HEAD + b"Host: y\r\n" + LENGTH + b"\r\n" + BODY,
    "no host": b"POST /predict HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY,
    "two keys": HEAD + b"X-API-Key: a\r\nX-API-Key: b\r\n" + LENGTH + b"\r\n" + BODY,
    "two types": HEAD + b"Content-Type: application/json\r\nContent-Type: text/csv\r\n" + LENGTH + b"\r\n" + BODY,
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.2": HEAD.replace(b"1.1", b"1.2") + LENGTH + b"\r\n" + BODY,
    "a null in a header": HEAD + b"X: a\x00b\r\n" + LENGTH + b"\r\n" + BODY,
    "colours in a header": HEAD + b"X: \x1b[31m\r\n" + LENGTH + b"\r\n" + BODY,
    "a method nobody knows": b"BREW /predict HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path with a null": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", SMUGGLES.values(), ids=SMUGGLES)
def test_what_two_readers_could_read_in_two_ways_ends_the_connection(server: TestServer, sent: bytes) -> None:
    ((status, body),) = talk(server, sent)
    assert status == 400
    told = json.loads(body)
    assert told["type"] == "urn:mainstay:problem:http"
    assert told["cure"]
    # After a good request the refusal is the second answer, never the first.
    answers = talk(server, GOOD + sent)
    assert [status for status, _ in answers] == [200, 400]


@pytest.mark.parametrize("end", [b"BREW", SMUGGLES["two lengths"], SMUGGLES["chunks ended by line feeds"]])
def test_answers_go_out_in_the_order_of_their_requests(server: TestServer, end: bytes) -> None:
    bad = HEAD + b"Content-Length: 2\r\n\r\n{}"
    page = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = talk(server, GOOD + bad + page + GOOD + bad + end)
    assert [status for status, _ in answers] == [200, 422, 200, 200, 422, 400]


def test_nothing_is_done_after_a_close(server: TestServer) -> None:
    assert [status for status, _ in talk(server, LAST + GOOD)] == [200]


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n" + GOOD, {405}),
        (b"TRACE /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {405}),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 405}),
        (b"GET http://evil.example/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {200}),
        (b"GET //evil.example/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /models/%00churn HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /models/%ff%fe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /livez%0d%0aX:y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /" + b"a" * 12_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {404}),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {431}),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n", {431}),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 300_000, {431}),
    ],
)
def test_odd_targets_and_methods_are_answered(server: TestServer, sent: bytes, statuses: set[int]) -> None:
    ((status, _),) = talk(server, sent)
    assert status in statuses
    assert server.post("/predict", GOOD_RECORD).status == 200


@pytest.mark.parametrize("wish", [b"h2c", b"websocket", b"TLS/1.0"])
def test_a_wish_for_another_protocol_is_passed_over(server: TestServer, wish: bytes) -> None:
    """As Java's client sends it with every first request, bodies included."""
    upgrade = (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n" % wish
    )
    answers = talk(server, GOOD + HEAD + upgrade + LENGTH + b"\r\n" + BODY + GOOD + LAST)
    assert [status for status, _ in answers] == [200] * 4
    assert len({json.loads(body)["id"] for _, body in answers}) == 4


def test_a_flood_on_one_connection_is_cut(server: TestServer) -> None:
    answers = talk(server, GOOD * 300)
    statuses = [status for status, _ in answers]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {200}
    assert 100 <= len(statuses) <= 110


def test_too_many_connections_are_told_to_come_again(server: TestServer) -> None:
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(60)]
    try:
        refused = 0
        for line in held[40:]:
            line.settimeout(5)
            got = line.recv(65536)
            refused += got.startswith(b"HTTP/1.1 503") and b"retry-after: 1" in got
        assert refused >= 15
    finally:
        for line in held:
            line.close()
    end = time.monotonic() + 10
    while True:
        try:
            if server.post("/predict", GOOD_RECORD).status == 200:
                break
        except OSError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)


def test_line_feeds_alone_hold_no_connection(server: TestServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(GOOD)
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.settimeout(0.2)
        end, closed = time.monotonic() + 10, False
        while not closed and time.monotonic() < end:
            try:
                line.sendall(b"\r\n")
                closed = line.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
        assert closed


def test_who_doesnt_read_answers_is_let_go(server: TestServer) -> None:
    many = b"[" + b",".join([BODY] * 1000) + b"]"
    sent = HEAD + b"Content-Length: %d\r\n\r\n" % len(many) + many
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", server.port))
    line.settimeout(1)
    begun = time.monotonic()
    gone = False
    while not gone and time.monotonic() - begun < 30:
        try:
            line.sendall(sent)
        except TimeoutError:
            continue
        except OSError:
            gone = True
    line.close()
    assert gone
    assert server.post("/predict", GOOD_RECORD).status == 200


def test_who_is_refused_amid_its_body_can_read_why(server: TestServer) -> None:
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(sent)
        for _ in range(20):
            try:
                line.sendall(b"a" * 10_000)
            except OSError:
                break
            time.sleep(0.01)
        assert line.recv(65536).startswith(b"HTTP/1.1 400")
