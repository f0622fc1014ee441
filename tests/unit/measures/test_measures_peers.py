"""Scores against scikit-learn, which is a peer here and no dependency of the room."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from mainstay.measures import scores as of


@pytest.fixture(params=[0, 1, 2])
def judged(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Make truth and scores, with many ties in one case out of three."""
    rng = np.random.default_rng(request.param)
    p = rng.beta(1.5, 3, 700)
    truth = (rng.random(700) < p).astype(np.float64)
    return truth, np.round(p, 1) if request.param == 2 else p


def test_probabilities_score_as_in_scikit_learn(judged: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = judged
    assert of.roc_auc(truth, scores) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert of.average_precision(truth, scores) == pytest.approx(metrics.average_precision_score(truth, scores))
    assert of.brier(truth, scores) == pytest.approx(metrics.brier_score_loss(truth, scores))
    inside = np.clip(scores, 1e-9, 1 - 1e-9)
    assert of.log_loss(truth, inside) == pytest.approx(metrics.log_loss(truth, inside), rel=1e-6)


def test_amounts_score_as_in_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    truth = rng.gamma(2, 50, 400)
    scores = truth + rng.normal(0, 20, 400)
    assert of.rmse(truth, scores) == pytest.approx(metrics.root_mean_squared_error(truth, scores))
    assert of.mae(truth, scores) == pytest.approx(metrics.mean_absolute_error(truth, scores))
    assert of.r2(truth, scores) == pytest.approx(metrics.r2_score(truth, scores))


def test_one_class_has_no_ranking_and_no_traceback() -> None:
    ones, scores = np.ones(5), np.linspace(0.1, 0.9, 5)
    assert np.isnan(of.roc_auc(ones, scores))
    assert np.isnan(of.roc_auc(np.zeros(5), scores))
    assert np.isnan(of.average_precision(np.zeros(5), scores))
    assert not of.roc_auc_influences(ones, scores).any()


def test_a_constant_target_has_no_r2() -> None:
    assert np.isnan(of.r2(np.full(9, 4.0), np.arange(9.0)))


def test_one_certain_mistake_costs_much_but_not_infinity() -> None:
    assert of.log_loss(np.array([1.0, 0.0]), np.array([0.0, 0.0])) == pytest.approx(-np.log(of.SMALLEST) / 2)


@pytest.mark.parametrize(
    ("number", "influences"),
    [(of.roc_auc, of.roc_auc_influences), (of.rmse, of.rmse_influences), (of.r2, of.r2_influences)],
)
def test_influences_say_what_happens_when_a_row_counts_a_little_more(number: object, influences: object) -> None:
    rng = np.random.default_rng(4)
    scores = rng.random(60)
    truth = (rng.random(60) < scores).astype(np.float64)
    found = influences(truth, scores)  # type: ignore[operator]
    assert found.mean() == pytest.approx(0, abs=1e-12)
    copies = 200
    for row in (0, 17, 42):
        more = np.append(np.tile(np.arange(60), copies), row)
        moved = number(truth[more], scores[more]) - number(truth, scores)  # type: ignore[operator]
        assert moved * more.size == pytest.approx(found[row], rel=0.03, abs=0.01)


def test_calibration_gaps_keep_equal_scores_together() -> None:
    scores = np.repeat([0.1, 0.9], [90, 10])
    truth = np.zeros(100)
    share, gap, _ = of.calibration_gaps(truth, scores)
    assert share.tolist() == [0.9, 0.1]
    assert gap.tolist() == pytest.approx([-0.1, -0.9])
    assert of.calibration_error(truth, scores) == pytest.approx(0.18)
