"""Timing in turns: one call of each contender after the other, so that the machine's moods meet all of them alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def in_turns(calls: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Time each contender on record 0, 1, 2 ...: median and 99th percentile, milliseconds."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for place in range(-20, rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call(max(place, 0))
            if place >= 0:
                took[name].append(1000 * (time.perf_counter() - start))
    return {name: (float(np.median(times)), float(np.quantile(times, 0.99))) for name, times in took.items()}
