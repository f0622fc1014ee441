"""How often a look cries wolf, and how fast it sees what is there: simulated over whole looks, all groups together."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.monitoring import MonitoringSettings, look

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.monitoring.conftest import World

    from mainstay.measures.finding import Finding

    MakeWorld = Callable[[np.random.Generator, int], World]

NOW = dt.datetime(2030, 12, 1, tzinfo=dt.UTC)
SETTINGS = MonitoringSettings()


def false_alarms(make_world: MakeWorld, *, worlds: int, windows: int, rows: int, reference: int) -> tuple[int, int]:
    """Count windows with any failed finding among windows in which nothing moved."""
    failed = 0
    for seed in range(worlds):
        rng = np.random.default_rng([seed, rows, reference])
        world = make_world(rng, reference)
        previous: tuple[Finding, ...] = ()
        for day in range(windows):
            previous = look(world.window(rows, rng, day=day), world.bundle, SETTINGS, previous, now=NOW)
            failed += any(finding.failed for finding in previous)
    return failed, worlds * windows


def looks_until_alarm(world: World, *, rows: int, **drift: float) -> Counter[int]:
    """Count how many looks it takes until a drift alarm; 9: not within four."""
    needed: Counter[int] = Counter()
    for seed in range(40):
        rng = np.random.default_rng([seed, rows])
        previous: tuple[Finding, ...] = ()
        for day in range(4):
            previous = look(world.window(rows, rng, day=day, **drift), world.bundle, SETTINGS, previous, now=NOW)  # type: ignore[arg-type]
            if any(finding.failed and finding.group == "drift" for finding in previous):
                needed[day + 1] += 1
                break
        else:
            needed[9] += 1
    return needed


def test_nothing_moved_and_nothing_is_alarmed(make_world: MakeWorld) -> None:
    failed, windows = false_alarms(make_world, worlds=6, windows=50, rows=300, reference=3000)
    assert (failed, windows) == (0, 300)


@pytest.mark.parametrize(("rows", "drift"), [(200, {"price_up": 15.0}), (400, {"price_up": 10.0, "basic": 0.7})])
def test_planted_drift_is_caught_within_two_windows(world: World, rows: int, drift: dict[str, float]) -> None:
    needed = looks_until_alarm(world, rows=rows, **drift)
    assert needed[1] + needed[2] == 40


@pytest.mark.full
@pytest.mark.parametrize(
    ("rows", "reference"),
    [(300, 4000), (120, 1500), (2000, 600), (500, 500)],
    ids=["usual", "small windows", "windows beyond the reference", "windows as large as the reference"],
)
def test_false_at_most_once_in_a_thousand_windows(
    make_world: MakeWorld, rows: int, reference: int, record_property: Callable[[str, object], None]
) -> None:
    failed, windows = false_alarms(make_world, worlds=100, windows=40, rows=rows, reference=reference)
    record_property("false_alarm_rate", failed / windows)
    print(f"false alarms: {failed} of {windows} windows ({rows} rows against {reference})")  # noqa: T201 - the figure is the point
    # Windows of one world share its reference, so a world in bad luck may count up to forty times.
    assert failed <= windows / 1000
