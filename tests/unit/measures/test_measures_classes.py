"""Measures of several classes: the field's values, influences that are right, intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from mainstay.measures import classes
from mainstay.measures.catalogue import MEASURES, find_measure, measure_of, measures_of
from mainstay.measures.measure import Measure, Setting

LABELS = 4
NAMES = [measure.name for measure in measures_of("multiclass")]
ADD_UP = [name for name in NAMES if name != "ece"]


def world(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels from the very probabilities that are said: some sure, some not, one label rare."""
    sums = rng.normal(size=(n, LABELS)) * 1.5 + np.array([0.8, 0.3, 0.0, -1.2])
    scores = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    truth = (rng.random(n)[:, None] > np.cumsum(scores, axis=1)).sum(axis=1).clip(0, LABELS - 1)
    return truth.astype(np.float64), scores


def named(name: str) -> Measure:
    found = measure_of(name, "multiclass")
    assert found is not None
    return found


def test_values_are_those_of_scikit_learn() -> None:
    truth, scores = world(np.random.default_rng(1), 800)
    said = scores.argmax(axis=1)
    values = {name: named(name).value(truth, scores, 0.5) for name in NAMES}
    assert values["log_loss"] == pytest.approx(metrics.log_loss(truth, scores))
    assert values["accuracy"] == pytest.approx(metrics.accuracy_score(truth, said))
    assert values["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, said))
    assert values["macro_f1"] == pytest.approx(metrics.f1_score(truth, said, average="macro"))
    assert values["macro_roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, scores, multi_class="ovr"))
    assert values["brier"] == pytest.approx(((scores - np.eye(LABELS)[truth.astype(int)]) ** 2).sum(axis=1).mean())
    counts = classes.confusion(truth, said, LABELS)
    assert counts.tolist() == metrics.confusion_matrix(truth, said).tolist()


@pytest.mark.parametrize("name", ADD_UP)
def test_influences_are_what_leaving_a_row_out_changes(name: str) -> None:
    truth, scores = world(np.random.default_rng(2), 300)
    measure = named(name)
    influences = measure.influences(truth, scores, 0.5)
    assert np.mean(influences) == pytest.approx(0, abs=1e-9)
    whole, n = measure.value(truth, scores, 0.5), truth.size
    jackknife = [
        (n - 1) * (whole - measure.value(np.delete(truth, k), np.delete(scores, k, axis=0), 0.5)) for k in range(n)
    ]
    assert np.corrcoef(influences, jackknife)[0, 1] > 0.99
    assert np.std(influences) == pytest.approx(np.std(jackknife), rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_label_that_does_not_occur_is_left_out_of_the_mean(name: str) -> None:
    truth, scores = world(np.random.default_rng(3), 200)
    few = truth != 2
    found = named(name).estimate(truth[few], scores[few])
    assert math.isfinite(found.value)
    assert found.interval is not None


@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_measure_is_no_number_and_no_crash(name: str) -> None:
    found = named(name).estimate(np.empty(0), np.empty((0, LABELS)))
    assert math.isnan(found.value)
    assert found.interval is None


@pytest.mark.parametrize("name", ADD_UP)
def test_the_advantage_is_paired_and_has_the_sign_of_better(name: str) -> None:
    truth, good = world(np.random.default_rng(4), 600)
    bad = np.random.default_rng(5).dirichlet(np.ones(LABELS), 600)
    ahead = named(name).advantage(truth, (good, 0.5), (bad, 0.5))
    assert ahead.value > 0
    assert ahead.interval is not None
    assert ahead.interval.low > 0
    assert named(name).advantage(truth, (bad, 0.5), (good, 0.5)).value == pytest.approx(-ahead.value)
    assert named(name).advantage(truth, (good, 0.5), (good, 0.5)).value == 0


def test_perfect_answers_are_one_and_their_interval_admits_that_rows_are_few() -> None:
    truth = np.repeat(np.arange(3.0), 10)
    for name in ("balanced_accuracy", "macro_f1", "macro_roc_auc", "accuracy"):
        found = named(name).estimate(truth, np.eye(3)[truth.astype(int)])
        assert found.value == 1
        assert found.interval is not None
        assert found.interval.low < 0.9


def test_scores_that_mean_what_they_say_are_calibrated_and_bolder_ones_are_not() -> None:
    truth, scores = world(np.random.default_rng(6), 4000)
    bold = scores**3 / (scores**3).sum(axis=1, keepdims=True)
    calm, loud = (named("ece").estimate(truth, said) for said in (scores, bold))
    assert calm.interval is not None
    assert loud.interval is not None
    assert calm.interval.low == 0
    assert loud.interval.low > 0.1


def test_one_name_measures_each_kind_its_own_way() -> None:
    assert find_measure("log_loss", "multiclass") is not find_measure("log_loss", "binary")
    assert MEASURES["log_loss"].kind == "binary"
    assert measure_of("rmse", "multiclass") is None


def coverage(name: str, runs: int, n: int, seed: int) -> float:
    measure, rng = named(name), np.random.default_rng(seed)
    truth, scores = world(np.random.default_rng(99), 400_000)
    truly = measure.value(truth, scores, 0.5)
    covered = 0
    for run in range(runs):
        found = measure.estimate(*world(rng, n), Setting(seed=run))
        covered += found.interval is not None and found.interval.low <= truly <= found.interval.high
    return covered / runs


@pytest.mark.parametrize("name", ADD_UP)
def test_intervals_cover_the_truth(name: str) -> None:
    assert coverage(name, 200, 500, 7) >= 0.91


@pytest.mark.full
@pytest.mark.parametrize("name", ADD_UP)
def test_intervals_cover_as_often_as_they_say(name: str) -> None:
    assert coverage(name, 1000, 800, 8) == pytest.approx(0.95, abs=0.02)


@pytest.mark.full
def test_the_interval_of_calibrated_scores_reaches_zero_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    lows = [named("ece").estimate(*world(rng, 800), Setting(seed=run)).interval for run in range(400)]
    assert np.mean([low is not None and low.low == 0 for low in lows]) >= 0.95
