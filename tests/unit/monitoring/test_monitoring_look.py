"""One look: what it finds, and above all what it doesn't."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.monitoring import MonitoringSettings, look

if TYPE_CHECKING:
    from tests.unit.monitoring.conftest import World

    from mainstay.events.window import Window
    from mainstay.measures.finding import Finding

NOW = dt.datetime(2030, 12, 1, tzinfo=dt.UTC)
SETTINGS = MonitoringSettings()


def seen(world: World, window: Window, previous: tuple[Finding, ...] = (), **options: object) -> tuple[Finding, ...]:
    return look(window, world.bundle, MonitoringSettings(**options), previous, now=NOW)  # type: ignore[arg-type]


def found(findings: tuple[Finding, ...], key: str) -> Finding:
    return next(finding for finding in findings if finding.key == key)


def test_nothing_wrong_passes_everything_and_every_number_has_interval_and_n(world: World) -> None:
    findings = seen(world, world.window(400, np.random.default_rng(2)))
    assert not [finding for finding in findings if finding.failed]
    assert {finding.group for finding in findings} == {
        "quality",
        "drift",
        "performance",
        "money",
        "business",
        "skew",
        "system",
    }
    for finding in findings:
        assert finding.n > 0
        assert finding.interval is not None or finding.measure == "predictions"


def test_a_window_without_rows_is_one_finding_that_failed_and_has_no_value(world: World) -> None:
    findings = seen(world, world.window(0, np.random.default_rng(2)))
    (only,) = findings
    assert (only.measure, only.value, only.ok) == ("predictions", None, False)
    assert "No predictions" in only.note


def test_a_window_of_refusals_alone_is_silent_too_and_says_why(world: World) -> None:
    findings = seen(world, world.window(0, np.random.default_rng(2), refused=50))
    assert findings[0].value is None
    assert found(findings, "quality/refused/all").failed
    assert not any(finding.group in {"drift", "performance", "money"} for finding in findings)


def test_planted_drift_fails_within_two_looks_and_says_what_moved(world: World) -> None:
    rng = np.random.default_rng(4)
    first = seen(world, world.window(300, rng, price_up=15, basic=0.7))
    second = seen(world, world.window(300, rng, day=1, price_up=15, basic=0.7), first)
    price = found(second, "drift/psi/price")
    assert price.failed
    assert price.note.startswith("Median ")
    assert "->" in price.note
    assert "Realised money per 1 000 answers meanwhile" in price.note


def test_the_note_of_a_label_says_its_share_before_and_now(world: World) -> None:
    findings = seen(world, world.window(400, np.random.default_rng(5), basic=0.8))
    assert "hare of 'basic' 5" in found(findings, "drift/psi/plan").note


def test_one_suspicious_window_is_watched_and_not_an_alarm(world: World) -> None:
    rng = np.random.default_rng(6)
    first = seen(world, world.window(400, rng, price_up=8))
    price = found(first, "drift/psi/price")
    assert price.ok is None
    assert price.limit is not None
    again = seen(world, world.window(400, rng, day=1, price_up=8), first)
    assert found(again, "drift/psi/price").failed
    calm = seen(world, world.window(400, rng, day=1), first)
    assert found(calm, "drift/psi/price").ok is True


def test_a_feature_the_model_does_not_use_never_alarms(world: World) -> None:
    rng = np.random.default_rng(7)
    window = world.window(400, rng)
    frame = window.frame.with_columns(window.frame["f:support"].fill_null(value=True).cast(bool) | True)
    findings = seen(world, dataclasses.replace(window, frame=frame))
    support = found(findings, "drift/psi/support")
    assert support.ok is None
    assert support.limit is None
    assert (support.value or 0) > 0.5
    assert "hardly uses" in support.note


def test_few_rows_say_nothing_about_drift_or_performance(world: World) -> None:
    findings = seen(world, world.window(40, np.random.default_rng(8), price_up=40))
    assert found(findings, "drift/psi/all").value is None
    assert found(findings, "performance/log_loss/all").value is None
    assert not any(finding.failed for finding in findings)


def test_what_got_worse_unseen_fails_on_outcomes(world: World) -> None:
    findings = seen(world, world.window(600, np.random.default_rng(9), worse=-2.0))
    loss, money = found(findings, "performance/log_loss/all"), found(findings, "money/money_per_1000/all")
    assert money.failed
    assert "Evaluation promised" in money.note
    assert loss.interval is not None
    assert not [f for f in findings if f.group == "drift" and f.failed]


def test_missing_labels_are_estimated_and_said_to_be(world: World) -> None:
    findings = seen(world, world.window(500, np.random.default_rng(10), labelled=0.0))
    assert found(findings, "performance/label_coverage/all").value == 0
    assert found(findings, "performance/log_loss/all").value is None
    money = found(findings, "money/estimated_money_per_1000/all")
    assert money.note.startswith("Estimated")
    assert money.ok is None
    promised = world.bundle.report.measure("money_per_1000")
    assert promised is not None
    assert money.value == pytest.approx(promised.value, rel=0.35)


def test_a_small_share_of_outcomes_is_reported_but_not_judged(world: World) -> None:
    findings = seen(world, world.window(1000, np.random.default_rng(11), labelled=0.2, worse=-3.0))
    money = found(findings, "money/money_per_1000/all")
    assert money.value is not None
    assert money.ok is None
    assert "not judged" in money.note


def test_outcomes_come_from_the_matured_window(world: World) -> None:
    rng = np.random.default_rng(12)
    fresh, old = world.window(300, rng, day=5, labelled=0.0), world.window(200, rng, day=2)
    findings = look(fresh, world.bundle, SETTINGS, now=NOW, matured=old)
    assert found(findings, "performance/log_loss/all").n == 200
    assert found(findings, "performance/estimated_log_loss/all").n == 300


def test_estimates_hold_what_outcomes_show_later(world: World) -> None:
    hits = 0
    for seed in range(60):
        window = world.window(300, np.random.default_rng(100 + seed), price_up=10)
        findings = seen(world, window)
        estimate = found(findings, "money/estimated_money_per_1000/all")
        assert estimate.interval is not None
        truth = found(findings, "money/money_per_1000/all").value or 0.0
        hits += estimate.interval.low <= truth <= estimate.interval.high
    assert hits >= 50


def test_refusals_name_the_field(world: World) -> None:
    findings = seen(world, world.window(300, np.random.default_rng(13), refused=60))
    assert found(findings, "quality/refused/all").failed
    assert found(findings, "quality/refused/price").value == pytest.approx(60 / 360)


def test_a_field_that_goes_missing_fails(world: World) -> None:
    rng = np.random.default_rng(14)
    window = world.window(300, rng)
    gone = pl.Series(rng.random(300) < 0.3)
    frame = window.frame.with_columns(pl.when(~gone).then(pl.col("f:support")).alias("f:support"))
    support = found(seen(world, dataclasses.replace(window, frame=frame)), "quality/missing/support")
    assert support.failed
    assert "of the training rows" in support.note


def test_latency_is_judged_only_against_a_limit(world: World) -> None:
    window = world.window(300, np.random.default_rng(15))
    assert found(seen(world, window), "system/latency_p99/all").ok is None
    assert found(seen(world, window, latency_ms=50), "system/latency_p99/all").ok is True
    assert found(seen(world, window, latency_ms=0.05), "system/latency_p99/all").failed


def test_a_canary_is_reported_beside_the_champion_and_never_judged(world: World) -> None:
    rng = np.random.default_rng(16)
    mine, other = world.window(300, rng), world.window(200, rng, version=2, worse=-3.0)
    both = dataclasses.replace(mine, frame=mine.frame.vstack(other.frame))
    findings = seen(world, both)
    assert found(findings, "performance/log_loss/all").n == 300
    canary = found(findings, "money/money_per_1000/version 2")
    assert (canary.n, canary.ok) == (200, None)


def test_shadows_are_nobodys_answers(world: World) -> None:
    window = world.window(300, np.random.default_rng(17))
    shadow = window.frame.with_columns(pl.lit("shadow").alias("role"))
    both = dataclasses.replace(window, frame=window.frame.vstack(shadow))
    assert found(seen(world, both), "quality/predictions/all").n == 300


def test_look_is_a_function_of_its_values(world: World) -> None:
    window = world.window(250, np.random.default_rng(18), price_up=10)
    assert seen(world, window) == seen(world, window)
