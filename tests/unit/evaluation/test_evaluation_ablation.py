"""Features that don't help are named, with their twins; those that help are not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Contract, Number
from mainstay.evaluation import EvaluationSettings, evaluate
from mainstay.evaluation.ablation import ALL, find_twins
from mainstay.evaluation.ablation_document import ablation_blocks
from mainstay.measures.money import Money
from mainstay.render.document import Document
from mainstay.render.markdown import to_markdown
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.rows import Rows
    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Report
    from mainstay.models.ablation import Ablated

    Make = Callable[..., Snapshot]

LIMITS = EvaluationSettings(robustness=False)


def with_twin(snapshot: Snapshot) -> Snapshot:
    """Add the price in another currency."""
    contract = Contract((*snapshot.contract.columns, Number(name="price_usd", missing="allow", owner="anna")))

    def wider(X: np.ndarray) -> np.ndarray:
        return np.column_stack([X, X[:, 1] * 1.1])

    def more(side: str) -> object:
        rows = getattr(snapshot, side)
        frame = rows.frame.with_columns((rows.frame["price"] * 1.1).alias("price_usd"))
        return replace(rows, X=wider(rows.X), frame=frame)

    return replace(snapshot, contract=contract, train=more("train"), test=more("test"))  # type: ignore[arg-type]


def report_of(snapshot: Snapshot, settings: EvaluationSettings = LIMITS) -> Report:
    quick = TrainingSettings(candidates=("linear",), studies=False)
    return evaluate(snapshot, train(snapshot, quick, Money()), Money(), settings)


@pytest.fixture(scope="module", params=["binary", "regression", "multiclass"])
def told(request: pytest.FixtureRequest, make_snapshot: Make) -> dict[str, Ablated]:
    report = report_of(with_twin(make_snapshot(request.param, rows=2400, seed=3)))
    return {one.feature: one for one in report.ablation}


def test_what_helps_what_does_not_and_what_says_the_same(told: dict[str, Ablated]) -> None:
    assert told["tenure"].use == "helps"
    assert told["noise"].use in {"unused", "harmful"}
    assert {told["price"].twin, told["price_usd"].twin} == {"price", "price_usd"}
    assert "duplicate" in {told["price"].use, told["price_usd"].use}
    assert told["noise"].lost is not None
    assert told["noise"].lost.interval is not None


def test_costs_are_said(told: dict[str, Ablated]) -> None:
    missing = told["price"].missing
    assert missing == pytest.approx(0.05, abs=0.02)
    assert told["price_usd"].owner == "anna"


def test_all_that_do_not_help_are_left_out_together_but_one_of_two_twins_stays(told: dict[str, Ablated]) -> None:
    together = told[ALL]
    assert together.lost is not None
    assert together.lost.value is not None
    assert together.use != "helps"  # the price itself is still there


def test_it_is_the_same_each_time_and_can_be_turned_off(make_snapshot: Make) -> None:
    snapshot = make_snapshot(rows=900)
    assert report_of(snapshot).ablation == report_of(snapshot).ablation
    assert report_of(snapshot, EvaluationSettings(robustness=False, ablation=False)).ablation == ()


def test_it_is_laid_out_with_what_does_not_help_first(make_snapshot: Make) -> None:
    report = report_of(with_twin(make_snapshot(rows=2400, seed=3)))
    text = to_markdown(Document("x", tuple(ablation_blocks(report))))
    assert "Nothing surely gets worse without" in text
    assert text.index("| noise |") < text.index("| tenure |")


def test_twins_are_found_by_rank_either_way_round() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=500)
    X = np.column_stack([x, np.exp(x), -x, rng.normal(size=500), np.full(500, 3.0), np.full(500, np.nan)])
    found = find_twins(X, ["x", "exp", "minus", "other", "constant", "gone"])
    assert set(found) == {"x", "exp", "minus"}


@pytest.mark.full
def test_noise_is_hardly_ever_called_helpful_or_harmful(make_snapshot: Make) -> None:
    judged = wrong = 0
    for seed in range(60):
        report = report_of(make_snapshot(rows=800, seed=seed))
        # Where nothing beat doing nothing, there is nothing to leave out.
        for noise in (one for one in report.ablation if one.feature == "noise" and one.lost is not None):
            judged += 1
            wrong += noise.use in {"helps", "harmful"}
    assert judged > 40
    assert wrong <= 3


def test_where_nothing_helps_not_everything_is_left_out_at_once(make_snapshot: Make) -> None:
    noise, dice = make_snapshot("regression", rows=300, seed=3), np.random.default_rng(0)

    def side(rows: Rows) -> Rows:
        X = dice.normal(size=(len(rows), 2))
        return replace(rows, X=X, y=dice.normal(size=len(rows)), frame=pl.DataFrame(X, schema=["a", "b"]))

    contract = Contract((Number(name="a"), Number(name="b")))
    noise = replace(noise, contract=contract, train=side(noise.train), test=side(noise.test), segments=())
    quick = TrainingSettings(candidates=("linear",), studies=False)
    report = evaluate(noise, train(noise, quick, Money(), take="linear"), Money(), LIMITS)
    assert {one.feature for one in report.ablation} == {"a", "b"}
    assert "helps" not in {one.use for one in report.ablation}
