"""One way to say a moment or a length of time, on every command line."""

from __future__ import annotations

import datetime as dt

import click
import pytest

from mainstay.cli.times import Ago, TimeLength


def test_a_moment_is_ago_or_iso() -> None:
    before = dt.datetime.now(dt.UTC)
    ago = Ago().convert("1.5h", None, None)
    assert dt.timedelta(0) <= ago - (before - dt.timedelta(hours=1.5)) < dt.timedelta(minutes=5)
    nine = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert Ago().convert("2026-11-20T09:00", None, None) == nine
    assert Ago().convert("2026-11-20T10:00+01:00", None, None) == nine


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2h ago", "\u0661d", "999999w", "1e3s", "-1d", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no moment: 2h, 1d"):
        Ago().convert(text, None, None)


def test_what_is_still_to_come_is_refused_where_it_was_asked_for() -> None:
    assert Ago().convert("2999-01-01", None, None).year == 2999
    with pytest.raises(click.BadParameter, match="2999-01-01 00:00 UTC is still to come"):
        Ago(past=True).convert("2999-01-01", None, None)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5h", 5400), ("2w", 1_209_600)])
def test_a_length_is_as_the_project_file_writes_it(text: str, seconds: float) -> None:
    assert TimeLength().convert(text, None, None) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "5", "-1d", "0d", "53w", "\u0661d", "1d\n"])
def test_a_length_out_of_bounds_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no length of time: 6h, 1d\."):
        TimeLength("6h, 1d", least=1, most=366 * 86_400).convert(text, None, None)
