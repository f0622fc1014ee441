"""Poisoned retraining data is stopped, and clean retraining data is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contract import Category, Contract, load_contract, profile_rows
from mainstay.data import take_snapshot
from mainstay.data.draft import draft_project, write_project
from mainstay.evaluation import EvaluationSettings, evaluate, judge_report
from mainstay.measures.money import Money
from mainstay.models.features import seen_by
from mainstay.project import Problem, open_project
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mainstay.contract import Profile
    from mainstay.data import Rows, Snapshot
    from mainstay.models import Model, Policy, Report
    from mainstay.models.features import Features

    Make = Callable[..., Snapshot]

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LIMITS = EvaluationSettings()
LINEAR = TrainingSettings(candidates=("linear",))
MINE = {"labels_agree", "no_block_twice", "no_column_shifted"}


@dataclass(frozen=True)
class Champion:
    """What the registry's bundle has as well."""

    model: Model
    policy: Policy
    contract: Contract
    report: Report
    profile: Profile
    features: Features | None = None

    @property
    def inputs(self) -> Contract:
        return seen_by(self.contract, self.features)


def crowned(snapshot: Snapshot) -> Champion:
    training = train(snapshot, LINEAR, Money())
    report = evaluate(snapshot, training, Money(), LIMITS)
    chosen = training.chosen
    profile = profile_rows(snapshot.inputs, snapshot.train.X)
    return Champion(chosen.model, chosen.policy, snapshot.contract, report, profile)


def stopped(snapshot: Snapshot, champion: Champion) -> set[str]:
    """Name the gates against poisoned rows that fail when the champion is retrained on a snapshot."""
    report = evaluate(snapshot, train(snapshot, LINEAR, Money()), Money(), LIMITS, champion)
    verdict = judge_report(report, Problem(), LIMITS, champion.report, now=NOW, by="me")
    return {finding.measure for finding in verdict.failed} & MINE


def change(snapshot: Snapshot, how: Callable[[Rows], Rows]) -> Snapshot:
    return replace(snapshot, train=how(snapshot.train), test=how(snapshot.test))


def flipped(rows: Rows) -> Rows:
    """Give a fifth of the rows another label; or one another's amounts."""
    rng = np.random.default_rng(5)
    wrong = rng.random(len(rows)) < 0.2
    y = rows.y.copy()
    labels = int(y.max()) + 1
    if np.isin(y, range(3)).all():
        y[wrong] = (y[wrong] + rng.integers(1, labels, int(wrong.sum()))) % labels
    else:
        y[wrong] = rng.permutation(y[wrong])
    return replace(rows, y=y)


def twice(rows: Rows) -> Rows:
    return rows.take(np.concatenate([np.arange(len(rows)), np.arange(len(rows) // 5)]))


def shifted(rows: Rows) -> Rows:
    """Give the price in another currency."""
    return replace(rows, X=rows.X * [1, 1.6, 1, 1], frame=rows.frame.with_columns(pl.col("price") * 1.6))


@pytest.fixture(scope="module", params=["binary", "regression", "multiclass"])
def reigning(request: pytest.FixtureRequest, make_snapshot: Make) -> tuple[Snapshot, Champion]:
    kind = request.param
    return make_snapshot(kind, rows=2400, seed=2), crowned(make_snapshot(kind, rows=2400, seed=1))


@pytest.mark.parametrize(
    ("how", "gate"), [(flipped, "labels_agree"), (twice, "no_block_twice"), (shifted, "no_column_shifted")]
)
def test_each_poison_is_stopped_by_its_gate(
    reigning: tuple[Snapshot, Champion], how: Callable[[Rows], Rows], gate: str
) -> None:
    fresh, champion = reigning
    assert gate in stopped(change(fresh, how), champion)


def test_a_first_model_has_nothing_to_be_held_against(make_snapshot: Make) -> None:
    report = crowned(make_snapshot()).report
    verdict = judge_report(report, Problem(), LIMITS, now=NOW, by="me")
    told = {finding.measure: finding for finding in verdict.findings}
    assert all(told[name].ok is None and "No other version answers" in told[name].note for name in MINE)


def false_alarms(make_snapshot: Make, seeds: range) -> int:
    alarms = 0
    for seed in seeds:
        champion = crowned(make_snapshot(rows=1200, seed=1000 + seed))
        alarms += bool(stopped(make_snapshot(rows=1200, seed=seed), champion))
    return alarms


def test_clean_rows_are_not_stopped(make_snapshot: Make) -> None:
    assert false_alarms(make_snapshot, range(8)) == 0


@pytest.mark.full
def test_clean_rows_are_hardly_ever_stopped(make_snapshot: Make) -> None:
    assert false_alarms(make_snapshot, range(200)) <= 2


def test_categories_whose_codes_mean_other_labels_are_not_compared(reigning: tuple[Snapshot, Champion]) -> None:
    fresh, champion = reigning
    turned = Contract(
        tuple(
            msgspec.structs.replace(one, values=tuple(reversed(one.values))) if isinstance(one, Category) else one
            for one in champion.contract.columns
        )
    )
    other = replace(champion, contract=turned)
    report = evaluate(fresh, train(fresh, LINEAR, Money()), Money(), LIMITS, other)
    assert all(check.where != "plan" for check in report.checks if check.measure == "shift")


@pytest.fixture(scope="module")
def telco(telco_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Callable[..., Snapshot]]:
    folder = tmp_path_factory.mktemp("poison") / "telco"
    write_project(draft_project(telco_csv, "Churn", folder), folder)
    contract = load_contract(folder / "contract.toml")

    def take(frame: pl.DataFrame, name: str) -> Snapshot:
        path = folder / f"{name}.csv"
        frame.write_csv(path)
        return take_snapshot(open_project(folder), contract, source=path)

    return pl.read_csv(telco_csv, infer_schema_length=None), take


def poisons(whole: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, set[str]]]:
    rng = np.random.default_rng(3)
    wrong = rng.random(len(whole)) < 0.2
    other = whole["Churn"].replace({"Yes": "No", "No": "Yes"})
    labels = whole.select(pl.when(pl.Series(wrong)).then(other).otherwise(pl.col("Churn"))).to_series()
    yield "clean", whole, set()
    yield "flipped", whole.with_columns(Churn=labels), {"labels_agree"}
    yield "twice", pl.concat([whole, whole.head(len(whole) // 5)]), {"no_block_twice"}
    yield "shifted", whole.with_columns(pl.col("MonthlyCharges") + 30), {"no_column_shifted"}


def test_a_real_table_is_retrained_on_and_its_poisoned_copies_are_not(
    telco: tuple[pl.DataFrame, Callable[..., Snapshot]],
) -> None:
    whole, take = telco
    earlier = whole.sample(fraction=0.7, seed=1)
    champion = crowned(take(earlier, "earlier"))
    for name, frame, gates in poisons(whole):
        assert stopped(take(frame, name), champion) == gates, name
