"""Candidates beside the default ones: forests, other boosted trees, one's own estimator, rules, foreign models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.errors import InputError
from mainstay.measures.money import Money
from mainstay.models import load_model, save_model
from mainstay.models.columns import Columns
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.heuristic import read_rules
from mainstay.models.trust import brought_by
from mainstay.training import TrainingSettings, train
from mainstay.training.recipes.as_it_is import take_as_it_is
from mainstay.training.recipes.estimator import cloned, fit_estimator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.models.candidate import Training
    from mainstay.training.lesson import Recipe

QUICK: dict[str, Any] = {"folds": 2, "studies": False, "calibrate": False}


def trained(snapshot: Snapshot, *names: str, **own: Recipe) -> Training:
    said = {name.replace("_", "."): recipe for name, recipe in own.items()}
    return train(snapshot, TrainingSettings(candidates=names, **QUICK), Money(), own=said)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", ["decision-tree", "random-forest", "xgboost", "catboost"])
def test_a_candidate_by_name_beats_doing_nothing_and_is_saved(
    name: str, kind: str, make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot = make_snapshot(kind, 400, strength=2.0)
    training = trained(snapshot, name)
    idle, made = training.candidates
    assert (idle.name, made.name) == ("do-nothing", name)
    assert made.losses.mean() < idle.losses.mean()
    assert np.isfinite(made.fold_scores).all()
    save_model(made.model, tmp_path)
    keys = frozenset(one.key for one in brought_by(made.model))
    again = load_model(tmp_path, lambda: keys)
    assert np.array_equal(again.scores(snapshot.test.X), made.model.scores(snapshot.test.X))
    twice = trained(snapshot, name).candidates[1]
    assert np.array_equal(twice.fold_scores, made.fold_scores)


def pipeline() -> Any:
    from sklearn.compose import make_column_transformer  # noqa: PLC0415 - a second to import
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415 - as above

    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    before = make_column_transformer((numbers, ["tenure", "price"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"]))
    return make_pipeline(before, LogisticRegression())


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_an_estimator_of_ones_own_is_fitted_anew_on_each_fold(
    kind: str, make_snapshot: Callable[..., Snapshot]
) -> None:
    snapshot = make_snapshot(kind, 500, strength=2.0)
    made = []

    def make() -> Any:
        made.append(pipeline())
        return made[-1]

    columns = Columns.of(snapshot.inputs)
    training = trained(snapshot, model_py=fit_estimator(make, columns, snapshot.task))
    candidate = training.candidate("model.py")
    assert candidate is not None
    assert candidate.losses.mean() < training.candidates[0].losses.mean()
    assert len(made) == 4  # two folds, all rows, and one to be described
    assert candidate.parameters["estimator"] == "Pipeline"
    assert candidate.model.framework == "sklearn"


def test_boosted_trees_of_ones_own_see_categories(make_snapshot: Callable[..., Snapshot]) -> None:
    import lightgbm  # noqa: PLC0415 - a second to import
    import xgboost  # noqa: PLC0415 - a second to import

    snapshot = make_snapshot("binary", 500, strength=2.0)
    columns = Columns.of(snapshot.inputs)
    for estimator, framework in (
        (lightgbm.LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1), "lightgbm"),
        (xgboost.XGBClassifier(n_estimators=20, enable_categorical=True, n_jobs=1), "xgboost"),
    ):
        make = cloned(estimator)
        assert make is not None
        candidate = trained(snapshot, model_py=fit_estimator(make, columns, snapshot.task)).candidate("model.py")
        assert candidate is not None
        inner = getattr(candidate.model, "inner", candidate.model)
        assert inner.framework == framework


def test_catboost_with_its_own_categories_is_fitted_anew() -> None:
    import catboost  # noqa: PLC0415 - a second to import

    estimator = catboost.CatBoostClassifier(iterations=7, cat_features=["plan"], verbose=0)
    make = cloned(estimator)
    assert make is not None
    copy = make()
    assert copy is not estimator
    assert copy.get_params() == estimator.get_params()
    assert not copy.is_fitted()


def test_what_cannot_be_copied_is_a_sentence() -> None:
    from sklearn.base import BaseEstimator  # noqa: PLC0415 - a second to import

    class Changing(BaseEstimator):  # type: ignore[misc]
        def __init__(self, width: int = 1) -> None:
            self.width = [width]

        def fit(self, X: Any, y: Any) -> Any:
            del X, y
            return self

    with pytest.raises(InputError, match=r"Changing is a class\. Give an estimator of it: Changing\(\)\."):
        cloned(Changing)
    make = cloned(Changing())
    assert make is not None
    with pytest.raises(InputError, match=r"The Changing can't be fitted anew: Cannot clone .*holdout="):
        make()


def test_what_cannot_be_fitted_is_a_sentence(make_snapshot: Callable[..., Snapshot]) -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a second to import

    snapshot = make_snapshot("binary", 300)
    columns = Columns.of(snapshot.inputs)
    for make, sentence in (
        (LogisticRegression, r"model\.py can't be fitted on the columns of the contract: ValueError.*OneHotEncoder"),
        (dict, "gives a dict, which has no fit"),
    ):
        with pytest.raises(InputError, match=sentence):
            trained(snapshot, model_py=fit_estimator(make, columns, snapshot.task))


def test_rules_are_a_candidate_before_anything_is_learned(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot("binary", 500, strength=2.0)
    text = b"otherwise = 0.1\n[[rule]]\nwhen = \"plan == 'basic' and tenure < 10\"\nscore = 0.6\n"
    rules = read_rules(text, Columns.of(snapshot.inputs), snapshot.task)
    training = trained(
        snapshot, "linear", heuristic=take_as_it_is(rules, snapshot.task, Columns.of(snapshot.inputs), {"rules": 1})
    )
    assert [one.name for one in training.candidates] == ["do-nothing", "heuristic", "linear"]
    candidate = training.candidate("heuristic")
    assert candidate is not None
    assert candidate.model is rules
    assert set(np.unique(candidate.fold_scores)) == {0.1, 0.6}
    assert candidate.losses.mean() < training.candidates[0].losses.mean()


def test_what_is_brought_is_chosen_even_where_it_is_no_good(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot("binary", 300)
    settings = TrainingSettings(candidates=("linear",), **QUICK)
    own = {"brought": take_as_it_is(ConstantModel(0.9), snapshot.task, Columns.of(snapshot.inputs), {})}
    training = train(snapshot, settings, Money(), own=own, take="brought")
    assert training.chosen.name == "brought"
    assert training.why.startswith("brought was brought here to be this version. Worse than")


def test_a_brought_model_that_answers_nonsense_is_a_sentence(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot("binary", 300)
    columns = Columns.of(snapshot.inputs)
    with pytest.raises(InputError, match="reach beyond 0 and 1"):
        trained(snapshot, brought=take_as_it_is(ConstantModel(7.0), snapshot.task, columns, {}))
    with pytest.raises(InputError, match="no numbers"):
        trained(snapshot, brought=take_as_it_is(ConstantModel(float("nan")), snapshot.task, columns, {}))
