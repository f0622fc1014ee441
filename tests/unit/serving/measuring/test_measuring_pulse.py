from __future__ import annotations

import pytest

from mainstay.serving.measuring.cells import Cells
from mainstay.serving.measuring.metrics import Metrics
from mainstay.serving.measuring.pulse import Pulse
from mainstay.serving.testing import counted


def test_it_counts_by_how_much_a_beat_is_late() -> None:
    metrics = Metrics(cells=Cells())
    times = iter([1_000_000_000, 1_100_000_000, 1_500_000_000, 1_590_000_000])
    pulse = Pulse(metrics, 0.1, lambda: next(times))
    for connections in (1, 2, 3, 4):
        pulse.beat(connections)
    page = metrics.page.write()
    assert counted(page, "mainstay_loop_lag_seconds_count") == 3
    assert counted(page, "mainstay_loop_lag_seconds_sum") == pytest.approx(0.3)
    assert counted(page, "mainstay_loop_lag_seconds_bucket", le="0.001") == 2
    assert counted(page, "mainstay_connections", worker="0") == 4
