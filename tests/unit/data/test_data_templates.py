"""Templates: complete projects on simulated tables whose documented truth is the one they follow."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import load_contract
from mainstay.data import DataSettings, take_snapshot
from mainstay.data.templates import TEMPLATES, credit, demand, find_template, fraud, write_template
from mainstay.errors import InputError
from mainstay.measures.money import break_even, stakes
from mainstay.measures.scores import roc_auc
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAMES = [template.name for template in TEMPLATES]


@pytest.mark.parametrize("name", NAMES)
def test_each_template_is_a_complete_project_that_loses_no_row(name: str, tmp_path: Path) -> None:
    written = write_template(name, tmp_path / "it")
    assert [path.relative_to(tmp_path / "it").as_posix() for path in written] == [
        "mainstay.toml", "contract.toml", "README.md", f"data/{find_template(name).table}",
    ]  # fmt: skip
    project = open_project(tmp_path / "it")
    contract = load_contract(tmp_path / "it" / "contract.toml")
    assert project.name == name
    assert project.problem.empty == ()
    assert project.problem.success is not None
    assert project.money.known
    assert project.section("data", DataSettings).target == find_template(name).target
    snapshot = take_snapshot(project, contract)
    assert snapshot.rows_lost == 0
    assert snapshot.rows_read > 5000
    assert "ROWS" not in (tmp_path / "it" / "README.md").read_text()


def test_the_templates_use_every_policy_where_it_makes_sense(tmp_path: Path) -> None:
    said: set[str] = set()
    for name in NAMES:
        write_template(name, tmp_path / name)
        contract = load_contract(tmp_path / name / "contract.toml")
        said |= {rule.otherwise for rule in contract.rules}
        for column in contract.columns:
            said |= {column.missing, column.malformed, column.when_beyond}
    assert said >= {"reject", "impute", "allow", "clip", "flag", "other", "fallback"}


def test_sensitive_columns_of_the_credit_template_are_compared_and_not_learned_from(tmp_path: Path) -> None:
    write_template("credit", tmp_path / "it")
    contract = load_contract(tmp_path / "it" / "contract.toml")
    people = [column.name for column in contract.columns if column.sensitive]
    assert people == ["age", "gender", "nationality"]
    assert not set(people) & set(contract.feature_names)
    assert set(people) == set(open_project(tmp_path / "it").section("data", DataSettings).segments)
    stake = stakes(open_project(tmp_path / "it").money)
    assert stake is not None
    assert break_even(stake) == pytest.approx(1 / 6)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    write_template("demand", tmp_path)
    before = (tmp_path / "mainstay.toml").read_bytes()
    with pytest.raises(InputError, match=r"already holds mainstay\.toml"):
        write_template("fraud", tmp_path)
    assert (tmp_path / "mainstay.toml").read_bytes() == before
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        write_template("fraud", tmp_path / "file")


def test_a_wrong_name_lists_them_all() -> None:
    with pytest.raises(InputError) as raised:
        find_template("frauds")
    assert raised.value.message == "There is no template 'frauds'."
    assert raised.value.cure.startswith("Did you mean 'fraud'?")
    for template in TEMPLATES:
        assert f"\n  {template.name:<8}{template.line}" in raised.value.cure
    with pytest.raises(InputError, match=r"Which template\?"):
        find_template("")


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name: str) -> None:
    simulate = find_template(name).simulate
    assert simulate(40, 5).equals(simulate(40, 5))
    assert not simulate(40, 5).equals(simulate(40, 6))


def calibrated(happened: NDArray[np.float64], p: NDArray[np.float64], cuts: list[float]) -> None:
    for low, high in pairwise(cuts):
        some = (p >= low) & (p < high)
        assert some.sum() > 30
        error = 4 * np.sqrt((p[some] * (1 - p[some])).sum()) / some.sum()
        assert abs(happened[some].mean() - p[some].mean()) < error


def test_frauds_happen_as_often_as_the_truth_says_and_gift_cards_become_worse() -> None:
    frame = fraud.simulate(60_000, seed=4)
    happened = frame[fraud.TARGET].to_numpy().astype(float)
    p = fraud.true_probability(frame)
    calibrated(happened, p, [0, 0.01, 0.05, 0.2, 1])
    assert 0.007 < happened.mean() < 0.015
    assert roc_auc(happened, p) > 0.85
    assert frame["asked_at"].is_sorted()
    assert (frame["payments_last_hour"] <= frame["payments_last_day"]).all()
    gifts = frame["merchant"] == "gift cards"
    early, late = frame["asked_at"].dt.month() <= 2, frame["asked_at"].dt.month() >= 6
    assert p[(gifts & late).to_numpy()].mean() > 2 * p[(gifts & early).to_numpy()].mean()
    assert gifts.filter(late).to_numpy().mean() > 1.5 * gifts.filter(early).to_numpy().mean()
    changes = {
        "amount": 50.0, "entry": "online", "country_matches": "No", "payments_last_hour": 9, "card_age_days": 30,
        "device_risk": 0.5, "merchant": "gift cards",
    }  # fmt: skip
    one = frame.head(1).with_columns(pl.lit(value).alias(name) for name, value in changes.items())
    logit = -6.60 + 0.55 * np.log(2) + 1.90 + 1.60 + 0.70 * 6 - 0.35 * np.log(2) + 1.50 + 0.90 + 0.30
    assert fraud.true_probability(one)[0] == pytest.approx(1 / (1 + np.exp(-logit)), rel=1e-3)


def test_loans_turn_bad_as_often_as_the_truth_says_and_gender_decides_nothing_by_itself() -> None:
    frame = credit.simulate(40_000, seed=4)
    bad = (frame[credit.TARGET] == "bad").to_numpy().astype(float)
    p = credit.true_probability(frame)
    known = frame["employed_years"].is_not_null().to_numpy()
    calibrated(bad[known], p[known], [0, 0.05, 0.15, 0.3, 0.6, 1])
    assert 0.15 < bad.mean() < 0.3
    assert 0.02 < 1 - known.mean() < 0.04
    other = frame.with_columns(gender=pl.lit("man"), age=pl.lit(30), nationality=pl.lit("domestic"))
    assert (credit.true_probability(other) == p).all()
    woman = (frame["gender"] == "woman").to_numpy()
    assert frame["income"].to_numpy()[woman].mean() < 0.93 * frame["income"].to_numpy()[~woman].mean()
    assert p[woman].mean() > p[~woman].mean()


def test_orders_scatter_around_the_true_mean_and_last_week_is_last_week() -> None:
    frame = demand.simulate(700, seed=4)
    orders, mean = frame[demand.TARGET].to_numpy(), demand.true_mean(frame)
    for hour in demand.HOURS:
        some = (frame["hour"] == hour).to_numpy()
        error = 4 * np.sqrt((mean[some] + (0.15 * mean[some]) ** 2).sum()) / some.sum()
        assert abs(orders[some].mean() - mean[some].mean()) < error
    assert frame["hour_start"].is_sorted()
    before = frame["same_hour_last_week"]
    assert before[:77].null_count() == 77
    assert before[77:].null_count() < 0.02 * frame.height
    told = before.is_not_null().to_numpy()[77:]
    assert (before.to_numpy()[77:][told] == orders[:-77][told]).all()
