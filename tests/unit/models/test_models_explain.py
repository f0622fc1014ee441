"""Explanations: equal to shap's own on a real table, and what each way finds on models whose truth is known."""

from __future__ import annotations

import hashlib
import itertools
import math
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Integer, Number, Tensor, profile_rows
from mainstay.contract.table import check_table, encode_table
from mainstay.errors import InputError
from mainstay.models import Task
from mainstay.models.explain import (
    TOLERANCE,
    Additive,
    Explainer,
    Subject,
    draw_background,
    identity,
    logistic,
    players_of,
    softmax,
)
from mainstay.models.explain.additive import carried
from mainstay.models.explain.sampling import sample_parts
from mainstay.models.frameworks.arranged import ArrangedModel
from mainstay.models.frameworks.arranged import Header as Arrangement
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.catboost import CatBoostModel
from mainstay.models.frameworks.catboost import Header as CatBoostHeader
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope, Term
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.frameworks.xgboost import Header as XGBoostHeader
from mainstay.models.frameworks.xgboost import XGBoostModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHURN = Task(kind="binary", target="Churn", positive="Yes", negative="No")
SPECIES = Task(kind="multiclass", target="species", labels=("setosa", "versicolor", "virginica"))
AMOUNT = Task(kind="regression", target="rentals")
TELCO = Contract(
    (
        Integer(name="tenure", unit="months"),
        Number(name="MonthlyCharges", unit="USD"),
        Number(name="TotalCharges", missing="allow", malformed="allow"),
        Category(name="Contract", values=("Month-to-month", "One year", "Two year")),
        Category(name="InternetService", values=("DSL", "Fiber optic", "No")),
        Boolean(name="PaperlessBilling", true="Yes", false="No"),
    )
)
SMALL = Contract((Number(name="a"), Number(name="b"), Category(name="c", values=("x", "y", "z")), Boolean(name="d")))


class Homemade:
    """A model nobody knows how to take apart."""

    framework = "homemade"

    def __init__(self, function: Callable[[Floats], Floats], *, slow: float = 0.0) -> None:
        self.function, self.slow = function, slow

    def scores(self, X: Floats) -> Floats:
        time.sleep(self.slow * len(X))
        return np.asarray(self.function(X))

    def score_one(self, row: Floats) -> Any:
        return self.scores(row[None])[0]

    def save(self, folder: Path) -> None:
        del folder


def shap_package() -> Any:
    with warnings.catch_warnings():  # of the library it draws with
        warnings.simplefilter("ignore")
        import shap  # noqa: PLC0415 - slow to import
    return shap


@pytest.fixture(scope="module")
def telco(telco_csv: Path) -> tuple[Floats, Floats]:
    frame = pl.read_csv(telco_csv)
    X = encode_table(TELCO, check_table(TELCO, frame).good)
    return X, (frame["Churn"] == "Yes").to_numpy().astype(np.float64)


@pytest.fixture(scope="module")
def trees(telco: tuple[Floats, Floats]) -> Any:
    import lightgbm  # noqa: PLC0415 - slow to import

    X, y = telco
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 3}
    return lightgbm.train(options, lightgbm.Dataset(X, label=y), 40)


def small_rows(n: int = 200, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(0, 1, (n, 2)), rng.integers(0, 3, n), rng.integers(0, 2, n)]).astype(float)


def explainer(model: Any, task: Task = AMOUNT, contract: Contract = SMALL, X: Floats | None = None) -> Explainer:
    X = small_rows() if X is None else X
    return Explainer(model, contract, contract, profile_rows(contract, X), task)


def subjects(X: Floats) -> list[Subject]:
    return [Subject(row, {}) for row in X]


def shapley(score: Callable[[Floats], Floats], row: Floats, background: Floats, players: int) -> Floats:
    """Add up over every coalition, as the definition says."""
    worth = {}
    for kept in itertools.product((False, True), repeat=players):
        worth[kept] = float(score(np.where(kept, row, background)).mean())
    found = np.zeros(players)
    for kept, value in worth.items():
        size = sum(kept)
        for j in range(players):
            if not kept[j]:
                weight = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
                found[j] += weight * (worth[(*kept[:j], True, *kept[j + 1 :])] - value)
    return found


def curved(X: Floats) -> Floats:
    return np.asarray(X[:, 0] * X[:, 1] + 2 * (X[:, 2] == 1) * X[:, 3] + np.abs(X[:, 0]))


def test_trees_are_explained_as_shap_explains_them(telco: tuple[Floats, Floats], trees: Any) -> None:
    shap = shap_package()
    X = telco[0][:200]
    tree = shap.TreeExplainer(trees)
    tree.model.model_type = "shap's own recursion, which knows nothing of LightGBM's library"
    theirs = tree.shap_values(X)
    ours = explainer(LightGBMModel(trees.model_to_string()), CHURN, TELCO, X).explain(subjects(X))
    assert np.allclose([[part.part for part in one.parts] for one in ours], theirs, atol=1e-6)
    assert ours[0].base == pytest.approx(float(np.ravel(tree.expected_value)[0]), abs=1e-6)
    raw = trees.predict(X, raw_score=True)
    assert [one.score for one in ours] == pytest.approx(raw.tolist(), abs=1e-9)
    assert all(one.gap < TOLERANCE and one.exact and one.scale == "log-odds" for one in ours)


def test_linear_models_are_explained_as_shap_explains_them(telco: tuple[Floats, Floats]) -> None:
    shap = shap_package()
    X = telco[0]
    means = np.nanmean(X, axis=0)
    slopes: list[Term] = [
        Slope(means[j], slope, gone) for j, slope, gone in ((0, -0.04, 0.0), (1, 0.02, 0.1), (2, -1e-4, 0.7))
    ]
    terms: tuple[Term, ...] = (
        *slopes,
        Labels((0.6, -0.1, -0.9, 0.0)),
        Labels((-0.2, 0.8, -0.6, 0.3)),
        Slope(means[5], 0.35),
    )
    model = LinearModel(-1.2, terms, logistic=True)
    columns: list[Floats] = []
    weights: list[float] = []
    owners: list[int] = []
    for j, term in enumerate(terms):
        gone = np.isnan(X[:, j])
        if isinstance(term, Slope):
            columns += [np.where(gone, 0.0, X[:, j] - term.mean), gone.astype(float)]
            weights += [term.slope, term.missing]
        else:
            columns += [(X[:, j] == code).astype(float) for code in range(len(term.terms))]
            weights += term.terms
        owners += [j] * (len(columns) - len(owners))
    design = np.column_stack(columns)
    masker = shap.maskers.Independent(design, max_samples=len(design))
    theirs = shap.LinearExplainer((np.array(weights), model.intercept), masker).shap_values(design[:100])
    gathered = np.stack([theirs[:, np.array(owners) == j].sum(axis=1) for j in range(len(terms))], axis=1)
    ours = explainer(model, CHURN, TELCO, X).explain(subjects(X[:100]))
    assert np.allclose([[part.part for part in one.parts] for one in ours], gathered, atol=1e-9)
    assert all(one.gap < TOLERANCE and one.exact for one in ours)


def test_single_rows_and_tables_are_taken_apart_alike_and_don_t_disturb_scoring(
    telco: tuple[Floats, Floats], trees: Any
) -> None:
    X = telco[0][:30]
    model = LightGBMModel(trees.model_to_string(), {0: 32.0})
    many = model.attributions(X)
    assert many is not None
    for place, row in enumerate(X):
        before = model.score_one(row)
        one = model.attributions(row[None])
        assert one is not None
        assert np.allclose(one.parts[0], many.parts[place], rtol=1e-9, atol=1e-12)
        assert model.score_one(row) == before


@pytest.mark.parametrize("objective", ["regression", "poisson", "huber", "quantile"])
def test_amounts_of_any_objective_add_up(objective: str) -> None:
    import lightgbm  # noqa: PLC0415 - slow to import

    X = small_rows()
    data = lightgbm.Dataset(X, label=np.abs(curved(X)))
    options = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    model = LightGBMModel(lightgbm.train(options, data, 20).model_to_string())
    found = explainer(model).explain(subjects(X[:20]))
    assert all(one.method == "exact" and one.scale == "amount" and one.gap < TOLERANCE for one in found)
    assert [one.score for one in found] == pytest.approx(model.scores(X[:20]).tolist())


def test_sums_that_don_t_lead_to_the_score_are_not_believed() -> None:
    """An objective whose link is another than it says is found out, and sampled instead."""

    class Liar(Homemade):
        def attributions(self, X: Floats, profile: object = None) -> Additive:
            del profile
            return Additive(np.zeros(1), np.ones((*X.shape, 1)), identity)

    one = explainer(Liar(curved))
    assert not one.exact
    assert one.explain(subjects(small_rows(1)))[0].method == "sampling"
    with pytest.raises(InputError, match="can't be explained exactly"):
        one.explain(subjects(small_rows(1)), method="exact")


def test_platt_keeps_log_odds_and_isotonic_shares_the_probability_out() -> None:
    inner = LinearModel(
        0.2, (Slope(0, 1.0), Slope(0, -0.5), Labels((0.0, 1.0, -1.0, 0.0)), Slope(0.5, 2.0)), logistic=True
    )
    X = small_rows(50)
    plain = explainer(inner, CHURN).explain(subjects(X))
    platt = explainer(CalibratedModel(inner, (Line(0.5, (-1.0,)),)), CHURN).explain(subjects(X))
    steps = CalibratedModel(inner, (Steps((0.1, 0.5, 0.9), (0.02, 0.3, 0.95)),))
    curved_up = explainer(steps, CHURN).explain(subjects(X))
    for before, line, bent, score in zip(plain, platt, curved_up, steps.scores(X), strict=True):
        assert line.scale == "log-odds"
        assert [part.part for part in line.parts] == pytest.approx([part.part / 2 for part in before.parts])
        assert bent.scale == "probability"
        assert bent.score == score
        assert bent.gap < TOLERANCE
        if abs(score - bent.typical) > 1e-3:  # the curve keeps the proportions of the parts
            assert bent.parts[0].part * before.parts[3].part == pytest.approx(bent.parts[3].part * before.parts[0].part)


def test_carrying_through_a_softmax_adds_up_and_a_far_class_gets_little() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        base, parts = rng.normal(0, 2, 4), rng.normal(0, 3, (6, 4))
        typical, effects = carried(base, parts, softmax, 2)
        assert typical + effects.sum() == pytest.approx(softmax(base + parts.sum(axis=0))[2], abs=1e-12)
    two = np.zeros((3, 2))
    two[:, 0] = [1.0, -2.0, 0.5]  # a softmax of two sums is the logistic function of their difference
    assert carried(np.zeros(2), two, softmax, 0)[1] == pytest.approx(carried(np.zeros(1), two[:, :1], logistic, 0)[1])


@pytest.mark.parametrize("method", ["sampling", "kernel"])
def test_asking_ways_come_near_the_shapley_values(method: Any) -> None:
    one = explainer(Homemade(curved))
    rows = small_rows(5, seed=3)
    for row, found in zip(rows, one.explain(subjects(rows), method=method, rounds=8), strict=True):
        truth = shapley(curved, row, one.background, 4)
        assert np.abs(np.array([part.part for part in found.parts]) - truth).max() < 0.12
        assert found.gap < TOLERANCE
        assert not found.exact


def test_sampling_says_how_sure_it_is_and_is_the_same_each_time() -> None:
    one = explainer(Homemade(curved))
    first, again = (one.explain(subjects(small_rows(1)))[0] for _ in range(2))
    assert first.parts == again.parts
    assert first.samples == 64
    assert first.complete
    assert all(part.error is not None and part.error >= 0 for part in first.parts)
    finer = one.explain(subjects(small_rows(1)), rounds=16)[0]
    assert sum(part.error or 0 for part in finer.parts) < 0.4 * sum(part.error or 0 for part in first.parts)


def coverage(runs: int) -> float:
    """Say how often a part lies within 1.96 of its standard errors of the truth, where starts are drawn anew."""
    rng = np.random.default_rng(1)
    X, players = small_rows(400, seed=2), players_of(SMALL)
    hits = total = 0
    row = X[0]
    truth = shapley(curved, row, X, 4)
    for _ in range(runs):
        some = X[rng.integers(0, len(X), 60)]  # each draw is a row of the population by itself
        base = float(curved(some).mean())
        found = sample_parts(curved, row, some, players, base=base, rng=rng)
        hits += int((np.abs(found.parts - truth) <= 1.96 * found.errors).sum())
        total += 4
    return hits / total


def test_standard_errors_cover_what_they_should() -> None:
    assert coverage(60) > 0.88


@pytest.mark.full
def test_standard_errors_cover_what_they_should_at_length() -> None:
    assert coverage(1000) == pytest.approx(0.95, abs=0.02)


def test_a_time_box_is_kept_and_said() -> None:
    one = explainer(Homemade(curved, slow=0.0004))
    assert one.background.shape == (64, 4)
    began = time.perf_counter()
    (found,) = one.explain(subjects(small_rows(1)), seconds=0.05)
    assert time.perf_counter() - began < 2.0
    assert not found.complete
    assert 1 <= found.samples < 64
    assert "ran out" in found.note
    assert found.gap < TOLERANCE


def test_lime_says_what_it_leaves_unexplained() -> None:
    one = explainer(Homemade(curved))
    (found,) = one.explain(subjects(small_rows(1, seed=9)), method="lime")
    assert found.method == "lime"
    assert found.rest != 0
    assert found.gap < TOLERANCE
    assert "R²" in found.note
    (flat,) = explainer(Homemade(lambda X: X[:, 0] * 3)).explain(subjects(small_rows(1)), method="lime")
    assert [abs(part.part) < 0.3 for part in flat.parts[1:]] == [True] * 3


def test_the_background_is_nobodys_and_spread_as_training_was() -> None:
    rng = np.random.default_rng(0)
    contract = Contract(
        (
            Integer(name="n", min=0, max=9),
            Number(name="x", missing="allow"),
            Category(name="c", values=("p", "q")),
            Number(name="constant"),
            Tensor(name="signal", shape=(3,)),
        )
    )
    n = 4000
    X = np.column_stack(
        [rng.integers(0, 10, n), rng.normal(50, 9, n), rng.random(n) < 0.25, np.full(n, 7.0), rng.normal(2, 1, (n, 3))]
    ).astype(float)
    X[: n // 4, 1] = np.nan
    drawn = draw_background(contract, profile_rows(contract, X), rows=400)
    assert drawn.shape == (400, 7)
    assert set(drawn[:, 0]) <= set(range(10))
    assert drawn[:, 0].mean() == pytest.approx(4.5, abs=0.15)
    assert np.nanmean(drawn[:, 1]) == pytest.approx(50, abs=1.0)
    assert np.isnan(drawn[:, 1]).mean() == pytest.approx(0.25, abs=0.01)
    assert drawn[:, 2].mean() == pytest.approx(0.25, abs=0.01)
    assert drawn[:, 3] == pytest.approx(7.0)
    assert drawn[:, 4:].mean() == pytest.approx(2.0, abs=0.1)
    assert not {tuple(row) for row in np.nan_to_num(X).tolist()} & {tuple(row) for row in np.nan_to_num(drawn).tolist()}


def test_a_wide_tensor_is_told_in_stretches() -> None:
    contract = Contract((Number(name="a"), Tensor(name="signal", shape=(100,))))
    players = players_of(contract)
    assert len(players) == 33
    assert players[1].name == "signal[0] to signal[2]"
    assert (players[-1].first, players[-1].end) == (98, 101)
    X = np.random.default_rng(0).normal(size=(50, 101))
    one = explainer(Homemade(lambda X: X[:, 1:].sum(axis=1)), AMOUNT, contract, X)
    (found,) = one.explain(subjects(X[:1]))
    assert found.parts[0].part == pytest.approx(0.0, abs=1e-9)
    assert found.gap < TOLERANCE


def test_the_other_label_is_the_mirror_image() -> None:
    model = LinearModel(
        0.2, (Slope(0, 1.0), Slope(0, -0.5), Labels((0.0, 1.0, -1.0, 0.0)), Slope(0.5, 2.0)), logistic=True
    )
    one = explainer(model, CHURN)
    yes, no = (one.explain(subjects(small_rows(1)), label=label)[0] for label in ("Yes", "No"))
    assert no.label == "No"
    assert no.answer == pytest.approx(1 - yes.answer)
    assert [part.effect for part in no.parts] == pytest.approx([-part.effect for part in yes.parts])
    assert no.gap < TOLERANCE
    sampled = explainer(Homemade(lambda X: logistic(X[:, 0])), CHURN).explain(subjects(small_rows(1)), label="No")[0]
    assert sampled.gap < TOLERANCE


def test_what_the_fallback_answered_has_no_parts() -> None:
    one = explainer(LinearModel(0.0, (Slope(0, 1.0),) * 4, logistic=True), CHURN)
    asked, fallen = one.explain([Subject(small_rows(1)[0], {}), Subject(np.full(4, np.nan), {}, fallback=0.27)])
    assert asked.method == "exact"
    assert fallen.method == "fallback"
    assert fallen.score == fallen.base == 0.27
    assert fallen.reasons == ()
    assert "not the model" in fallen.note


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"method": "magic"}, "no way of explaining called 'magic'"),
        ({"label": "Maybe"}, "no label 'Maybe'.*Yes"),
    ],
)
def test_what_can_t_be_asked_is_a_sentence(asked: dict[str, Any], sentence: str) -> None:
    one = explainer(LinearModel(0.0, (Slope(0, 1.0),) * 4, logistic=True), CHURN)
    with pytest.raises(InputError, match=sentence):
        one.explain(subjects(small_rows(1)), **asked)
    with pytest.raises(InputError, match="is an amount"):
        explainer(Homemade(curved)).explain(subjects(small_rows(1)), label="Yes")


def test_of_several_labels_the_likeliest_is_explained_or_any_that_is_asked_for() -> None:
    import lightgbm  # noqa: PLC0415 - slow to import

    X = small_rows(300)
    y = (X[:, 0] > 0).astype(float) + (X[:, 1] > 0.5)
    options = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    model = LightGBMModel(lightgbm.train(options, lightgbm.Dataset(X, label=y), 15).model_to_string())
    one = explainer(model, SPECIES)
    scores = model.scores(X[:20])
    for found, row in zip(one.explain(subjects(X[:20])), scores, strict=True):
        assert found.label == SPECIES.labels[int(row.argmax())]
        assert found.answer == row.max()
        assert found.exact
        assert found.scale == "probability"
        assert found.gap < TOLERANCE
        assert all(f"the chance of '{found.label}'" in reason.text for reason in found.reasons)
    each = [one.explain(subjects(X[:1]), label=label)[0] for label in SPECIES.labels]
    assert [found.answer for found in each] == pytest.approx(scores[0].tolist())
    # What raises one label lowers the others, so over all of them a part comes to nothing.
    assert [sum(found.parts[j].part for found in each) for j in range(4)] == pytest.approx([0.0] * 4, abs=1e-9)
    (fallen,) = one.explain([Subject(np.full(4, np.nan), {}, fallback=(0.2, 0.5, 0.3))])
    assert (fallen.label, fallen.answer) == ("versicolor", 0.5)
    (sampled,) = explainer(Homemade(lambda rows: softmax(rows[:, :3])), SPECIES).explain(subjects(X[:1]))
    assert sampled.method == "sampling"
    assert sampled.gap < TOLERANCE


@pytest.mark.parametrize("objective", ["binary:logistic", "reg:squarederror", "count:poisson", "multi:softprob"])
def test_xgboost_is_taken_apart_as_its_package_does(objective: str) -> None:
    import xgboost  # noqa: PLC0415 - slow to import

    X = small_rows(300)
    classes = 3 if objective.startswith("multi") else 1
    y = (
        np.abs(curved(X))
        if objective.startswith(("reg", "count"))
        else (X[:, 0] > 0) * 1 + (classes > 1) * (X[:, 1] > 0)
    )
    options = {"objective": objective, "nthread": 1, **({"num_class": 3} if classes > 1 else {})}
    booster = xgboost.train(options, xgboost.DMatrix(X, label=y), 12)
    model = XGBoostModel(bytes(booster.save_raw("ubj")), XGBoostHeader(4, classes))
    theirs = booster.predict(xgboost.DMatrix(X[:25]), pred_contribs=True).reshape(25, classes, 5)
    ours = model.attributions(X[:25])
    assert ours is not None
    assert np.allclose(np.swapaxes(ours.parts, 1, 2), theirs[:, :, :-1], atol=1e-6)
    assert np.allclose(ours.base, theirs[0, :, -1], atol=1e-6)
    task = SPECIES if classes > 1 else CHURN if objective.startswith("binary") else AMOUNT
    found = explainer(model, task).explain(subjects(X[:25]))
    assert all(one.exact and one.gap < TOLERANCE for one in found)


@pytest.mark.parametrize("kind", ["binary", "amounts", "classes"])
def test_catboost_is_taken_apart_as_its_package_does(kind: str) -> None:
    from catboost import CatBoost, Pool  # noqa: PLC0415 - slow to import

    X = small_rows(300)[:, :2]
    contract = Contract((Number(name="a"), Number(name="b")))
    y = X[:, 0] * X[:, 1] if kind == "amounts" else (X[:, 0] > 0) * 1 + (kind == "classes") * (X[:, 1] > 0)
    loss = {"binary": "Logloss", "amounts": "RMSE", "classes": "MultiClass"}[kind]
    options = {"iterations": 10, "verbose": 0, "allow_writing_files": False, "thread_count": 1, "loss_function": loss}
    fitted = CatBoost(options).fit(X, y.astype(float) if kind == "amounts" else y.astype(int))
    content = bytes(fitted._serialize_model())
    order = {"binary": (1, 0), "amounts": (), "classes": (2, 0, 1)}[kind]
    header = CatBoostHeader(2, (1, 0), {}, order, hashlib.sha256(content).hexdigest())  # it sees b before a
    model = CatBoostModel(content, header)
    swapped = X[:25, ::-1].copy()
    theirs = fitted.get_feature_importance(Pool(X[:25]), type="ShapValues").reshape(25, -1, 3)
    ours = model.attributions(swapped)
    assert ours is not None
    sign, places = (-1, [0]) if kind == "binary" else (1, list(order) or [0])
    assert np.allclose(ours.parts[:, 1], sign * theirs[:, places, 0], atol=1e-9)
    task = {"binary": CHURN, "amounts": AMOUNT, "classes": SPECIES}[kind]
    found = explainer(model, task, contract, X).explain(subjects(swapped))
    assert all(one.exact and one.gap < TOLERANCE for one in found)
    assert [one.answer for one in found] == pytest.approx(
        model.scores(swapped).max(axis=1).tolist() if kind == "classes" else model.scores(swapped).tolist()
    )


def test_what_is_arranged_is_told_in_the_order_of_the_row() -> None:
    inner = SoftmaxModel(
        tuple(LinearModel(0.0, (Slope(0.0, slope), Slope(0.0, 1.0)), logistic=False) for slope in (0.0, 1.0, -2.0))
    )
    model = ArrangedModel(inner, Arrangement(4, (3, 0), {}, (2, 0, 1)))
    X = small_rows(20)
    found = explainer(model, SPECIES).explain(subjects(X), label="setosa")  # the inner model's third
    assert all(one.exact and one.gap < TOLERANCE for one in found)
    assert [one.answer for one in found] == pytest.approx(model.scores(X)[:, 0].tolist())
    assert all(one.parts[1].part == one.parts[2].part == 0 for one in found)
    bent = ArrangedModel(CalibratedModel(inner, (Line(0.5, (0.0, 1.0, 2.0)),)), Arrangement(4, (3, 0), {}, (2, 0, 1)))
    assert all(one.exact for one in explainer(bent, SPECIES).explain(subjects(X)))
