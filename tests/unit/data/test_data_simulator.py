"""The simulator: its frames follow the formula its docstring gives, and a drift is planted where it was asked for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.data.simulator import (
    DELAY,
    HORIZON_DAYS,
    START,
    TARGET,
    TIME,
    Drift,
    simulate,
    true_probability,
    write_sample,
)
from mainstay.measures.scores import log_loss, roc_auc

if TYPE_CHECKING:
    from pathlib import Path


def _one(**changes: object) -> pl.DataFrame:
    row: dict[str, object] = {
        "contract": "monthly",
        "support_calls": 2,
        "tenure_months": 10,
        "monthly_price": 55.0,
        "channel": "ads",
        "autopay": "Yes",
        "usage_hours": 1.5,
    }
    return pl.DataFrame({**row, **changes}, schema_overrides={"usage_hours": pl.Float64})


def test_the_formula_is_the_documented_one() -> None:
    logit = -1.40 + 1.10 + 0.45 * 2 - 0.030 * 10 + 0.035 * 10 + 0.020 * 10 + 0.70 - 0.50 - 0.060 * 1.5 + 0.80
    assert true_probability(_one())[0] == pytest.approx(1 / (1 + np.exp(-logit)))
    other = -1.40 - 0.90 + 0.45 * 5 - 0.030 * 48 + 0.035 * 10 - 0.30 - 0.70
    frame = _one(
        contract="two years", support_calls=9, tenure_months=60, channel="referral", autopay="No", usage_hours=None
    )
    assert true_probability(frame)[0] == pytest.approx(1 / (1 + np.exp(-other)))


def test_outcomes_happen_as_often_as_the_truth_says() -> None:
    frame = simulate(20000, seed=4)
    churned = (frame[TARGET] == "Yes").to_numpy().astype(float)
    p = true_probability(frame)
    for low in np.arange(0.0, 0.8, 0.1):
        some = (p >= low) & (p < low + 0.1)
        error = 4 * np.sqrt(p[some].mean() * (1 - p[some].mean()) / some.sum())
        assert abs(churned[some].mean() - p[some].mean()) < error
    assert 0.7 < roc_auc(churned, p) < 0.95
    assert log_loss(churned, p) < log_loss(churned, np.full(len(p), churned.mean()))


def test_rows_are_in_order_of_time_and_outcomes_are_late() -> None:
    frame = simulate(3000, seed=1, days=90)
    assert frame[TIME].is_sorted()
    assert frame[TIME].is_between(START, START + dt.timedelta(days=90)).all()
    assert frame["customer_id"].n_unique() == 3000
    stayed = frame.filter(pl.col(TARGET) == "No")[DELAY]
    gone = frame.filter(pl.col(TARGET) == "Yes")[DELAY]
    assert stayed.unique().to_list() == [HORIZON_DAYS]
    assert gone.is_between(1, HORIZON_DAYS - 1).all()
    assert 0.02 < frame["usage_hours"].null_count() / 3000 < 0.07


def test_the_seed_decides_and_a_drift_leaves_the_time_before_it_alone() -> None:
    at = START + dt.timedelta(days=200)
    plain = simulate(5000, seed=9)
    assert plain.equals(simulate(5000, seed=9))
    assert not plain.equals(simulate(5000, seed=10))
    drifted = simulate(5000, seed=9, drift=Drift(at=at, price_rise=0.25, ads_share=0.5))
    before = pl.col(TIME) < at
    assert drifted.filter(before).equals(plain.filter(before))
    after, was = drifted.filter(~before), plain.filter(~before)
    np.testing.assert_allclose(after["monthly_price"], was["monthly_price"] * 1.25, atol=0.02)
    assert 0.46 < np.mean((after["channel"] == "ads").to_numpy()) < 0.54
    assert true_probability(after).mean() > true_probability(was).mean() + 0.05


def test_the_sample_is_what_an_export_would_hold(tmp_path: Path) -> None:
    write_sample(tmp_path / "data.csv", 100, 3)
    write_sample(tmp_path / "again.csv", 100, 3)
    assert (tmp_path / "data.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    header, first, *rest = (tmp_path / "data.csv").read_text().splitlines()
    assert DELAY not in header
    assert len(rest) == 99
    assert first.split(",")[1].endswith("Z")
