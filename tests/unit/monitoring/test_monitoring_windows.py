"""Spans never overlap; charts never have more than sixty windows."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest

from mainstay.monitoring import MonitoringSettings, Span, length, next_span
from mainstay.monitoring.grid import MOST, make_grid

BEGUN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def test_after_a_pause_windows_follow_one_by_one() -> None:
    settings, begun, now = MonitoringSettings(window="6h"), BEGUN, BEGUN + dt.timedelta(hours=20)
    spans = []
    while (span := next_span(settings, begun, now)) is not None:
        spans.append(span)
        begun = span.until
    assert [span.since.hour for span in spans] == [0, 6, 12]
    assert all(a.until == b.since for a, b in itertools.pairwise(spans))


def test_a_window_of_predictions_ends_after_its_last() -> None:
    settings = MonitoringSettings(window=50)
    times = [BEGUN + dt.timedelta(seconds=n) for n in range(60)]
    assert next_span(settings, BEGUN, BEGUN) is None
    span = next_span(settings, BEGUN, BEGUN, times[49])
    assert span is not None
    assert times[49] < span.until <= times[50]


def test_outcomes_are_those_of_an_earlier_span() -> None:
    span = Span(BEGUN, BEGUN + dt.timedelta(days=1)).earlier(length("2d"))
    assert (span.since, span.until) == (BEGUN - dt.timedelta(days=2), BEGUN - dt.timedelta(days=1))


@pytest.mark.parametrize("wrong", ["1 day", "d", "-1d", "1y", "", 10, True])
def test_a_window_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"window": wrong}, MonitoringSettings)


@pytest.mark.parametrize("seconds", [1, 59, 600, 86_400, 60 * 86_400, 5000 * 86_400])
@pytest.mark.parametrize("rows", [0, 40, 3000, 10**8])
def test_a_grid_covers_the_span_with_few_round_windows(seconds: int, rows: int) -> None:
    now = BEGUN + dt.timedelta(seconds=seconds, milliseconds=17)
    grid = make_grid(BEGUN, now, rows)
    assert 1 <= grid.windows <= MOST
    assert grid.start <= BEGUN
    assert grid.end >= now
    assert grid.at(grid.windows - 1) <= now
    assert rows == 0 or grid.windows <= max(rows / 50, 1) + 2
