from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.measures.finding import Finding, Limit
from mainstay.monitoring import MonitoringSettings, look
from mainstay.monitoring.settings import KpiLimit

if TYPE_CHECKING:
    from tests.unit.monitoring.conftest import World

    from mainstay.events.window import Window
    from mainstay.measures.finding import Interval

SETTINGS = MonitoringSettings()
HOUR = dt.timedelta(hours=1)


def found(world: World, window: Window, settings: MonitoringSettings = SETTINGS) -> dict[str, Finding]:
    findings = look(window, world.bundle, settings, now=window.until)
    return {finding.measure: finding for finding in findings if finding.where == "all"}


def told(window: Window, name: str, values: list[float]) -> Window:
    kpis = pl.DataFrame({"id": window.frame["id"].head(len(values)), "name": [name] * len(values), "value": values})
    return dataclasses.replace(window, kpis=kpis)


def ends(finding: Finding) -> Interval:
    assert finding.interval is not None
    return finding.interval


def test_kpis_are_means_with_interval_and_n(world: World) -> None:
    values = np.random.default_rng(1).gamma(2.0, 20.0, 150).tolist()
    finding = found(world, told(world.window(400, np.random.default_rng(2)), "revenue", values))["kpi.revenue"]
    assert finding.value == pytest.approx(np.mean(values))
    assert ends(finding).low < 40 < ends(finding).high
    assert (finding.n, finding.ok, finding.group) == (150, None, "business")
    assert "150 answers of 400" in finding.note


@pytest.mark.parametrize(
    ("limit", "ok"),
    [
        (KpiLimit(at_least=35), True),
        (KpiLimit(at_least=41), None),  # chance may have done it
        (KpiLimit(at_least=60), False),
        (KpiLimit(at_most=60), True),
        (KpiLimit(at_most=20), False),
    ],
)
def test_a_kpi_fails_where_it_is_surely_beyond_its_limit(world: World, limit: KpiLimit, ok: bool | None) -> None:
    values = [30.0, 50.0] * 75
    window = told(world.window(400, np.random.default_rng(2)), "revenue", values)
    finding = found(world, window, MonitoringSettings(kpis={"revenue": limit}))["kpi.revenue"]
    assert (finding.value, finding.ok, finding.limit) == (40.0, ok, limit.limit)


def test_a_kpi_with_a_limit_that_nobody_tells_of_decides_nothing(world: World) -> None:
    settings = MonitoringSettings(kpis={"stars": KpiLimit(at_least=4)}, followed_limit=0.5)
    findings = found(world, world.window(400, np.random.default_rng(2)), settings)
    for name in ("kpi.stars", "followed"):
        assert (findings[name].value, findings[name].ok) == (None, None)


@pytest.mark.parametrize(("share", "ok"), [(0.9, True), (0.48, None), (0.1, False)])
def test_the_share_of_decisions_that_were_followed(world: World, share: float, ok: bool | None) -> None:
    window = world.window(400, np.random.default_rng(2))
    said = [place < 200 * share for place in range(200)] + [None] * 200
    frame = window.frame.with_columns(pl.Series("followed", said, dtype=pl.Boolean))
    finding = found(world, dataclasses.replace(window, frame=frame), MonitoringSettings(followed_limit=0.5))["followed"]
    assert finding.value == pytest.approx(share)
    assert (finding.n, finding.ok) == (200, ok)
    assert finding.limit == Limit("at_least", 0.5)


def test_calls_per_day_count_a_request_once(world: World) -> None:
    window = world.window(400, np.random.default_rng(2))
    requests = [f"r{place // 10}" if place < 100 else None for place in range(400)]
    frame = window.frame.with_columns(pl.Series("request", requests, dtype=pl.String))
    finding = found(world, dataclasses.replace(window, frame=frame))["calls_per_day"]
    assert (finding.value, finding.n) == (310.0, 310)
    assert ends(finding).low < 310 < ends(finding).high


def test_how_late_outcomes_come_is_measured(world: World) -> None:
    window = world.window(400, np.random.default_rng(2))
    late = [each + (place % 101) * HOUR for place, each in enumerate(window.frame["time"])]
    frame = window.frame.with_columns(pl.Series("received", late, dtype=window.frame["time"].dtype))
    window = dataclasses.replace(window, frame=frame)
    finding = found(world, window, MonitoringSettings(label_delay="2d"))["label_delay"]
    assert finding.value == pytest.approx(50 / 24, rel=0.05)
    assert ends(finding).low <= (finding.value or 0.0) <= ends(finding).high
    assert (finding.unit, finding.n, finding.ok) == ("d", 400, None)
    assert "before their outcomes are in" in finding.note
    assert "before" not in found(world, window, MonitoringSettings(label_delay="5d"))["label_delay"].note


def test_maturity_is_the_share_older_than_the_delay(world: World) -> None:
    window = world.window(400, np.random.default_rng(2))
    settings = msgspec.structs.replace(SETTINGS, label_delay="6h")
    finding = found(world, window, settings)["label_maturity"]
    assert finding.value == pytest.approx(0.75, abs=0.01)
    assert found(world, window)["label_maturity"].value == 1.0


def test_each_realised_number_says_on_how_much_it_rests(world: World) -> None:
    few = found(world, world.window(600, np.random.default_rng(2), labelled=0.3))
    assert few["label_coverage"].value == pytest.approx(0.3, abs=0.06)
    for name in ("log_loss", "roc_auc", "money_per_1000"):
        assert few[name].ok is None
        assert "Not to be trusted" in few[name].note
        assert "50 % are needed" in few[name].note
    many = found(world, world.window(600, np.random.default_rng(2), labelled=0.9))
    assert f"Outcomes of {many['log_loss'].n} of 600 answers are known." in many["log_loss"].note


def test_a_limit_of_a_kpi_is_one() -> None:
    for bad in ({}, {"at_least": 1.0, "at_most": 2.0}):
        with pytest.raises(msgspec.ValidationError, match="one of them"):
            msgspec.convert({"kpis": {"revenue": bad}}, MonitoringSettings)
