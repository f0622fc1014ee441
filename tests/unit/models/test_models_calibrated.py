"""Curves over scores: monotone, exact at the prior, the same for one row and many, and for several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.errors import CorruptError
from mainstay.models import load_model, save_model
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps, calibrated, innermost
from mainstay.models.frameworks.constant import ConstantModel

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ThreeClasses:
    """Three classes whose probabilities are the row itself."""

    framework: str = "constant"

    def scores(self, X: np.ndarray) -> np.ndarray:
        return X

    def score_one(self, row: np.ndarray) -> np.ndarray:
        return row


def test_a_prior_is_corrected_exactly() -> None:
    """A model learned where 1 in 2 is positive, in a world where 1 in 100 is: Bayes' rule, by hand."""
    likelihood = np.array([0.2, 1.0, 5.0])
    sampled, true = likelihood / (1 + likelihood), likelihood * 0.01 / (likelihood * 0.01 + 0.99)
    odds = (0.01 / 0.99) / (0.5 / 0.5)
    assert Line(1.0, (float(np.log(odds)),)).bend(sampled) == pytest.approx(true)


def test_curves_keep_the_order_and_stay_between_0_and_1() -> None:
    scores = np.linspace(0, 1, 1001)
    for curve in (
        Line(0.3, (2.0,)),
        Line(3.0, (-9.0,)),
        Steps((0.2, 0.5, 0.7), (0.0, 0.1, 1.0)),
        Steps((0.4,), (0.3,)),
    ):
        bent = curve.bend(scores)
        assert (np.diff(bent) >= 0).all()
        assert ((bent >= 0) & (bent <= 1)).all()


def test_several_classes_sum_to_one_and_one_row_has_the_bits_of_many() -> None:
    X = np.random.default_rng(0).dirichlet((1, 2, 3), 200)
    X[0] = (0.0, 0.0, 1.0)
    model = CalibratedModel(ThreeClasses(), (Line(0.7, (0.1, -0.4, 0.0)),))  # type: ignore[arg-type]
    scores = model.scores(X)
    assert scores.shape == (200, 3)
    assert scores.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(np.stack([np.asarray(model.score_one(row)) for row in X]), scores)


def test_wrapping_twice_is_one_wrap_and_what_is_inside_is_found() -> None:
    inner = ConstantModel(0.5)
    twice = calibrated(calibrated(inner, Line(1.0, (1.0,))), Line(1.0, (-1.0,)))
    assert twice.inner is inner
    assert innermost(twice) is innermost(inner) is inner
    assert twice.score_one(np.empty(0)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "curve", [Line(1.0, ()), Steps((), ()), Steps((0.2, 0.2), (0.0, 1.0)), Steps((0.2,), (0.1, 0.2))]
)
def test_a_curve_that_is_none_is_refused(curve: Line | Steps, tmp_path: Path) -> None:
    save_model(CalibratedModel(ConstantModel(0.5), (curve,)), tmp_path)
    with pytest.raises(CorruptError, match="is damaged: a curve"):
        load_model(tmp_path)


def test_a_wrapper_without_its_model_is_damaged(tmp_path: Path) -> None:
    save_model(CalibratedModel(ConstantModel(0.5), ()), tmp_path)
    (tmp_path / "inner" / "model.json").unlink()
    with pytest.raises(CorruptError, match="it isn't there"):
        load_model(tmp_path)
