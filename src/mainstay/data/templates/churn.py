"""Simulated subscriptions: the template's view of `mainstay.data.simulator`, which holds the formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data import simulator

if TYPE_CHECKING:
    import polars as pl

TARGET = simulator.TARGET


def simulate(rows: int, *, seed: int) -> pl.DataFrame:
    """Simulate what a business's own export would hold: a year of looks at customers, without the outcome's delay."""
    return simulator.simulate(rows, seed=seed).drop(simulator.DELAY)
