"""The chart: one axis, nothing outside the paper, nothing lost by thinning, few nodes whatever the size."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

import msgspec
import pytest

from mainstay.render import sample_overview, sheet, svg
from mainstay.render.axes import TimeScale, value_scale
from mainstay.render.chart import thin, timeline_chart, timeline_words, unknown_stretches
from mainstay.render.overview import HeatCell, HeatRow, Point, Span, Timeline

START = dt.datetime(2026, 9, 23, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SHEETS = pytest.mark.parametrize("paper", [sheet.wide(), sheet.narrow()], ids=["desk", "phone"])


def churn() -> Timeline:
    row = sample_overview().model("churn")
    assert row is not None
    assert row.timeline is not None
    return row.timeline


def timeline(points: tuple[Point, ...] = (), days: int = 10, **more: object) -> Timeline:
    return msgspec.structs.replace(Timeline(start=START, end=START + days * DAY, points=points), **more)


def known(i: int, value: float = 1.0, *, estimated: bool = False) -> Point:
    return Point(at=START + i * DAY, value=value, low=value - 1, high=value + 1, estimated=estimated)


def elements(drawn: str) -> list[ET.Element]:
    return list(ET.fromstring(drawn).iter())  # noqa: S314 - our own picture


def looks(drawn: str) -> list[str]:
    return [element.get("class", "") for element in elements(drawn)]


@SHEETS
def test_every_mark_lies_on_the_paper(paper: sheet.Sheet) -> None:
    drawn = timeline_chart(churn(), paper, alt="a")
    for element in elements(drawn):
        words = "".join(element.itertext()) if element.tag.endswith("text") else ""
        if "x" in element.attrib:
            x = float(element.attrib["x"])
            left = {"end": x - 6.7 * len(words), "middle": x - 3.4 * len(words)}.get(element.get("text-anchor", ""), x)
            right = left + float(element.get("width", 6.7 * len(words)))
            assert left >= -8, (words, left)
            assert right <= paper.width + 8, (words, right)
        for x in re.findall(r"[ML](-?[\d.]+) ", element.get("d", "")):
            assert 0 <= float(x) <= paper.width or element.get("class") == "hatch"


@SHEETS
def test_a_picture_holds_nothing_that_runs_and_no_style(paper: sheet.Sheet) -> None:
    drawn = timeline_chart(churn(), paper, alt="<&>")
    assert svg.checked(drawn)
    assert "style=" not in drawn


def test_measured_is_solid_estimated_dashed_unknown_hatched() -> None:
    drawn = timeline_chart(timeline((known(0), known(1), known(2, estimated=True), known(5))), sheet.wide(), alt="a")
    found = looks(drawn)
    assert "line" in found
    assert "line guess" in found
    assert found.count("unknown") >= 2  # days 3 and 4, and the days after 5; who answers is unknown as well


def test_no_value_at_all_is_said_and_not_drawn_as_zero() -> None:
    drawn = timeline_chart(timeline((Point(at=START),)), sheet.wide(), alt="a")
    assert "no value known in this range" in drawn
    assert "line" not in looks(drawn)


def test_stretches_without_a_known_value_are_found() -> None:
    line = timeline((known(0), Point(at=START + DAY), known(2)), days=4)
    assert unknown_stretches(line) == [(START + DAY, START + 2 * DAY), (START + 3 * DAY, START + 4 * DAY)]


def test_thinning_keeps_every_extreme() -> None:
    points = tuple(known(i, 100.0 if i == 777 else -100.0 if i == 4321 else 1.0) for i in range(10_000))
    kept = thin(points)
    assert len(kept) <= 602
    assert {100.0, -100.0} <= {p.value for p in kept}
    assert [p.at for p in kept] == sorted(p.at for p in kept)


def test_ten_thousand_windows_of_a_hundred_features_stay_small() -> None:
    hour = dt.timedelta(hours=1)
    cells = tuple(HeatCell(at=START + i * hour, level=5 if i == 500 else 0, alarm=i == 500) for i in range(1000))
    line = timeline(
        tuple(Point(at=START + i * hour, value=float(i % 7)) for i in range(10_000)),
        days=417,
        window=3600.0,
        heat=tuple(HeatRow(feature=f"f{i}", cells=cells) for i in range(100)),
    )
    drawn = timeline_chart(line, sheet.wide(), alt="a")
    assert len(looks(drawn)) < 150
    assert len(drawn) < 150_000
    assert "h5" in looks(drawn)
    assert "alarm" in looks(drawn)


def test_a_release_is_always_drawn_and_named() -> None:
    drawn = timeline_chart(churn(), sheet.narrow(), alt="a")
    assert "release" in looks(drawn)
    for version in ("v5", "v6", "v7"):
        assert version in drawn
    assert "span canary" in looks(drawn)


def test_a_span_outside_the_axis_is_left_out() -> None:
    gone = Span(version=1, start=START - 9 * DAY, end=START - 8 * DAY)
    assert "v1" not in timeline_chart(timeline(releases=(gone,)), sheet.wide(), alt="a")


def test_the_text_alternative_says_value_versions_and_alarms() -> None:
    words = timeline_words(churn())
    for part in ("Value, € a day", "estimated", "v7 from Fri 6 Nov", "monthly_charges"):
        assert part in words


@pytest.mark.parametrize("seconds", [0, 1, 30, 600, 7200, 86_400, 60 * 86_400, 400 * 86_400, 4000 * 86_400])
def test_ticks_are_few_round_and_inside(seconds: int) -> None:
    end = START + dt.timedelta(seconds=seconds)
    _, ticks = TimeScale(START, end, 0, 100).ticks(8)
    assert len(ticks) <= 9
    assert all(START <= at <= end for at in ticks)


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [-3.0, -3.0], [1e-9, 2e-9], [1e12, 3e12], [-1.0, 4.0]])
def test_a_value_scale_covers_what_it_shows(values: list[float]) -> None:
    scale, ticks = value_scale(values, 0, 100)
    assert 2 <= len(ticks) <= 12
    for value in values:
        assert scale.low <= value <= scale.high
        assert 0 <= scale(value) <= 100


def test_bars_show_sign_error_and_name() -> None:
    drawn = svg.bars([("tenure", 0.08, 0.01), ("<b>", -0.02, 0.0)], alt="influence")
    assert svg.checked(drawn)
    assert "bar loss" in looks(drawn)
    assert "&lt;b&gt;" in drawn


def test_drift_nobody_looked_at_is_one_line_and_no_rows() -> None:
    cells = tuple(HeatCell(at=START + i * DAY, level=None) for i in range(10))
    drawn = timeline_chart(timeline(heat=(HeatRow(feature="tenure", cells=cells),)), sheet.wide(), alt="a")
    assert "not known yet" in drawn
    assert "tenure" not in drawn


def test_a_short_axis_names_moments_by_the_clock() -> None:
    span = Span(version=1, start=START + dt.timedelta(hours=3))
    assert "v1 since 03:00" in timeline_chart(timeline(days=1, window=3600.0, releases=(span,)), sheet.wide(), alt="a")


def test_arms_of_a_test_are_drawn_one_above_the_other_as_high_as_their_shares() -> None:
    arms = tuple(
        Span(version=version, start=START + DAY, share=share, role="challenger")
        for version, share in ((2, 0.25), (3, 0.5))
    )
    champion = Span(version=1, start=START, share=0.25)
    drawn = timeline_chart(timeline(releases=(champion, *arms)), sheet.wide(), alt="a")
    bars = [element for element in elements(drawn) if element.get("class") == "span arm"]
    (high, tall), (low, taller) = [(float(bar.attrib["y"]), float(bar.attrib["height"])) for bar in bars]
    assert high + tall <= low
    assert taller > 1.9 * tall
    assert "A/B arm v2" in drawn
