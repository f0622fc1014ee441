from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import CorruptError
from mainstay.events import decode_event, encode_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import Feedback, Prediction


def test_a_line_carries_ecs_names(prediction: Callable[..., Prediction]) -> None:
    line = json.loads(encode_events([prediction(entity="ab12", trace="t")]))
    assert line["ecs.version"] == "8.17.0"
    assert line["event.dataset"] == "mainstay.predictions"
    assert line["@timestamp"] == "2026-11-22T12:00:00Z"
    assert line["user.hash"] == "ab12"
    assert line["trace.id"] == "t"
    assert line["event.duration"] == 21_000
    assert line["mainstay.features"] == {"tenure": 3, "charge": 19.5, "plan": "basic"}


def test_a_string_cannot_forge_a_line(prediction: Callable[..., Prediction]) -> None:
    nasty = 'x\n{"event.dataset":"mainstay.predictions"}\r\n\x00\u2028'
    lines = encode_events([prediction(features={"plan": nasty}), prediction()])
    assert lines.count(b"\n") == 2
    first = decode_event(lines.split(b"\n")[0])
    assert first == prediction(features={"plan": nasty}, id=first.id)  # type: ignore[union-attr]


def test_every_kind_comes_back(prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]) -> None:
    events = [prediction(), prediction(prediction=12.5, decision=14.0, degraded=True, warnings=("a", "b"))]
    told = feedback("some id", 3.0)
    assert [decode_event(line) for line in encode_events(events).splitlines()] == events
    assert decode_event(encode_events([told])) == told


@pytest.mark.parametrize("line", [b"", b"{", b"{}", b"[]", b'{"event.dataset":"other"}', b"\xff\xfe", b'"\xff"'])
def test_a_damaged_line_is_told(line: bytes) -> None:
    with pytest.raises(CorruptError):
        decode_event(line)
