from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.trace import INVALID_SPAN, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mainstay.serving import App, Served
from mainstay.serving.measuring.trace import Trace, read_trace
from mainstay.serving.testing import GOOD_RECORD, Got

if TYPE_CHECKING:
    from collections.abc import Callable

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        f"00-{TRACE}-{SPAN}".encode(),
        f"00-{TRACE}-{SPAN}-01-more".encode(),  # of version 00 nothing follows
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{TRACE}-{SPAN}-1".encode(),
        f"00-{TRACE}-{SPAN}-01 ".encode(),
        f"01-{TRACE}-{SPAN}-01.more".encode(),
        f"00-{TRACE[1:]}-{SPAN}-01".encode(),
        b"\xff\x00\n",
    ],
)
def test_what_is_no_traceparent_is_ignored(said: bytes) -> None:
    assert read_trace({b"traceparent": said}) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    found = read_trace({b"traceparent": f"cc-{TRACE}-{SPAN}-07-what-the-future-will-be".encode()})
    assert found is not None
    assert (found.trace, found.parent, found.flags) == (TRACE, SPAN, "03")


_DIGITS = st.text("0123456789abcdefABCDEF-g ", min_size=0, max_size=34)
_NEARLY = st.builds("-".join, st.lists(_DIGITS, min_size=1, max_size=6))
_WELL = st.from_regex(r"(00|01|ff)-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-x)?", fullmatch=True)


@given(st.one_of(_NEARLY, _WELL, st.text(max_size=80)))
@example(f"00-{TRACE}-{SPAN}-01")
def test_opentelemetry_reads_the_same(said: str) -> None:
    """The peer strips what stands around, and takes flags as they are; nothing else may differ."""
    found = read_trace({b"traceparent": said.encode("utf-8", "replace")})
    peers = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": said}))
    if peers is INVALID_SPAN or said != said.strip():
        assert found is None
        return
    theirs = peers.get_span_context()
    assert found is not None
    assert (int(found.trace, 16), int(found.parent, 16)) == (theirs.trace_id, theirs.span_id)


def test_steps_have_ids_of_their_own() -> None:
    steps = [Trace(TRACE, SPAN, "01") for _ in range(1000)] + [Trace.new() for _ in range(1000)]
    assert len({step.span for step in steps}) == 2000
    assert all(re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", step.header) for step in steps)


def test_the_answer_says_which_step_of_the_callers_trace_it_is(served: Served, ask: Callable[..., Got]) -> None:
    app = App([served], loopback=True)
    said = f"00-{TRACE}-{SPAN}-01"
    for body, status in ((GOOD_RECORD, 200), ({}, 422)):
        got = ask(app, "/predict", body, traceparent=said)
        assert got.status == status
        assert re.fullmatch(rf"00-{TRACE}-(?!{SPAN})[0-9a-f]{{16}}-01", got.headers["traceparent"])
    assert "traceparent" not in ask(app, "/predict", GOOD_RECORD).headers
    assert "traceparent" not in ask(app, "/predict", GOOD_RECORD, traceparent="00-x").headers
