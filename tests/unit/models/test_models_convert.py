"""Conversions: they answer as the original does, or are refused; lying converters are caught on real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mainstay.contract import Boolean, Category, Contract, Datetime, Number
from mainstay.errors import GateError, InputError
from mainstay.models import Policy, Task
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked, Tolerated, build_model, demand_parity, keep_decisions, parity
from mainstay.models.convert.assemble import with_scores
from mainstay.models.convert.forms import convertible, to_onnx
from mainstay.models.convert.pipeline import convert_pipeline
from mainstay.models.convert.quantize import quantize
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.yardstick import Answers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mainstay.measures.finding import Finding
    from mainstay.models.frameworks.onnx import OnnxModel

YES_NO = Task(kind="binary", target="churn", positive="Yes", negative="No")
AMOUNT = Task(kind="regression", target="demand")
POLICY = Policy(task=YES_NO)
USUAL = Tolerated()
PLANS = ("month", "year", "two years")
COLUMNS = Columns.of(
    Contract(
        (
            Number(name="tenure"),
            Number(name="price", missing="allow"),
            Category(name="plan", values=PLANS),
            Boolean(name="paid"),
        )
    )
)


def rows(n: int = 1500, seed: int = 0) -> np.ndarray:
    """Encoded rows as real tables have them: whole months, prices of cents, some of them missing."""
    rng = np.random.default_rng(seed)
    price = np.round(rng.gamma(2, 30, n), 2)
    price[::17] = np.nan
    whole = rng.integers(0, [72, 3, 2], (n, 3)).astype(np.float64)
    return np.column_stack([whole[:, 0], price, whole[:, 1:]])


def truth(X: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(9)
    signal = 1.0 - 0.06 * X[:, 0] + 0.01 * np.nan_to_num(X[:, 1]) + np.array([0.9, 0.0, -0.7])[X[:, 2].astype(int)]
    return np.asarray(rng.random(len(X)) < 1 / (1 + np.exp(-signal)), dtype=np.int64)


def frame(X: np.ndarray) -> pd.DataFrame:
    made: pd.DataFrame = COLUMNS.frame(X)
    return made


def compared(
    before: np.ndarray, after: np.ndarray, policy: Policy = POLICY, tolerated: Tolerated = USUAL
) -> tuple[Finding, ...]:
    return parity(Answers(before, policy), Answers(after, policy), tolerated)


def pipeline(estimator: Any) -> Any:
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - only the tests of pipelines need it
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.pipeline import Pipeline, make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415 - as above

    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    before = ColumnTransformer(
        [
            ("numbers", numbers, ["tenure", "price"]),
            ("labels", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["plan"]),
        ],
        remainder="passthrough",
    )
    X = rows()
    return Pipeline([("before", before), ("model", estimator)]).fit(frame(X), truth(X))


def converted(fitted: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give the scores of other rows before and after, some of them with a label nobody knows."""
    X = rows(600, seed=5)
    X[:20, 2] = 3
    task = YES_NO if hasattr(fitted, "predict_proba") else AMOUNT
    before = fitted.predict_proba(frame(X))[:, 1] if task is YES_NO else fitted.predict(frame(X))
    return before, convert_pipeline(fitted, COLUMNS, rows(50), task, names=COLUMNS.names).scores(X)


def test_an_adopted_pipeline_is_converted_as_it_was_adopted() -> None:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - only the tests of pipelines need it

    X = rows()
    fitted = pipeline(RandomForestClassifier(10, random_state=0))
    fitted.fit(frame(X), np.where(truth(X) > 0, "Yes", "No"))
    model = adopt(fitted, COLUMNS, YES_NO)
    after = to_onnx(model, COLUMNS, X[:50], YES_NO)
    assert np.abs(after.scores(rows(seed=4)) - model.scores(rows(seed=4))).max() < 1e-6
    plain = RandomForestClassifier(10, random_state=0).fit(np.nan_to_num(X[:, :2]), truth(X))
    numbers = Columns.of(Contract((Number(name="tenure"), Number(name="price"))))
    kept = adopt(plain, numbers, Task(kind="binary", target="y", positive="1", negative="0"))
    seen = np.nan_to_num(rows(seed=4)[:, :2])
    task = Task(kind="binary", target="y", positive="1", negative="0")
    assert np.abs(to_onnx(kept, numbers, seen, task).scores(seen) - kept.scores(seen)).max() < 1e-6


def test_columns_that_are_scaled_without_a_transformer_stay_doubles() -> None:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - only the tests of pipelines need it
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above

    X, names = rows(), ["tenure", "price"]
    forest = RandomForestClassifier(15, random_state=0)
    fitted = make_pipeline(SimpleImputer(), StandardScaler(), forest).fit(frame(X)[names], truth(X))
    after = convert_pipeline(fitted, COLUMNS, X[:50], YES_NO, names=names).scores(rows(600, seed=5))
    assert np.abs(after - fitted.predict_proba(frame(rows(600, seed=5))[names])[:, 1]).max() < 1e-6


def test_trees_of_xgboost_are_converted_as_they_were_adopted() -> None:
    xgboost = pytest.importorskip("xgboost")
    X = rows()
    fitted = xgboost.XGBClassifier(n_estimators=15, n_jobs=1).fit(X, truth(X))
    numbers = Columns.of(Contract(tuple(Number(name=name, missing="allow") for name in "abcd")))
    task = Task(kind="binary", target="y", positive="1", negative="0")
    model = adopt(fitted, numbers, task)
    after = to_onnx(model, numbers, X[:50], task)
    assert np.abs(after.scores(rows(seed=4)) - model.scores(rows(seed=4))).max() < 1e-6
    amounts = xgboost.XGBRegressor(n_estimators=15, n_jobs=1).fit(X, 100 * X[:, 0])
    model = adopt(amounts, numbers, AMOUNT)
    after = to_onnx(model, numbers, X[:50], AMOUNT)
    assert np.abs(after.scores(rows(seed=4)) / model.scores(rows(seed=4)) - 1).max() < 1e-5


@pytest.mark.parametrize("name", ["forest", "boosted", "logistic", "xgboost", "lightgbm", "amounts"])
def test_a_pipeline_answers_as_before(name: str) -> None:
    from sklearn import ensemble, linear_model  # noqa: PLC0415 - only the tests of pipelines need it

    made: Any = {
        "forest": lambda: ensemble.RandomForestClassifier(20, random_state=0),
        "boosted": lambda: ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0),
        "logistic": lambda: linear_model.LogisticRegression(max_iter=500),
        "xgboost": _xgboost,
        "lightgbm": _lightgbm,
        "amounts": lambda: ensemble.RandomForestRegressor(20, random_state=0),
    }[name]
    before, after = converted(pipeline(made()))
    assert np.abs(after - before).max() < 2e-6


def _xgboost() -> Any:
    import xgboost  # noqa: PLC0415 - an extra

    return xgboost.XGBClassifier(n_estimators=20, n_jobs=1)


def _lightgbm() -> Any:
    import lightgbm  # noqa: PLC0415 - only this test needs it

    return lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbosity=-1)


def test_a_lying_conversion_is_refused_by_how_much_it_lies() -> None:
    """skl2onnx as most people call it: in float32, where a month on a threshold falls to the other side."""
    import skl2onnx  # noqa: PLC0415 - only this test calls it itself
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType  # noqa: PLC0415 - as above
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above

    fitted = pipeline(RandomForestClassifier(20, random_state=0))
    types = [(name, (StringTensorType if name == "plan" else FloatTensorType)([None, 1])) for name in COLUMNS.names]
    naive = skl2onnx.convert_sklearn(fitted, initial_types=types, options={id(fitted.steps[-1][1]): {"zipmap": False}})
    session = onnxruntime.InferenceSession(naive.SerializeToString(), providers=["CPUExecutionProvider"])
    X = rows(600, seed=5)
    cells = frame(X)
    given = {
        name: cells[name].to_numpy().astype(object if name == "plan" else np.float32)[:, None] for name in COLUMNS.names
    }
    after = session.run(["probabilities"], given)[0][:, 1].astype(np.float64)
    findings = compared(fitted.predict_proba(cells)[:, 1], after)
    assert [finding.ok for finding in findings] == [False, False]
    with pytest.raises(GateError, match=r"on 600 real rows scores differ by up to 0\.\d+, and \d\.\d\d% of the dec"):
        demand_parity(findings, "random forest")


def test_a_step_without_a_form_in_onnx_is_a_sentence() -> None:
    from sklearn.neighbors import LocalOutlierFactor  # noqa: PLC0415 - only this test needs it

    class Homemade(LocalOutlierFactor):  # type: ignore[misc]
        pass

    with pytest.raises(InputError, match="can't be written as ONNX"):
        convert_pipeline(Homemade(), COLUMNS, rows(50), YES_NO)


def test_a_pipeline_over_times_stays_what_it_is() -> None:
    columns = Columns.of(Contract((Datetime(name="since"),)))
    with pytest.raises(InputError, match="'since' is a time"):
        convert_pipeline(object(), columns, np.zeros((3, 1)), YES_NO, names=("since",))


LINEAR = LinearModel(
    0.2,
    (Slope(36.0, -0.05), Slope(60.0, 0.01, 0.3), Labels((0.8, 0.1, -0.6, 0.0), 0.5), Slope(0.5, 0.2)),
    logistic=True,
)


@pytest.mark.parametrize(
    "curves",
    [
        (Line(0.7, (0.4,)),),
        (Steps((0.1, 0.4, 0.8), (0.05, 0.3, 0.9)),),
        (Steps((0.5,), (0.3,)),),
        (Steps((0.1, 0.4, 0.8), (0.05, 0.3, 0.9)), Line(1.0, (-1.2,))),
    ],
)
def test_a_calibrated_model_takes_its_curves_along(curves: tuple[Line | Steps, ...]) -> None:
    model = CalibratedModel(LINEAR, curves)
    X = rows(seed=3)
    after = to_onnx(model, COLUMNS, rows(50), YES_NO)
    assert after.header.output == "scores"
    assert np.abs(after.scores(X) - model.scores(X)).max() < 1e-12


def test_a_linear_model_is_the_same_in_float64() -> None:
    X = rows(seed=3)
    X[::5, 2] = np.nan
    X[1::5, 2] = 9
    assert np.abs(to_onnx(LINEAR, COLUMNS, X, YES_NO).scores(X) - LINEAR.scores(X)).max() < 1e-12


THREE = Task(kind="multiclass", target="plan", labels=("a", "b", "c"))


def test_several_classes_keep_their_columns_and_their_curves() -> None:
    sums = tuple(LinearModel(start, LINEAR.terms, logistic=False) for start in (0.0, 0.4, -0.3))
    model = CalibratedModel(SoftmaxModel(sums), (Line(0.8, (0.1, 0.0, -0.2)),))
    X = rows(seed=3)
    after = to_onnx(model, COLUMNS, rows(50), THREE)
    assert after.scores(X).shape == (len(X), 3)
    assert np.abs(after.scores(X) - model.scores(X)).max() < 1e-12
    assert np.abs(after.score_one(X[0]) - model.scores(X)[0]).max() < 1e-12
    apart, alike = compared(model.scores(X), after.scores(X), Policy(task=THREE))
    assert apart.ok is alike.ok is True
    turned = compared(model.scores(X), np.roll(after.scores(X), 1, axis=1), Policy(task=THREE))
    assert [finding.ok for finding in turned] == [False, False]


def test_classes_of_a_pipeline_come_in_the_order_of_the_task() -> None:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - only the tests of pipelines need it

    fitted = pipeline(RandomForestClassifier(5, random_state=0))
    X = rows()
    fitted.fit(frame(X), np.array(["c", "a", "b"])[X[:, 2].astype(int)])
    task = Task(kind="multiclass", target="plan", labels=("b", "c", "a"))
    after = convert_pipeline(fitted, COLUMNS, rows(50), task, names=COLUMNS.names).scores(X)
    assert np.abs(after - fitted.predict_proba(frame(X))[:, [1, 2, 0]]).max() < 1e-6


def test_a_model_that_nobody_can_convert_is_a_sentence() -> None:
    assert {"calibrated", "lightgbm", "linear", "onnx"} <= set(convertible())
    with pytest.raises(InputError, match="'constant' has no form in ONNX here; these have: calibrated"):
        to_onnx(ConstantModel(0.5), COLUMNS, rows(5), YES_NO)


def layers(width: int = 4, hidden: int = 64) -> OnnxModel:
    """Make a small network: two layers of weights."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(width, hidden)) / 2, rng.normal(size=(hidden, 1)) / 4
    nodes = [
        helper.make_node("MatMul", ["input", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "second"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
        [
            numpy_helper.from_array(weights.astype(np.float32), name)
            for name, weights in (("first", first), ("second", second))
        ],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return build_model(proto, COLUMNS, whole(50), Asked(task=YES_NO))


def whole(n: int) -> np.ndarray:
    """Rows as a network is given them: scaled, and none missing."""
    return np.random.default_rng(n).normal(size=(n, 4))


@pytest.mark.parametrize("how", ["dynamic", "static"])
def test_a_quantised_network_is_smaller_and_nearly_the_same(how: Any) -> None:
    model, X = layers(hidden=512), whole(400)
    small = quantize(model, how, whole(300))
    assert len(small.content) < len(model.content)
    findings = compared(model.scores(X), small.scores(X), tolerated=Tolerated(difference=None, equal_decisions=0.98))
    assert [finding.ok for finding in findings] == [None, True]
    assert 0 < (findings[0].value or 0) < 0.1
    assert small.precision > model.precision


@pytest.mark.parametrize("how", ["dynamic", "static"])
def test_the_score_of_a_quantised_record_does_not_depend_on_its_neighbours(how: Any) -> None:
    small = quantize(layers(), how, whole(300))
    X = whole(20)
    X[-1] *= 1000  # one wild record would set the scale of the whole batch
    assert np.allclose(small.scores(X)[:-1], small.scores(X[:-1]), atol=1e-9)
    assert np.allclose(small.scores(X), np.array([small.score_one(row) for row in X]), atol=1e-9)


def test_trees_have_nothing_to_quantise() -> None:
    with pytest.raises(InputError, match="no layer of weights"):
        quantize(to_onnx(LINEAR, COLUMNS, rows(50), YES_NO), "dynamic", rows(50))


def test_a_graph_that_gives_the_scores_itself_answers_alike(tmp_path: Path) -> None:
    model, X = layers(), whole(100)
    complete = with_scores(model, tmp_path / "model.onnx")
    assert (complete.header.output, complete.header.link) == ("scores", "none")
    assert np.abs(complete.scores(X) - model.scores(X)).max() < 1e-12


def test_parity_of_amounts_is_measured_in_their_own_spread() -> None:
    before = np.linspace(0, 1000, 200)
    policy = Policy(task=AMOUNT)
    apart, alike = compared(before, before + 0.1, policy)
    assert apart.ok is True
    assert apart.unit == "standard deviations"
    assert alike.value == 1.0
    apart, alike = compared(before, before * 1.5, policy)
    assert [apart.ok, alike.ok] == [False, False]


def test_scores_that_are_no_numbers_never_pass() -> None:
    findings = compared(np.array([0.2, 0.7]), np.array([0.2, np.nan]))
    with pytest.raises(GateError, match="a score isn't a finite number"):
        demand_parity(findings, "network")


def test_a_threshold_that_scores_lie_on_is_moved_by_a_hair() -> None:
    before = np.array([0.4, 0.5, 0.5, 0.6])
    after = before + np.array([0, -3e-8, 1e-8, 0])
    assert compared(before, after)[1].value == 0.75
    policy = keep_decisions(POLICY, before, after)
    assert 0.499998 < policy.threshold < 0.5
    assert "so that rounding decides no record otherwise" in policy.basis
    assert parity(Answers(before, POLICY), Answers(after, policy), Tolerated())[1].value == 1.0


def test_a_threshold_is_left_alone_where_scores_really_differ() -> None:
    before = np.array([0.2, 0.5, 0.6, 0.7])
    assert keep_decisions(POLICY, before, before) is POLICY
    assert keep_decisions(POLICY, before, np.array([0.2, 0.1, 0.6, 0.7])) is POLICY
    assert keep_decisions(POLICY, before, np.array([0.2, 0.4, 0.6, 0.7])) is POLICY
