"""A subscription business whose truth is known: who cancels in the next 30 days, and how likely that was.

Each row is one look at one customer. With ``m`` for the monthly price, the probability of cancelling is
``1 / (1 + exp(-logit))`` and, exactly,

::

    logit = -1.40
            + 1.10  if contract is "monthly",   -0.90 if "two years"
            + 0.45 * support_calls (each up to 5)
            - 0.030 * min(tenure_months, 48)
            + 0.035 * (m - 45)
            + 0.020 * (m - 45)                  more if contract is "monthly" and channel is "ads"
            + 0.70  if channel is "ads",         -0.30 if "referral"
            - 0.50  if autopay is "Yes"
            - 0.060 * min(usage_hours, 30)       or -0.70 if usage_hours is missing
            + 0.80  if usage_hours is below 2

No model can do better than this probability; `true_probability` gives it for any frame with these columns. Usage is
missing for customers whose device doesn't report it: about 4 % of all, 15 % of the partners'.

Outcomes are late. ``known_after_days`` says after how many days a row's truth is known: a cancellation when it
happens (days 1 to 29), a stay after 30 days. It is the truth in another form, so it is left out of the sample file.

`Drift` plants a change at a known instant: prices rise, and more customers come through adverts. Both act through
the same formula, so the truth stays known.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mainstay.data.quarantine import write_whole

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "churned"
POSITIVE = "Yes"
ENTITY = "customer_id"
TIME = "observed_at"
DELAY = "known_after_days"
HORIZON_DAYS = 30
START = dt.datetime(2025, 10, 1, tzinfo=dt.UTC)
PLANS = ("basic", "standard", "premium")
CONTRACTS = ("monthly", "one year", "two years")
CHANNELS = ("web", "partner", "referral", "ads")
_LIST_PRICES = {"basic": 25.0, "standard": 45.0, "premium": 70.0}
_CHANNEL_SHARES = np.array([0.45, 0.2, 0.2, 0.15])

Floats = NDArray[np.float64]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A change planted at a known instant.

    Parameters
    ----------
    at : datetime
        From when on it acts.
    price_rise : float
        Share by which monthly prices are higher: 0.25 is a quarter more.
    ads_share : float, optional
        Share of customers who come through adverts from then on (0.15 before), 0 to 1.

    """

    at: dt.datetime
    price_rise: float = 0.0
    ads_share: float | None = None


def simulate(
    rows: int, *, seed: int, start: dt.datetime = START, days: float = 365.0, drift: Drift | None = None
) -> pl.DataFrame:
    """Simulate looks at customers in order of time.

    Parameters
    ----------
    rows : int
        How many.
    seed : int
        The same seed gives the same frame; up to `drift.at` the drift changes nothing.
    start : datetime
        Instant of the first possible look, UTC.
    days : float
        Looks are spread evenly over so many days.
    drift : Drift, optional
        A planted change.

    Returns
    -------
    polars.DataFrame
        ``customer_id``, ``observed_at`` (UTC, ascending), ``plan``, ``contract``, ``tenure_months``,
        ``monthly_price``, ``support_calls``, ``channel``, ``autopay`` (Yes/No), ``usage_hours`` (hours a week, may be
        missing), ``churned`` (Yes/No), ``known_after_days``.

    Examples
    --------
    >>> frame = simulate(1000, seed=1)
    >>> frame["churned"].to_list() == simulate(1000, seed=1)["churned"].to_list()
    True

    """
    draws = np.random.default_rng(seed).random((rows, 14))
    seconds = np.sort(draws[:, 0]) * days * 86400
    moments = [start + dt.timedelta(seconds=round(s)) for s in seconds.tolist()]
    drifted = np.array([drift is not None and moment >= drift.at for moment in moments], dtype=np.bool_)
    frame = pl.DataFrame(
        {
            ENTITY: [f"c{seed % 10000:04d}-{number:07d}" for number in range(rows)],
            TIME: pl.Series(moments, dtype=pl.Datetime("us", "UTC")),
            **_customers(draws[:, 1:12], drifted, drift),
        }
    )
    churned = draws[:, 12] < true_probability(frame)
    delay = np.where(churned, 1 + np.floor(draws[:, 13] * (HORIZON_DAYS - 1)), HORIZON_DAYS).astype(np.int64)
    return frame.with_columns(
        pl.Series(TARGET, np.where(churned, "Yes", "No").tolist(), dtype=pl.String), pl.Series(DELAY, delay)
    )


def true_probability(frame: pl.DataFrame) -> Floats:
    """Give the true probability of cancelling for each row of a frame, by the formula of this module; shape (n,)."""
    monthly = _is(frame, "contract", "monthly")
    ads = _is(frame, "channel", "ads")
    price = frame["monthly_price"].to_numpy() - 45.0
    usage = frame["usage_hours"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    used = np.where(np.isnan(usage), -0.70, -0.060 * np.minimum(usage, 30.0) + 0.80 * (usage < 2.0))
    logit = (
        -1.40
        + 1.10 * monthly
        - 0.90 * _is(frame, "contract", "two years")
        + 0.45 * np.minimum(frame["support_calls"].to_numpy(), 5)
        - 0.030 * np.minimum(frame["tenure_months"].to_numpy(), 48)
        + 0.035 * price
        + 0.020 * price * monthly * ads
        + 0.70 * ads
        - 0.30 * _is(frame, "channel", "referral")
        - 0.50 * _is(frame, "autopay", "Yes")
        + used
    )
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)


def write_sample(path: Path, rows: int, seed: int) -> None:
    """Write a year of simulated looks as a csv: what a user's own export would hold, so without the delay."""
    frame = simulate(rows, seed=seed).drop(DELAY)
    spoken = frame.with_columns(pl.col(TIME).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    write_whole(path, spoken.write_csv().encode("utf-8"))


def _customers(draws: Floats, drifted: NDArray[np.bool_], drift: Drift | None) -> dict[str, pl.Series]:
    """Turn uniform draws into customers, column by column, so that a drift changes only what it is about."""
    plan = _pick(PLANS, np.cumsum([0.4, 0.4, 0.2]), draws[:, 0])
    contract = _pick(CONTRACTS, np.cumsum([0.55, 0.25, 0.2]), draws[:, 1])
    before = _pick(CHANNELS, np.cumsum(_CHANNEL_SHARES), draws[:, 2])
    after = _pick(CHANNELS, np.cumsum(_shares(drift)), draws[:, 2])
    channel = np.where(drifted, after, before)
    list_price = np.array([_LIST_PRICES[name] for name in plan.tolist()])
    rise = np.where(drifted, 1.0 + (drift.price_rise if drift else 0.0), 1.0)
    price = np.round(list_price * (0.85 + 0.3 * draws[:, 3]) * rise, 2)
    tenure = np.floor(-18.0 * np.log1p(-draws[:, 4])).clip(0, 120).astype(np.int64)
    calls = np.floor(-0.9 * np.log1p(-draws[:, 5])).clip(0, 9).astype(np.int64)
    autopay = np.where(draws[:, 6] < 0.6, "Yes", "No")
    usage = np.round(-(6.0 + 6.0 * draws[:, 7]) * np.log1p(-draws[:, 8]), 1).clip(0, 100)
    silent = draws[:, 9] < np.where(channel == "partner", 0.15, 0.0125)
    return {
        "plan": pl.Series(plan.tolist(), dtype=pl.String),
        "contract": pl.Series(contract.tolist(), dtype=pl.String),
        "tenure_months": pl.Series(tenure),
        "monthly_price": pl.Series(price),
        "support_calls": pl.Series(calls),
        "channel": pl.Series(channel.tolist(), dtype=pl.String),
        "autopay": pl.Series(autopay.tolist(), dtype=pl.String),
        "usage_hours": pl.Series(
            [None if s else u for s, u in zip(silent.tolist(), usage.tolist(), strict=True)], dtype=pl.Float64
        ),
    }


def _shares(drift: Drift | None) -> Floats:
    if drift is None or drift.ads_share is None:
        return _CHANNEL_SHARES
    others = _CHANNEL_SHARES[:-1] / _CHANNEL_SHARES[:-1].sum()
    return np.append(others * (1.0 - drift.ads_share), drift.ads_share)


def _pick(names: tuple[str, ...], upper: Floats, draws: Floats) -> NDArray[np.str_]:
    chosen = np.searchsorted(upper[:-1], draws, side="right")
    return np.array(names)[chosen]


def _is(frame: pl.DataFrame, column: str, value: str) -> Floats:
    return (frame[column] == value).fill_null(value=False).to_numpy().astype(np.float64)
