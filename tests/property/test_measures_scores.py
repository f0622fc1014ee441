"""Laws of the measures, for any data."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainstay.measures import scores as of
from mainstay.measures.intervals import wilson
from mainstay.measures.money import Stakes, gains
from mainstay.measures.thresholds import best_threshold

PROBABILITIES = st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.3, 0.5, 0.501, 0.75, 0.9, 1.0])


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 40))
    truth = draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    return truth, draw(arrays(np.float64, n, elements=PROBABILITIES))


@given(judged())
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: tuple[np.ndarray, np.ndarray]) -> None:
    truth, scores = rows
    ups, downs = scores[truth == 1], scores[truth == 0]
    found = of.roc_auc(truth, scores)
    if not ups.size or not downs.size:
        assert np.isnan(found)
        return
    pairs = (ups[:, None] > downs).mean() + 0.5 * (ups[:, None] == downs).mean()
    assert abs(found - pairs) < 1e-12
    assert abs(of.roc_auc(truth, np.exp(3 * scores)) - found) < 1e-12
    assert abs(of.roc_auc(1 - truth, scores) - (1 - found)) < 1e-12
    assert abs(of.roc_auc_influences(truth, scores).mean()) < 1e-9


@given(judged(), st.integers(2, 5))
def test_copies_of_all_rows_change_no_measure(rows: tuple[np.ndarray, np.ndarray], times: int) -> None:
    truth, scores = rows
    many = np.tile(truth, times), np.tile(scores, times)
    for measure in (of.log_loss, of.brier, of.roc_auc, of.average_precision, of.rmse, of.mae, of.r2):
        assert np.isclose(measure(*many), measure(truth, scores), equal_nan=True)


@given(judged(), st.integers(0, 2**31))
def test_weights_count_rows(rows: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    truth, scores = rows
    weights = np.random.default_rng(seed).integers(0, 4, (3, truth.size))
    found = of.average_precisions(truth, scores, weights.astype(np.float64))
    for row, value in zip(weights, found, strict=True):
        again = np.repeat(np.arange(truth.size), row)
        known = of.average_precision(truth[again], scores[again]) if again.size else np.nan
        assert np.isclose(value, known, equal_nan=True)


@given(judged(), st.floats(0.5, 100), st.floats(-100, -0.5))
def test_no_threshold_gains_more_than_the_best(rows: tuple[np.ndarray, np.ndarray], hit: float, miss: float) -> None:
    truth, scores = rows
    stake = Stakes(hit, miss)
    best, gained = best_threshold(truth, scores, stake)
    assert np.isclose(gains(truth > 0.5, scores >= best, stake).mean(), gained)
    for other in (0.0, 0.2, 0.5, 0.8, np.inf):
        assert gains(truth > 0.5, scores >= other, stake).mean() <= gained + 1e-9


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_holds_the_share_and_stays_possible(n: int, share: float) -> None:
    hits = round(share * n) / n
    found = wilson(hits, n)
    assert 0 <= found.low <= hits <= found.high <= 1
    assert found.low < found.high
