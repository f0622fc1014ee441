"""API keys and TLS on a real server: who is let in, what the log keeps of it, and where it listens."""

from __future__ import annotations

import datetime as dt
import json
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.certificates import write_pair

from mainstay.release import open_books
from mainstay.serving.guard import key_file
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_MODEL,
    TestServer,
    free_port,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.events.log import Stream
    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)
ANYWHERE = "0.0.0.0"  # noqa: S104 - the point of the tests


def released(folder: Path, name: str = "churn") -> Project:
    project = tiny_project(folder, name)
    release_now(project, register_model(project, TINY_MODEL))
    return project


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, str]) -> Iterator[TestServer]:
    project = released(tmp_path_factory.mktemp("keys"))
    file = key_file(project)
    _, tokens["billing"] = file.add("billing", ("predict",), now=NOW)
    _, tokens["crm"] = file.add("crm", ("feedback",), now=NOW)
    _, tokens["ops"] = file.add("ops", ("read",), now=NOW)
    _, tokens["slow"] = file.add("slow", ("predict",), now=NOW, rate=0.01)
    with TestServer.start(project) as running:
        running.wait("/readyz")
        yield running


def lines(server: TestServer, stream: Stream) -> list[dict[str, object]]:
    with open_books(server.project) as books:
        return [json.loads(line) for path in books.log.segments(stream) for line in path.read_bytes().splitlines()]


def test_a_key_opens_what_its_scopes_say(server: TestServer, tokens: dict[str, str]) -> None:
    billing, crm, ops = (bearer(tokens[name]) for name in ("billing", "crm", "ops"))
    answer = server.post("/predict", GOOD_RECORD, **billing)
    assert answer.status == 200
    told = {"id": answer.json["id"], "label": "Yes"}
    assert server.post("/models/churn/feedback", told, **crm).status == 200
    assert server.post("/models/churn/feedback", told, **billing).status == 403
    assert server.post("/models/churn/explain", GOOD_RECORD, **crm).status == 403
    for path in ("/metrics", "/models", "/models/churn", "/openapi.json", "/docs", "/v2", "/v2/models/churn"):
        assert server.get(path, **ops).status == 200
        assert server.get(path, **billing).status == 403
        refused = server.get(path)
        assert refused.status == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="mainstay"'
    assert server.post("/predict", GOOD_RECORD, **{"X-API-Key": tokens["billing"]}).status == 200
    assert [server.get("/nowhere", **head).status for head in ({}, billing)] == [401, 404]


def test_what_probes_ask_stays_open_and_tells_strangers_less(server: TestServer, tokens: dict[str, str]) -> None:
    for path in ("/livez", "/v2/health/live", "/v2/health/ready"):
        assert server.get(path).status == 200
    assert server.get("/readyz").json == {"status": "ready"}
    assert "models" in server.get("/readyz", **bearer(tokens["ops"])).json
    assert "models" not in server.get("/readyz", **bearer(tokens["billing"])).json


def test_the_log_says_who_called(server: TestServer, tokens: dict[str, str]) -> None:
    answer = server.post("/predict", GOOD_RECORD, **bearer(tokens["billing"]))
    server.post("/predict", {}, **bearer(tokens["billing"]))
    server.post("/predict", GOOD_RECORD, **bearer("ms_00000000_" + "0" * 40))
    (kept,) = [line for line in lines(server, "predictions") if line["event.id"] == answer.json["id"]]
    assert kept["user.name"] == "billing"
    refusals = lines(server, "refusals")
    assert refusals[-1]["user.name"] == "billing"
    assert all(line["http.response.status_code"] not in {401, 429} for line in refusals)
    assert not any(token in json.dumps(refusals) for token in tokens.values())


def test_too_many_requests_are_told_when_to_come_back(server: TestServer, tokens: dict[str, str]) -> None:
    head = bearer(tokens["slow"])
    seen = [server.post("/predict", GOOD_RECORD, **head) for _ in range(3)]
    assert [got.status for got in seen] == [200, 429, 429]
    assert 1 <= int(seen[-1].headers["retry-after"]) <= 100
    assert seen[-1].headers["ratelimit-policy"] == '"key";q=1;w=100'
    assert seen[-1].json["type"] == "urn:mainstay:problem:rate"
    metrics = server.get("/metrics", **bearer(tokens["ops"])).body.decode()
    assert 'cause="rate"' in metrics
    assert 'mainstay_consumer_requests_total{code="429",consumer="slow",model="churn"} 2.0' in metrics
    assert 'mainstay_consumer_requests_total{code="200",consumer="slow",model="churn"} 1.0' in metrics


def test_every_answer_carries_the_headers(server: TestServer, tokens: dict[str, str]) -> None:
    ops, billing = bearer(tokens["ops"]), bearer(tokens["billing"])
    for got in (
        server.post("/predict", GOOD_RECORD, **billing),
        server.post("/predict", b"{", **billing),
        server.get("/docs", **ops),
        server.get("/metrics", **ops),
        server.get("/livez"),
        server.get("/models"),
        server.ask("BREW", "/predict", None, {}),
        server.ask("OPTIONS", "/predict", None, {"Origin": "https://evil.example"} | billing),
    ):
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["cache-control"] == "no-store"
        assert not {"server", "strict-transport-security", "access-control-allow-origin"} & set(got.headers)
    assert server.get("/docs", **ops).headers["content-security-policy"].startswith("default-src 'none'")


def test_a_preflight_is_refused(server: TestServer, tokens: dict[str, str]) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"} | bearer(tokens["billing"])
    got = server.ask("OPTIONS", "/predict", None, asked)
    assert got.status == 405
    foreign = server.post("/predict", GOOD_RECORD, Origin="https://evil.example", **bearer(tokens["billing"]))
    assert foreign.status == 403


def test_a_revoked_key_is_refused_within_seconds_and_a_new_one_let_in(server: TestServer) -> None:
    file = key_file(server.project)
    kept, token = file.add("passing", ("predict",), now=NOW)
    # Whoever comes without a valid key too often is told to wait, and other tests' strangers have this address, too.
    for wanted in ({200}, {401, 429}):
        end = time.monotonic() + 10
        while (status := server.post("/predict", GOOD_RECORD, **bearer(token)).status) not in wanted:
            assert time.monotonic() < end, status
            time.sleep(0.1)
        if wanted == {200}:
            file.revoke(kept.id, now=NOW)


def run(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mainstay.serving", "--project", str(project.root), "--port", str(free_port())]
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)


def test_what_cant_be_served_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = released(tmp_path)
    done = run(project, "--host", ANYWHERE)
    assert done.returncode == 2
    assert "mainstay admin api-keys new" in done.stderr
    done = run(project, "--tls-cert", "here.crt")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Give both" in done.stderr
    done = run(project, "--tls-cert", "here.crt", "--tls-key", "here.key")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "here.crt can't be read" in done.stderr
    monkeypatch.setenv("MAINSTAY_API_KEYS", str(tmp_path / "none.json"))
    done = run(project)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no such file" in done.stderr


def test_with_keys_and_tls_other_machines_are_let_in(tmp_path: Path) -> None:
    project = released(tmp_path)
    _, token = key_file(project).add("billing", ("predict",), now=NOW, rate=0.01)
    certificate, key, _ = write_pair(tmp_path)
    words = ["-m", "mainstay.serving", "--project", str(project.root), "--host", ANYWHERE, "--workers", "2"]
    port = free_port()
    tls = ["--port", str(port), "--tls-cert", str(certificate), "--tls-key", str(key)]
    process = subprocess.Popen([sys.executable, *words, *tls], stderr=subprocess.PIPE)
    try:
        trusted = ssl.create_default_context(cafile=str(certificate))
        trusted.check_hostname = False
        end = time.monotonic() + 30
        while (got := ask_over(port, trusted, "GET", "/readyz")) is None or b" 200 " not in got[:20]:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert b"strict-transport-security: max-age" in got
        statuses = [(ask_over(port, trusted, "POST", "/predict", token) or b"")[9:12] for _ in range(6)]
        assert sorted(statuses) == [b"200", *[b"429"] * 5]  # one limit, whichever worker answers
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)), socket.create_connection(("127.0.0.1", port)) as line:
            old.wrap_socket(line)
        fresh = write_pair(tmp_path, name="fresh")
        fresh[1].replace(key)
        fresh[0].replace(certificate)
        again = ssl.create_default_context(cafile=str(certificate))
        again.check_hostname = False
        end = time.monotonic() + 20
        while ask_over(port, again, "GET", "/livez") is None:
            assert time.monotonic() < end
            time.sleep(0.2)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"https://" in said
    assert b"in the clear" not in said
    assert token.encode() not in said


def ask_over(port: int, trusted: ssl.SSLContext, method: str, path: str, token: str = "") -> bytes | None:
    body = json.dumps(GOOD_RECORD).encode() if method == "POST" else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n\r\n"
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            trusted.wrap_socket(plain) as line,
        ):
            line.sendall(head.encode() + body)
            got = b""
            while part := line.recv(65536):
                got += part
            return got
    except OSError:
        return None
