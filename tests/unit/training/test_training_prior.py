"""Labels that were sampled unevenly: scores, policy, measures and money are those of the world."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import load_contract
from mainstay.data import take_snapshot
from mainstay.data.prior import Prior
from mainstay.errors import ProjectError
from mainstay.evaluation import EvaluationSettings, evaluate
from mainstay.measures.money import Capacity, Money, Stakes, gains
from mainstay.models.frameworks.calibrated import CalibratedModel
from mainstay.project import open_project
from mainstay.training import TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data.snapshot import Snapshot
    from mainstay.models import Report, Training

    Make = Callable[..., Snapshot]

MONEY = Money(value=300, success_rate=0.3, action_cost=15)
KEPT = 0.2
LINEAR = TrainingSettings(candidates=("do-nothing", "linear"), studies=False)
LIMITS = EvaluationSettings(robustness=False)


@pytest.fixture(scope="module")
def world(make_snapshot: Make) -> Snapshot:
    return make_snapshot(rows=16_000)


@pytest.fixture(scope="module")
def thinned(world: Snapshot) -> Snapshot:
    rng = np.random.default_rng(3)
    sides = [
        rows.take(np.flatnonzero((rows.y > 0.5) | (rng.random(len(rows)) < KEPT))) for rows in (world.train, world.test)
    ]
    seen = float(np.mean(sides[0].y))
    share = seen / (seen + (1 - seen) / KEPT)
    return replace(world, train=sides[0], test=sides[1], prior=Prior(1.0, 1 / KEPT, share, seen))


@pytest.fixture(scope="module")
def made(thinned: Snapshot) -> tuple[Training, Report]:
    training = train(thinned, LINEAR, MONEY)
    return training, evaluate(thinned, training, MONEY, LIMITS)


def test_scores_are_probabilities_of_the_world(world: Snapshot, made: tuple[Training, Report]) -> None:
    chosen = made[0].chosen
    assert isinstance(chosen.model, CalibratedModel)
    scores = chosen.model.scores(world.test.X)
    assert float(np.mean(scores)) == pytest.approx(float(np.mean(world.test.y)), abs=0.02)
    plain = train(world, LINEAR, MONEY).chosen.model.scores(world.test.X)
    assert float(np.mean(np.abs(scores - plain))) < 0.03
    row = world.test.X[0]
    assert chosen.model.score_one(row) == scores[0]
    assert chosen.policy.fallback == pytest.approx(float(np.mean(world.train.y)), abs=0.02)


def test_measures_and_money_are_those_of_the_world(world: Snapshot, made: tuple[Training, Report]) -> None:
    training, report = made
    scores, truth = training.chosen.model.scores(world.test.X), world.test.y
    acted = scores >= training.chosen.policy.threshold
    for name, truly in (
        ("money_per_1000", 1000 * float(gains(truth > 0.5, acted, Stakes(75.0, -15.0)).mean())),
        ("share_acted_on", float(np.mean(acted))),
        ("log_loss", float(-np.mean(np.log(np.where(truth > 0.5, scores, 1 - scores))))),
        ("accuracy", float(np.mean((scores >= 0.5) == (truth > 0.5)))),
    ):
        found = report.measure(name)
        assert found is not None
        assert found.interval is not None
        # The world's own rows are a sample as well, of which the thinned ones are a part.
        half = (found.interval.high - found.interval.low) / 2
        assert found.value == pytest.approx(truly, abs=1.5 * half), name
    ece = report.measure("ece")
    assert ece is not None
    assert ece.value is not None
    assert ece.value < 0.02
    assert report.base_rate == pytest.approx(float(np.mean(world.train.y)), abs=0.02)


def test_the_report_says_so(made: tuple[Training, Report]) -> None:
    assert any("Labels were sampled unevenly" in note and "corrected to the world" in note for note in made[1].notes)


def test_the_reference_of_scores_is_the_world(world: Snapshot, made: tuple[Training, Report]) -> None:
    scores = made[0].chosen.model.scores(world.test.X)
    assert made[1].score_quantiles[50] == pytest.approx(float(np.median(scores)), abs=0.05)


def test_a_capacity_is_a_share_of_the_world(world: Snapshot, thinned: Snapshot) -> None:
    money = Money(value=300, success_rate=0.3, action_cost=15, capacity=Capacity(share=0.1))
    policy = train(thinned, LINEAR, money).chosen.policy
    assert policy.pace is not None
    model = train(thinned, LINEAR, money).chosen.model
    assert float(np.mean(model.scores(world.test.X) >= policy.pace)) == pytest.approx(0.1, abs=0.02)


def test_without_the_prior_the_same_rows_promise_too_much(thinned: Snapshot, made: tuple[Training, Report]) -> None:
    blind = replace(thinned, prior=None)
    told = evaluate(blind, train(blind, LINEAR, MONEY), MONEY, LIMITS).measure("money_per_1000")
    honest = made[1].measure("money_per_1000")
    assert told is not None
    assert honest is not None
    assert told.value is not None
    assert honest.value is not None
    assert told.value > 1.5 * honest.value


def project(folder: Path, line: str) -> Path:
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    y = np.where(rng.random(400) < 1 / (1 + np.exp(-x)), "Yes", "No")
    folder.mkdir()
    pl.DataFrame({"x": x, "y": y}).write_csv(folder / "rows.csv")
    (folder / "mainstay.toml").write_text(f'[data]\nsource = "rows.csv"\ntarget = "y"\npositive = "Yes"\n{line}\n')
    (folder / "contract.toml").write_text('[x]\ntype = "number"\n\n[y]\ntype = "text"\nrole = "target"\n')
    return folder


@pytest.mark.parametrize(("line", "positive", "negative"), [
    ("prior = 0.02", 1.0, None),
    ("sampled = { No = 0.1 }", 1.0, 10.0),
    ("sampled = { Yes = 0.5, No = 0.1 }", 2.0, 10.0),
])  # fmt: skip
def test_the_project_file_says_what_was_sampled(
    tmp_path: Path, line: str, positive: float, negative: float | None
) -> None:
    folder = project(tmp_path / "it", line)
    prior = take_snapshot(open_project(folder), load_contract(folder / "contract.toml")).prior
    assert prior is not None
    assert prior.positive == positive
    if negative is None:
        assert prior.share == 0.02
        assert prior.negative == pytest.approx((0.98 / (1 - prior.seen)) / (0.02 / prior.seen))
    else:
        assert prior.negative == negative
        assert prior.share == pytest.approx(
            prior.seen * positive / (prior.seen * positive + (1 - prior.seen) * negative)
        )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prior = 0", r"line 5: \[data\] prior is 0"),
        ("prior = 0.1\nsampled = { No = 0.1 }", "prior says the same as sampled"),
        ("sampled = { no = 0.1 }", r"sampled names 'no', which 'y' never says"),
        ("sampled = { No = 1.5 }", r"\[data\] sampled holds .*1.5.*at most 1"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    folder = project(tmp_path / "it", line)
    with pytest.raises(ProjectError, match=said):
        take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))
