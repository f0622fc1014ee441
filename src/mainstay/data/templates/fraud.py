"""Simulated card payments, about one in a hundred a fraud, whose truth is known, and changes.

Each row is one payment when it is asked for. With ``d`` for days since the first one, the probability that it is a
fraud is ``1 / (1 + exp(-logit))`` and, exactly,

::

    logit = -6.60
            + 0.55 * log(1 + amount / 50)
            + 1.90  if entry is "online",        -0.80 if "chip"
            + 1.60  if country_matches is "No"
            + 0.70 * min(payments_last_hour, 6)
            - 0.35 * log(1 + card_age_days / 30)
            + 3.00 * device_risk                 or +0.40 if device_risk is missing
            + 0.90  if the hour of the day (UTC) is 0 to 5
            + (0.30 + 0.012 * d)  if merchant is "gift cards"
            + 0.60  if merchant is "electronics"

The last but one line is the drift: gift cards are nearly harmless on the first day and the worst of all half a year
later, and their share of all payments grows from 4 % to 10 %. A model that was right in spring is wrong in autumn.

No model can do better than `true_probability`. The device's risk comes from a provider: it is missing where the
payment isn't online, and for one online payment in twenty. ``payments_last_hour`` never exceeds
``payments_last_day``, but nothing in the formula looks at the latter: it is there to be found useless.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from numpy.typing import NDArray

TARGET = "fraud"
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
DAYS = 180.0
MERCHANTS = ("grocery", "fuel", "restaurant", "travel", "electronics", "gift cards")
ENTRIES = ("chip", "contactless", "online")
_SHARES = np.array([0.40, 0.16, 0.20, 0.10, 0.10])  # of the merchants that aren't gift cards, before they are scaled

Floats = NDArray[np.float64]


def simulate(rows: int, *, seed: int, start: dt.datetime = START, days: float = DAYS) -> pl.DataFrame:
    """Simulate payments in order of time.

    Parameters
    ----------
    rows : int
        How many.
    seed : int
        The same seed gives the same frame.
    start : datetime
        Instant of the first possible payment, UTC.
    days : float
        Payments are spread evenly over so many days.

    Returns
    -------
    polars.DataFrame
        ``payment_id``, ``asked_at`` (UTC, ascending), ``amount`` (EUR), ``merchant``, ``entry``, ``country_matches``
        (Yes/No), ``payments_last_hour``, ``payments_last_day``, ``card_age_days``, ``device_risk`` (0 to 1, may be
        missing), ``fraud`` (0/1).

    Examples
    --------
    >>> frame = simulate(20000, seed=1)
    >>> bool(0.007 < frame["fraud"].mean() < 0.015)
    True

    """
    draws = np.random.default_rng(seed).random((rows, 12))
    seconds = np.sort(draws[:, 0]) * days * 86400
    moments = [start + dt.timedelta(seconds=round(second)) for second in seconds.tolist()]
    entry = np.array(ENTRIES)[np.searchsorted(np.array([0.35, 0.75]), draws[:, 1], side="right")]
    hourly = np.floor(-0.35 * np.log1p(-draws[:, 2])).clip(0, 12).astype(np.int64)
    unseen = (entry != "online") | (draws[:, 3] < 0.05)
    risk = np.where(unseen, np.nan, np.round(draws[:, 4] ** 3, 3))
    frame = pl.DataFrame(
        {
            "payment_id": [f"p{seed % 10000:04d}-{number:08d}" for number in range(rows)],
            "asked_at": pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            "amount": np.round(np.exp(3.2 + 1.1 * _normal(draws[:, 5], draws[:, 6])).clip(0.5, 4000), 2),
            "merchant": _merchants(draws[:, 7], seconds / 86400),
            "entry": entry.tolist(),
            "country_matches": np.where(draws[:, 8] < 0.94, "Yes", "No").tolist(),
            "payments_last_hour": hourly,
            "payments_last_day": hourly + np.floor(-2.5 * np.log1p(-draws[:, 9])).clip(0, 40).astype(np.int64),
            "card_age_days": np.floor(-600.0 * np.log1p(-draws[:, 10])).clip(0, 4000).astype(np.int64),
            "device_risk": pl.Series(risk).fill_nan(None),
        }
    )
    fraud = draws[:, 11] < true_probability(frame, start=start)
    return frame.with_columns(pl.Series(TARGET, fraud.astype(np.int64)))


def true_probability(frame: pl.DataFrame, *, start: dt.datetime = START) -> Floats:
    """Give the true probability of a fraud for each row, by the formula of this module; shape (n,)."""
    since = (frame["asked_at"] - start).dt.total_seconds().to_numpy() / 86400
    night = frame["asked_at"].dt.hour().to_numpy() < 6
    risk = frame["device_risk"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    logit = (
        -6.60
        + 0.55 * np.log1p(frame["amount"].to_numpy() / 50)
        + 1.90 * _is(frame, "entry", "online")
        - 0.80 * _is(frame, "entry", "chip")
        + 1.60 * _is(frame, "country_matches", "No")
        + 0.70 * np.minimum(frame["payments_last_hour"].to_numpy(), 6)
        - 0.35 * np.log1p(frame["card_age_days"].to_numpy() / 30)
        + np.where(np.isnan(risk), 0.40, 3.00 * risk)
        + 0.90 * night
        + (0.30 + 0.012 * since) * _is(frame, "merchant", "gift cards")
        + 0.60 * _is(frame, "merchant", "electronics")
    )
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)


def _merchants(draws: Floats, days: Floats) -> list[str]:
    """Pick merchants; the share of gift cards grows from 4 % to 10 % over half a year."""
    gifts = (0.04 + 0.06 * days / DAYS).clip(0, 0.5)
    rest = np.cumsum(_SHARES / _SHARES.sum())[:-1]
    place = np.searchsorted(rest, ((draws - gifts) / (1 - gifts)).clip(0, 1), side="right")
    chosen = np.where(draws < gifts, len(MERCHANTS) - 1, place)
    return [MERCHANTS[each] for each in chosen.tolist()]


def _normal(first: Floats, second: Floats) -> Floats:
    """Turn two uniform draws into one normal one (Box and Muller 1958)."""
    return np.asarray(np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second), dtype=np.float64)


def _is(frame: pl.DataFrame, column: str, value: str) -> Floats:
    return (frame[column] == value).to_numpy().astype(np.float64)
