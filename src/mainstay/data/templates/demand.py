"""Simulated orders per hour of a kitchen that delivers, whose truth is known.

Each row is one opening hour (11 to 21 o'clock) of one day. Orders are Poisson around a mean that itself scatters
(gamma, coefficient of variation 0.15), and the expected number is, exactly,

::

    log(mean) = 2.55 + shape[hour]
                + 0.25  on Fridays and Saturdays,  +0.12 on Sundays
                + 0.35  if holiday is "Yes"
                + 0.30  if promotion is "Yes"
                - 0.012 * (temperature - 12)
                + 0.10 * min(rain_mm, 4)
                + 0.0007 * days since the first one          (the business grows by 29 % a year)

with ``shape`` from 0.10 at 11 o'clock over 0.75 (noon), 0.55, 0.05, -0.35, -0.30, 0.10 (17), 0.70, 1.05 (19), 0.85
down to 0.35 at 21 o'clock. `true_mean` gives it for any frame. ``same_hour_last_week`` is what really happened 7 days
before, missing in the first week and where the till didn't answer (1 %).

An hour staffed for one order too few loses its margin (6 EUR), one too many costs 2 EUR of idle hands: it pays to plan
the 6 / (6 + 2) = 75 % quantile, not the mean (the newsvendor, Arrow, Harris and Marschak 1951).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

TARGET = "orders"
START = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
HOURS = tuple(range(11, 22))
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHAPE = np.array([0.10, 0.75, 0.55, 0.05, -0.35, -0.30, 0.10, 0.70, 1.05, 0.85, 0.35])
_SCATTER = 0.15

Floats = NDArray[np.float64]


def simulate(days: int, *, seed: int, start: dt.datetime = START) -> pl.DataFrame:
    """Simulate opening hours in order of time.

    Parameters
    ----------
    days : int
        How many days of 11 hours each.
    seed : int
        The same seed gives the same frame.
    start : datetime
        Midnight of the first day, UTC.

    Returns
    -------
    polars.DataFrame
        ``hour_start`` (UTC, ascending), ``hour``, ``weekday``, ``holiday``, ``promotion`` (Yes/No), ``temperature``
        (°C), ``rain_mm``, ``same_hour_last_week`` (may be missing), ``orders``.

    Examples
    --------
    >>> frame = simulate(14, seed=1)
    >>> frame.height, frame["same_hour_last_week"][77] == frame["orders"][0]
    (154, True)

    """
    dice = np.random.default_rng(seed)
    daily = dice.random((days, 4))
    hourly = dice.random((days, len(HOURS), 3))
    day = np.arange(days)
    summer = np.cos(2 * np.pi * ((start.timetuple().tm_yday + day) / 365.25 - 0.55))
    weather = 11 + 9 * summer + 8 * (daily[:, 0] - 0.5)
    wet = daily[:, 1] < 0.35
    moments = [start + dt.timedelta(days=int(d), hours=h) for d in day for h in HOURS]
    frame = pl.DataFrame(
        {
            "hour_start": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            "hour": [moment.hour for moment in moments],
            "weekday": [WEEKDAYS[moment.weekday()] for moment in moments],
            "holiday": np.repeat(np.where(daily[:, 2] < 0.03, "Yes", "No"), len(HOURS)).tolist(),
            "promotion": np.repeat(np.where(daily[:, 3] < 0.12, "Yes", "No"), len(HOURS)).tolist(),
            "temperature": np.round(weather[:, None] + 4 * (hourly[:, :, 0] - 0.5), 1).ravel(),
            "rain_mm": np.round(np.where(wet[:, None], -1.2 * np.log1p(-hourly[:, :, 1]), 0.0), 1).ravel().clip(0, 12),
        }
    )
    mean = true_mean(frame, start=start) * dice.gamma(1 / _SCATTER**2, _SCATTER**2, frame.height)
    orders = dice.poisson(mean).astype(np.int64)
    week = 7 * len(HOURS)
    before = np.concatenate([np.full(min(week, len(orders)), np.nan), orders[:-week] if days > 7 else []])
    before[hourly[:, :, 2].ravel() < 0.01] = np.nan
    return frame.with_columns(
        pl.Series("same_hour_last_week", before).fill_nan(None).cast(pl.Int64), pl.Series(TARGET, orders)
    )


def true_mean(frame: pl.DataFrame, *, start: dt.datetime = START) -> Floats:
    """Give the expected number of orders for each row, by the formula of this module; shape (n,)."""
    weekday = frame["weekday"].to_list()
    since = (frame["hour_start"] - start).dt.total_days().to_numpy()
    log_mean = (
        2.55
        + _SHAPE[frame["hour"].to_numpy() - HOURS[0]]
        + np.array([{"Fri": 0.25, "Sat": 0.25, "Sun": 0.12}.get(name, 0.0) for name in weekday])
        + 0.35 * (frame["holiday"] == "Yes").to_numpy()
        + 0.30 * (frame["promotion"] == "Yes").to_numpy()
        - 0.012 * (frame["temperature"].to_numpy() - 12)
        + 0.10 * np.minimum(frame["rain_mm"].to_numpy(), 4)
        + 0.0007 * since
    )
    return np.asarray(np.exp(log_mean), dtype=np.float64)
