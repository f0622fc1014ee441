"""Heads: what is refused beyond what the parser refuses, and how a wish for another protocol is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.serving.guard.descriptors import room_for
from mainstay.serving.guard.head import drawn, head_fault, without_upgrade
from mainstay.serving.replies import Refused

HOST = (b"host", b"x")
names = st.sampled_from([b"host", b"content-type", b"x-a", b"upgrade", b"connection", b"transfer-encoding", b"origin"])
values = st.sampled_from([b"x", b"chunked", b"upgrade", b"close, upgrade", b""])
headers = st.lists(st.tuples(names, values), max_size=8)


def fault(*given: tuple[bytes, bytes], version: str = "1.1", size: int = 0, url: bytes = b"/") -> str:
    found = head_fault(version, url, list(given), size=size, most=100)
    return found.detail if found else ""


@pytest.mark.parametrize(
    ("given_headers", "version", "said"),
    [
        ([HOST], "1.1", ""),
        ([], "1.0", ""),
        ([], "1.1", "Host is missing"),
        ([HOST, HOST], "1.1", "host was sent more than once"),
        ([HOST, (b"origin", b"a"), (b"origin", b"b")], "1.1", "origin"),
        ([HOST, (b"x-a", b"a"), (b"x-a", b"b")], "1.1", ""),
        ([HOST, (b"transfer-encoding", b"Chunked")], "1.1", ""),
        ([HOST, (b"transfer-encoding", b"gzip, chunked")], "1.1", "transfer coding"),
        ([HOST, (b"transfer-encoding", b"chunked")], "1.0", "transfer coding"),
        ([HOST], "2.0", "HTTP/1.1"),
    ],
)
def test_a_head_is_sound_or_says_why_not(given_headers: list[tuple[bytes, bytes]], version: str, said: str) -> None:
    found = fault(*given_headers, version=version)
    assert said in found
    assert bool(said) is bool(found)


def test_only_what_came_at_once_is_measured_again() -> None:
    long = (b"x-a", b"a" * 200)
    assert "longer than 100" in fault(HOST, long, size=300)
    assert "longer than 100" in fault(HOST, url=b"/" * 200, size=300)
    assert fault(HOST, size=300) == ""  # the rest of it was a body


@given(headers)
def test_nothing_wishes_for_another_protocol_any_more(given_headers: list[tuple[bytes, bytes]]) -> None:
    lines = without_upgrade(b"GET", b"/", "1.1", given_headers).split(b"\r\n")
    left = [line.partition(b": ")[::2] for line in lines[1:-2]]
    assert b"upgrade" not in dict(left)
    assert not any(b"upgrade" in value for name, value in left if name == b"connection")
    kept = [each for each in given_headers if each[0] not in (b"upgrade", b"connection")]
    assert [each for each in left if each[0] != b"connection"] == kept


def test_the_last_word_closes_and_says_its_length() -> None:
    said = drawn(Refused(400, "http", "No.", "Send HTTP."), [(b"x-content-type-options", b"nosniff")])
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\nx-content-type-options: nosniff\r\n")
    assert b"content-length: %d" % len(body) in head


def test_there_is_room_for_what_the_system_gives() -> None:
    assert room_for(10) == 10
    assert 16 <= room_for(10**9) <= 10**9
