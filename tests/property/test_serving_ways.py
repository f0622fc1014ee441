"""The direct way and the way over ASGI answer alike, whatever bytes come, and in whatever pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile.decoders import GOOD, OIP, SPLIT
from tests.hostile.wire import Said, configured, open_app, talk

from mainstay.serving.wire.direct import DirectProtocol
from mainstay.serving.wire.protocol import GuardedProtocol

if TYPE_CHECKING:
    import uvicorn

_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLOCK = re.compile(rb'"(age|since|at|seconds)": ?[^,}]*')

TARGETS = (
    b"/predict", b"/models/churn/predict", b"/predict?explain=true", b"/predict?x", b"/explain", b"/invocations",
    b"/models/churn/feedback", b"/v2/models/churn/infer", b"/v1/models/churn:predict", b"/livez", b"/docs", b"*", b"/",
    b"/models/churn", b"/nowhere", b"/%70redict", b"/predict/", b"//predict", b"http://x/predict",
)  # fmt: skip
METHODS = (b"POST", b"POST", b"POST", b"GET", b"HEAD", b"PUT", b"OPTIONS", b"TRACE", b"BREW", b"CONNECT", b"post")
HEADERS = (
    b"Content-Type: application/json", b"content-type: text/csv", b"Content-Type: application/json; charset=latin1",
    b"Origin: http://x", b"Origin: https://evil.example", b"X-Request-Id: abc", b"X-Request-Id: \xff", b"Host: y",
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"Connection: close", b"A: b\r\n c",
    b"Connection: keep-alive", b"Expect: 100-continue", b"Content-Encoding: gzip", b"Content-Encoding: br",
    b"Connection: Upgrade\r\nUpgrade: h2c", b"X-API-Key: ms_1", b"Authorization: Basic YTpi", b"X: " + b"a" * 9000,
    b"Transfer-Encoding: gzip, chunked", b"Inference-Header-Content-Length: 5",
)  # fmt: skip
BODIES = (
    GOOD, b"[%s,%s]" % (GOOD, GOOD), OIP, SPLIT, b"", b"{", b"{}", b"[]", b"null", b'{"tenure": 1e400}', b"\xff\xfe",
    b'{"id": "1", "label": "Yes"}', b'{"instances": [%s]}' % GOOD, b"[" * 3000, b" " * 120_000, b"\x1f\x8b\x08",
)  # fmt: skip


@st.composite
def plain(draw: st.DrawFn) -> bytes:
    """One request as clients send it."""
    path, body = draw(st.sampled_from(TARGETS[:9])), draw(st.sampled_from(BODIES))
    more = draw(st.sampled_from((b"", b"", b"X-Request-Id: abc\r\n", b"Content-Type: application/json\r\n")))
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (path, more, len(body), body)


@st.composite
def odd(draw: st.DrawFn) -> bytes:
    """One request that may be wrong in any part."""
    body = draw(st.sampled_from(BODIES))
    lines = [b"%s %s %s" % (
        draw(st.sampled_from(METHODS)), draw(st.sampled_from(TARGETS)),
        draw(st.sampled_from((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0"))),
    )]  # fmt: skip
    if draw(st.integers(0, 9)):
        lines.append(b"Host: x")
    lines += draw(st.lists(st.sampled_from(HEADERS), max_size=3))
    how = draw(st.sampled_from(("length", "length", "length", "chunks", "both", "neither", "short")))
    if how in ("length", "both", "short"):
        lines.append(b"Content-Length: %d" % max(0, len(body) - (how == "short")))
    if how in ("chunks", "both"):
        lines.append(b"Transfer-Encoding: chunked")
        half = len(body) // 2
        body = (
            b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part) + b"0\r\n\r\n"
        )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@st.composite
def stream(draw: st.DrawFn) -> bytes:
    """A few requests on one connection, and now and then a part of them bent."""
    data = b"".join(draw(st.lists(st.one_of(plain(), odd()), min_size=1, max_size=4)))
    if not draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 3)) :]
    return data


def alike(said: list[Said]) -> list[tuple[int, list[tuple[bytes, bytes]], bytes]]:
    """Leave out what differs from one answer to the next: ids, times, and their lengths."""
    return [
        (
            status,
            sorted(
                (name, _ID.sub(b"ID", value))
                for name, value in headers
                if name not in (b"date", b"content-length", b"traceparent")
            ),
            _CLOCK.sub(b"TIME", _ID.sub(b"ID", body)),
        )
        for status, headers, body in said
    ]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> uvicorn.Config:
    return configured(open_app(tmp_path_factory.mktemp("ways")))


def test_both_ways_answer_alike(config: uvicorn.Config) -> None:
    seen: set[int] = set()

    @settings(max_examples=250)
    @given(stream(), st.lists(st.integers(1, 400), max_size=5))
    def check(data: bytes, cuts: list[int]) -> None:
        direct = alike(talk(DirectProtocol, config, [data]))
        assert direct == alike(talk(GuardedProtocol, config, [data]))
        pieces, at = [], 0
        for cut in cuts:
            pieces.append(data[at : at + cut])
            at += cut
        in_pieces = alike(talk(DirectProtocol, config, [*pieces, data[at:]]))
        assert in_pieces[:-1] == direct[:-1]
        # What needs no body may be answered before the rest of its request turns out to be none.
        assert in_pieces == direct or b"problem:http" in direct[-1][2]
        assert all(status < 500 for status, _, _ in direct)
        seen.update(status for status, _, _ in direct)

    check()
    assert {200, 400, 404, 405, 422} <= seen
