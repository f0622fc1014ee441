"""A canary beside the champion: whether it answers, and whether it is worse."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.monitoring import MonitoringSettings, look
from mainstay.release import Route

if TYPE_CHECKING:
    from tests.unit.monitoring.conftest import World

    from mainstay.events.window import Window
    from mainstay.measures.finding import Finding

CANARY = Route(2, "canary", 0.25)


def together(*parts: Window) -> Window:
    return dataclasses.replace(parts[0], frame=pl.concat([part.frame for part in parts]))


def findings(world: World, window: Window, **settings: object) -> dict[str, Finding]:
    options = MonitoringSettings(**settings)  # type: ignore[arg-type]
    found = look(window, world.bundle, options, now=window.until, canary=CANARY)
    return {one.measure: one for one in found if one.where == "version 2" and one.ok is not None}


def test_a_canary_that_is_as_good_passes_everything(world: World) -> None:
    rng = np.random.default_rng(3)
    found = findings(world, together(world.window(900, rng), world.window(300, rng, version=2)))
    assert {name: one.ok for name, one in found.items()} == {
        "canary_answers": True,
        "degraded_beside_champion": True,
        "log_loss_beside_champion": True,
        "money_per_1000_beside_champion": True,
    }
    assert found["canary_answers"].value == 0.25


def test_a_canary_that_is_surely_worse_fails_and_one_that_may_be_does_not(world: World) -> None:
    rng = np.random.default_rng(4)
    mine = world.window(3000, rng)
    worse = findings(world, together(mine, world.window(1000, rng, version=2, worse=2.0)))
    assert worse["log_loss_beside_champion"].failed
    assert worse["log_loss_beside_champion"].group == "performance"
    few = findings(world, together(mine, world.window(60, rng, version=2, worse=2.0)))
    assert "log_loss_beside_champion" not in few


def test_a_world_that_changes_for_both_says_nothing_about_the_canary(world: World) -> None:
    rng = np.random.default_rng(5)
    both = together(world.window(3000, rng, worse=2.0), world.window(1000, rng, version=2, worse=2.0))
    assert findings(world, both)["log_loss_beside_champion"].ok


def test_a_canary_that_does_not_answer_fails_even_where_nobody_sees_it(world: World) -> None:
    rng = np.random.default_rng(6)
    found = findings(world, world.window(100, rng))["canary_answers"]
    assert (found.failed, found.value, found.group) == (True, 0.0, "system")
    half = findings(world, together(world.window(950, rng), world.window(150, rng, version=2)))
    assert half["canary_answers"].failed


def test_who_asks_often_is_one_draw(world: World) -> None:
    rng = np.random.default_rng(7)
    mine, other = world.window(75, rng), world.window(300, rng, version=2)
    often = dataclasses.replace(other, frame=other.frame.with_columns(pl.lit("anna").alias("entity")))
    alone = together(mine, often)
    assert findings(world, alone)["canary_answers"].n == 76
    assert findings(world, alone)["canary_answers"].failed


def test_a_canary_that_needs_more_help_fails(world: World) -> None:
    rng = np.random.default_rng(8)
    mine, other = world.window(900, rng), world.window(300, rng, version=2)
    helped = other.frame.with_columns(pl.Series("degraded", rng.random(300) < 0.3))
    found = findings(world, together(mine, dataclasses.replace(other, frame=helped)))
    assert found["degraded_beside_champion"].failed


def named(window: Window, role: str) -> Window:
    """Give the same answers to callers who named who is to answer."""
    return dataclasses.replace(
        window, frame=window.frame.with_columns(pl.lit(1.0).alias("share"), pl.lit(role).alias("role"))
    )


def test_who_names_a_version_is_no_part_of_the_comparison(world: World) -> None:
    rng = np.random.default_rng(10)
    mine, other = world.window(900, rng), world.window(300, rng, version=2)
    asked_for = (
        named(world.window(5000, rng, worse=3.0), "champion"),
        named(world.window(5000, rng, version=2, worse=3.0), "canary"),
    )
    assert findings(world, together(mine, other, *asked_for)) == findings(world, together(mine, other))


def test_who_names_the_champion_counts_as_its_traffic_and_who_names_another_one_tries_it_out(world: World) -> None:
    rng = np.random.default_rng(11)
    window = together(named(world.window(40, rng), "champion"), named(world.window(50, rng, version=2), "canary"))
    look(window, world.bundle, MonitoringSettings(), now=window.until)
    (arrived,) = [
        one
        for one in look(window, world.bundle, MonitoringSettings(), now=window.until)
        if one.measure == "predictions"
    ]
    assert arrived.value == 40


@pytest.mark.full
def test_a_canary_that_is_as_good_is_hardly_ever_called_worse(world: World) -> None:
    rng = np.random.default_rng(9)
    failed = 0
    for _ in range(400):
        askers = rng.binomial(800, CANARY.weight)
        window = together(world.window(800 - askers, rng), world.window(int(askers), rng, version=2))
        failed += any(one.failed for one in findings(world, window, worse_by=0.0).values())
    assert failed <= 6  # four numbers, each once in two thousand: 0.8 are expected
