"""Estimators made elsewhere become models that answer as they did; those that can't are told why, with the cure."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from mainstay.contract import Boolean, Category, Contract, Number
from mainstay.contract.table import check_table, encode_table
from mainstay.errors import InputError, ProjectError, TrustError
from mainstay.models import Task, load_model, save_model
from mainstay.models.adopting import adopt, demand_sound
from mainstay.models.columns import Columns
from mainstay.models.features import FeatureCode
from mainstay.models.frameworks.heuristic import read_rules
from mainstay.models.frameworks.sklearn import SklearnModel, pickled, savable
from mainstay.models.trust import brought_by

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models import Model

CONTRACT = Contract(
    (
        Number(name="age"),
        Category(name="plan", values=("full", "basic", "gone")),
        Category(name="zone", values=("3", "1", "2")),
        Boolean(name="paid", true="Yes", false="No"),
    )
)
CHURN = Task(kind="binary", target="churn", positive="Yes", negative="No")
ONES = Task(kind="binary", target="churn", positive="1", negative="0")
AMOUNT = Task(kind="regression", target="amount")


@pytest.fixture(scope="module")
def notebook() -> pd.DataFrame:
    """Make the frame as a notebook holds it, its labels in another order than the contract's."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "age": rng.normal(50, 10, 200),
            "plan": rng.choice(["basic", "full", "gone"], 200),
            "zone": rng.choice([1, 2, 3], 200),
            "paid": rng.choice(["Yes", "No"], 200),
        }
    )


@pytest.fixture(scope="module")
def churned(notebook: pd.DataFrame) -> np.ndarray:
    said = notebook["age"] / 10 + 2 * (notebook["plan"] == "basic") - (notebook["zone"] == 2) > 5.4
    return np.where(said, "Yes", "No")


@pytest.fixture(scope="module")
def encoded(notebook: pd.DataFrame) -> np.ndarray:
    import polars as pl  # noqa: PLC0415 - the one place that needs it

    good = check_table(CONTRACT, pl.DataFrame(notebook.to_dict("list"))).good
    assert good.height == len(notebook)
    return encode_table(CONTRACT, good)


@pytest.fixture(scope="module")
def columns(notebook: pd.DataFrame) -> Columns:
    return Columns.of(CONTRACT).like(notebook)


def one_hot(estimator: Any) -> Any:
    return make_pipeline(
        make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["plan", "zone", "paid"])), estimator
    )


def test_a_pipeline_answers_as_in_the_notebook(
    notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns
) -> None:
    estimator = one_hot(LogisticRegression()).fit(notebook, churned)
    model = adopt(estimator, columns, CHURN)
    demand_sound(model, encoded, CHURN)
    np.testing.assert_allclose(model.scores(encoded), estimator.predict_proba(notebook)[:, 1], rtol=1e-12)
    other = adopt(estimator, columns, Task(kind="binary", target="churn", positive="No", negative="Yes"))
    np.testing.assert_allclose(other.scores(encoded), estimator.predict_proba(notebook)[:, 0], rtol=1e-12)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost", "catboost"])
def test_trees_answer_as_in_the_notebook(
    library: str, notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns
) -> None:
    kinds = {"plan": "category", "zone": "category", "paid": "category"}
    frame = notebook.astype(kinds)[["zone", "paid", "age", "plan"]]
    yes = (churned == "Yes").astype(int)
    estimator: Any
    if library == "lightgbm":
        import lightgbm  # noqa: PLC0415 - one of three

        estimator = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1, min_child_samples=5).fit(frame, yes)
    elif library == "xgboost":
        import xgboost  # noqa: PLC0415 - one of three

        estimator = xgboost.XGBClassifier(n_estimators=20, enable_categorical=True).fit(frame, yes)
    else:
        import catboost  # noqa: PLC0415 - one of three

        frame = frame.astype({"zone": str, "paid": str, "plan": str})
        made = catboost.CatBoostClassifier(
            iterations=20, cat_features=["plan", "zone", "paid"], verbose=0, allow_writing_files=False
        )
        estimator = made.fit(frame, yes)
    model = adopt(estimator, columns, ONES)
    demand_sound(model, encoded, ONES)
    np.testing.assert_allclose(model.scores(encoded), estimator.predict_proba(frame)[:, 1], rtol=1e-6)
    booster = {"lightgbm": "booster_", "xgboost": "_Booster"}.get(library)
    if booster:
        bare = adopt(getattr(estimator, booster), columns, ONES)
        assert bare.scores(encoded).tolist() == model.scores(encoded).tolist()


def test_a_category_no_tree_could_split_on_does_not_move_the_labels_of_the_others(
    notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns
) -> None:
    import lightgbm  # noqa: PLC0415 - only here

    usual = pd.Categorical(["basic"] * len(notebook), ["full", "basic"])
    frame = notebook.assign(plan=usual, zone=notebook["zone"].astype("category"))[["plan", "zone", "age"]]
    estimator = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1).fit(frame, (churned == "Yes").astype(int))
    assert "feature_infos=none" in estimator.booster_.model_to_string()
    assert estimator.feature_importances_[1] > 0
    said = np.asarray(estimator.predict_proba(frame))[:, 1]
    np.testing.assert_allclose(adopt(estimator, columns, ONES).scores(encoded), said, rtol=1e-12)


def test_a_class_that_only_this_script_knows_cannot_be_saved_safely(
    notebook: pd.DataFrame, churned: np.ndarray, columns: Columns, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = sys.modules["__main__"]
    kind = type("Mine", (LogisticRegression,), {"__module__": "__main__"})
    monkeypatch.setattr(main, "Mine", kind, raising=False)
    estimator = kind().fit(notebook[["age"]], (churned == "Yes").astype(int))
    model = adopt(estimator, columns, ONES)
    with pytest.raises(InputError, match=r"can't be saved safely: __main__\.Mine is defined in this notebook"):
        savable(model, allow_pickle=False)
    kept = savable(model, allow_pickle=True)
    assert isinstance(kept, SklearnModel)
    assert kept.header.form == "pickle"


def test_a_label_the_trees_never_saw_is_missing_to_them(
    notebook: pd.DataFrame, churned: np.ndarray, columns: Columns
) -> None:
    import lightgbm  # noqa: PLC0415 - only here

    frame = notebook.astype({"plan": "category", "zone": "category", "paid": "category"})
    estimator = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1).fit(frame, churned == "Yes")
    model = adopt(estimator, columns, Task(kind="binary", target="churn", positive="true", negative="false"))
    unknown, gone = np.array([50.0, 3.0, 0.0, 1.0]), np.array([50.0, np.nan, 0.0, 1.0])
    assert model.score_one(unknown) == model.score_one(gone)


class Strange(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Answers what it is told to."""

    def __init__(self, said: Any = None) -> None:
        self.said = said

    def fit(self, X: Any, y: Any) -> Strange:
        self.classes_ = np.unique(y)
        self.feature_names_in_ = np.asarray(X.columns)
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.said(len(X))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (lambda n: np.full((n, 3), 1 / 3), r"array of shape \(200, 3\)"),
        (lambda _: np.full((7, 2), 0.5), r"array of shape \(7, 2\)"),
        (lambda n: np.full((n, 2), np.nan), "no numbers .* in 200 of 200 rows"),
        (lambda n: np.full((n, 2), 0.2), "don't sum to one in 200 of 200 rows"),
        (lambda n: np.column_stack([np.full(n, 3.0), np.full(n, -2.0)]), "beyond 0 and 1"),
        (lambda n: np.column_stack([np.linspace(0, 1, n), 1 - np.linspace(0, 1, n)]), "by itself otherwise"),
        (lambda n: np.ones((n, 2)) / 0 if n else 0, "no numbers|fails on rows"),
    ],
)
def test_answers_that_are_none_are_a_sentence(
    said: Any, sentence: str, notebook: pd.DataFrame, encoded: np.ndarray, columns: Columns
) -> None:
    model = adopt(Strange(said).fit(notebook, notebook["paid"]), columns, CHURN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match=sentence):
            demand_sound(model, encoded, CHURN)


def test_one_column_of_probabilities_is_the_probability_of_yes(
    notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns
) -> None:
    model = adopt(Strange(lambda n: np.full(n, 0.3)).fit(notebook, churned), columns, CHURN)
    demand_sound(model, encoded, CHURN)
    assert model.score_one(encoded[0]) == 0.3


def test_what_cannot_be_a_model_is_told_why(notebook: pd.DataFrame, churned: np.ndarray, columns: Columns) -> None:
    said = (churned == "Yes").astype(float)
    cases = [
        (LogisticRegression(), CHURN, "isn't fitted"),
        (one_hot(RidgeClassifier()).fit(notebook, churned), CHURN, "no probabilities.*CalibratedClassifierCV"),
        (one_hot(LinearRegression()).fit(notebook, said), CHURN, "predicts amounts, not labels"),
        (one_hot(LogisticRegression()).fit(notebook, churned), AMOUNT, "tells labels apart"),
        (one_hot(LogisticRegression()).fit(notebook, np.where(said, "left", "stayed")), CHURN, "labels 'left'"),
        (LogisticRegression().fit(notebook[["age"]], churned), CHURN, None),
        (LogisticRegression().fit(notebook[["age"]].rename(columns={"age": "ages"}), churned), CHURN, "Is it 'age'"),
        (LogisticRegression().fit(notebook[["age"]].to_numpy(), churned), CHURN, "takes 1 columns"),
        (LogisticRegression().fit(np.ones((200, 4)), churned), CHURN, "nobody knows how they were numbered"),
    ]
    for estimator, task, sentence in cases:
        if sentence is None:
            adopt(estimator, columns, task)
            continue
        with pytest.raises(InputError, match=sentence):
            adopt(estimator, columns, task)


def test_an_estimator_that_cannot_be_saved_safely_is_told_so_and_may_be_pickled_by_hand(
    notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns, tmp_path: Path
) -> None:
    estimator = make_pipeline(FunctionTransformer(lambda frame: frame[["age"]].to_numpy()), LogisticRegression()).fit(
        notebook, churned
    )
    model = adopt(estimator, columns, CHURN)
    with pytest.raises(InputError, match=r"can't be saved safely.*allow_pickle=True"):
        save_model(model, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert isinstance(model, SklearnModel)
    allowed = pickled(model)
    save_model(allowed, tmp_path)
    (brought,) = brought_by(allowed)
    with pytest.raises(TrustError, match=rf"a pickle, sha256 {brought.key}.*not run"):
        load_model(tmp_path)
    again = load_model(tmp_path, lambda: frozenset({brought.key}))
    assert again.scores(encoded).tolist() == model.scores(encoded).tolist()


def test_a_type_that_nobody_trusts_is_not_built(
    notebook: pd.DataFrame, churned: np.ndarray, encoded: np.ndarray, columns: Columns, tmp_path: Path
) -> None:
    model = adopt(one_hot(RandomForestClassifier(3)).fit(notebook, churned), columns, CHURN)
    save_model(model, tmp_path)
    assert [one.key for one in brought_by(model)] == ["sklearn.tree._tree.Tree"]
    with pytest.raises(TrustError, match=r"sklearn\.tree\._tree\.Tree, which isn't trusted here and was not built"):
        load_model(tmp_path)
    again = load_model(tmp_path, lambda: frozenset({"sklearn.tree._tree.Tree"}))
    assert again.scores(encoded).tolist() == model.scores(encoded).tolist()


def by_age(columns: Any) -> Any:
    """Give a rule of thumb, as somebody would write it into a notebook."""
    import numpy  # noqa: ICN001, PLC0415 - inside, so that it stands by itself

    return numpy.where(columns["age"] > 50, 0.8, 0.2)


def by_frame(frame: pd.DataFrame) -> Any:
    return (frame["age"] > 50) * 0.6 + 0.2


def uses_what_is_outside(columns: Any) -> Any:
    return np.asarray(columns["age"] > 50, dtype=float)


def test_a_function_is_a_model_by_its_own_text(encoded: np.ndarray, columns: Columns, tmp_path: Path) -> None:
    model = adopt(by_age, columns, CHURN)
    demand_sound(model, encoded, CHURN)
    assert set(model.scores(encoded).tolist()) == {0.2, 0.8}
    save_model(model, tmp_path)
    with pytest.raises(TrustError, match=r"predict\.py, sha256"):
        load_model(tmp_path)
    keys = frozenset(one.key for one in brought_by(model))
    assert load_model(tmp_path, lambda: keys).scores(encoded).tolist() == model.scores(encoded).tolist()


def test_a_function_that_needs_more_than_its_text_is_told_so(columns: Columns) -> None:
    with pytest.raises(InputError, match="uses np, which it doesn't bring along"):
        adopt(uses_what_is_outside, columns, CHURN)
    with pytest.raises(InputError, match="A lambda"):
        adopt(lambda columns: columns, columns, CHURN)


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [
        ("def predict(columns):\n    return columns['age'] * 1e9", InputError, "beyond 0 and 1"),
        ("def predict(columns):\n    return None", InputError, r"answers nothing \(None\)"),
        ("def predict(columns):\n    return columns['agee']", InputError, r"predict\.py, line 2: KeyError"),
        ("def predict(frame: 'pandas.DataFrame'):\n    return frame.age > 50", InputError, None),
        ("def forecast(columns):\n    return 1", ProjectError, r"has no function 'predict'\. Write def predict"),
        ("def predict(columns)\n", ProjectError, r"predict\.py, line 1"),
        ("import nowhere_at_all", ProjectError, r"predict\.py, line 1: ModuleNotFoundError"),
    ],
)
def test_faults_of_a_file_with_a_function_are_sentences(
    code: str, error: type[Exception], sentence: str | None, encoded: np.ndarray, columns: Columns
) -> None:
    def take() -> Model:
        model = adopt(FeatureCode(code.encode(), "predict.py"), columns, CHURN)
        demand_sound(model, encoded, CHURN)
        return model

    if sentence is None:
        assert set(take().scores(encoded).tolist()) == {0.0, 1.0}
        return
    with pytest.raises(error, match=sentence):
        take()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "otherwise"),
        ("otherwise = ", "can't be read"),
        ("otherwise = 0.1\nrules = 3", "rules"),
        ("otherwise = 1.5", "otherwise: the score is 1.5.*probability of 'Yes'"),
        ("otherwise = 0.1\n[[rule]]\nwhen = 'ages > 3'\nscore = 0.5", "rule 1: .*no 'ages'.*Did you mean 'age'"),
        ("otherwise = 0.1\n[[rule]]\nwhen = 'age'\nscore = 0.5", "rule 1: 'age' is neither true nor false"),
        ("otherwise = 0.1\n[[rule]]\nwhen = 'plan > 3'\nscore = 0.5", "rule 1: .*can't be compared"),
        ("otherwise = 0.1\n[[rule]]\nwhen = 'paid'\nscore = 'plan'", "rule 1: the score is 'plan'"),
        ("otherwise = 0.1\n[[rule]]\nwhen = '__import__(1)'\nscore = 0.5", "rule 1"),
    ],
)
def test_faults_of_rules_are_sentences(text: str, sentence: str, columns: Columns) -> None:
    with pytest.raises(ProjectError, match=sentence):
        read_rules(text.encode(), columns, CHURN)


def test_rules_for_amounts_may_calculate(columns: Columns) -> None:
    text = "otherwise = 7.0\n[[rule]]\nwhen = 'paid and age > 0'\nscore = '12 * age / (age - 30)'"
    model = read_rules(text.encode(), columns, AMOUNT)
    assert model.score_one(np.array([40.0, 0.0, 0.0, 1.0])) == 48.0
    assert model.score_one(np.array([30.0, 0.0, 0.0, 1.0])) == 7.0  # infinite is no amount
    assert model.score_one(np.array([40.0, 0.0, 0.0, 0.0])) == 7.0
