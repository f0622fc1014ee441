"""The law book of frameworks: every adapter saves data, loads it in a fresh process, and answers the same.

The same bits, unless a model says how precise it is; without the stack it was trained with, unless it needs that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.contract import Boolean, Category, Contract, Number, profile_rows
from mainstay.errors import CorruptError, InputError, MainstayError, NotFoundError, SetupError, TrustError
from mainstay.models import Model, Task, known_frameworks, load_model, save_model
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.convert.forms import to_onnx
from mainstay.models.explain import TOLERANCE, Explainer, Subject
from mainstay.models.features import FeatureCode
from mainstay.models.frameworks.arranged import ArrangedModel
from mainstay.models.frameworks.arranged import Header as Arrangement
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.heuristic import read_rules
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.models.trust import brought_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.frameworks.onnx import OnnxModel

FEATURES = 4
CONTRACT = Contract(
    (
        Number(name="age", missing="allow"),
        Number(name="income", missing="allow"),
        Category(name="plan", values=("a", "b", "c", "d", "e"), missing="allow", unknown="other"),
        Boolean(name="paid", true="Yes", false="No"),
    )
)
COLUMNS = Columns.of(CONTRACT)
CHURN = Task(kind="binary", target="churn", positive="Yes", negative="No")
AMOUNT = Task(kind="regression", target="amount")
LEVEL = Task(kind="multiclass", target="level", labels=("low", "mid", "high"))


def rows(n: int = 300) -> np.ndarray:
    """Make encoded rows: two numbers (one sometimes missing), a category with an unknown label, a flag."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.normal(50, 20, n), rng.gamma(1, 1000, n), rng.integers(0, 6, n).astype(float), rng.integers(0, 2, n)]
    )
    X[::7, 1] = np.nan
    X[::11, 2] = np.nan
    return X


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def trees(fills: dict[int, float] | None = None) -> LightGBMModel:
    import lightgbm  # noqa: PLC0415 - the other tests of this file must not need it

    X = rows()
    y = (np.nan_to_num(X[:, 0]) + 10 * (X[:, 2] == 1) > 55).astype(float)
    data = lightgbm.Dataset(X, label=y, categorical_feature=[2])
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 5}
    return LightGBMModel(lightgbm.train(options, data, 30).model_to_string(), fills)


def linear(*, logistic: bool) -> LinearModel:
    terms = (Slope(50.0, 0.03), Slope(1000.0, -0.0005, 0.2), Labels((0.1, -0.3, 0.7, 0.0), -0.4), Slope(0.5, 1.0))
    return LinearModel(-0.7, terms, logistic)


def class_trees() -> LightGBMModel:
    import lightgbm  # noqa: PLC0415 - the other tests of this file must not need it

    X = rows()
    y = (np.nan_to_num(X[:, 0]) > 45).astype(float) + (X[:, 2] == 1)
    data = lightgbm.Dataset(X, label=y, categorical_feature=[2])
    options = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1, "min_data_per_group": 5}
    return LightGBMModel(lightgbm.train(options, data, 30).model_to_string(), {0: 48.0})


def softmax() -> SoftmaxModel:
    one = linear(logistic=False)
    return SoftmaxModel((one, LinearModel(0.9, one.terms[::-1], logistic=False), LinearModel(0.1, one.terms, False)))  # noqa: FBT003 - not logistic


def converted() -> OnnxModel:
    plan = Category(name="plan", values=("a", "b", "c", "d", "e"))
    columns = Columns.of(Contract((Number(name="age"), Number(name="spent"), plan, Number(name="flag"))))
    return to_onnx(trees(), columns, rows(), Task(kind="binary", target="y", positive="Yes", negative="No"))


CLASSES = 3


def truth() -> np.ndarray:
    X = rows()
    return np.where(np.nan_to_num(X[:, 0]) + 10 * (X[:, 2] == 1) > 55, "Yes", "No")


def frame() -> Any:
    return COLUMNS.frame(rows())


def pipeline(estimator: Any) -> Any:
    """Put what a notebook would put around it: numbers filled in and scaled, labels as columns of their own."""
    from sklearn.compose import make_column_transformer  # noqa: PLC0415 - the other tests of this file must not need it
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415 - as above

    before = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
        (OneHotEncoder(handle_unknown="ignore"), ["plan", "paid"]),
    )
    return make_pipeline(before, estimator)


@cache
def fitted_pipeline(*, amounts: bool = False) -> Model:
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415 - as above

    if amounts:
        return adopt(pipeline(Ridge()).fit(frame(), rows()[:, 0]), COLUMNS, AMOUNT)
    return adopt(pipeline(LogisticRegression()).fit(frame(), truth()), COLUMNS, CHURN)


@cache
def fitted_xgboost(*, shuffled: bool = False) -> Model:
    from xgboost import XGBClassifier  # noqa: PLC0415 - the other tests of this file must not need it

    codes = frame().assign(plan=frame()["plan"].where(frame()["plan"].isin(list("abcde"))).astype("category"))
    codes["paid"] = codes["paid"] == "Yes"
    names = ["paid", "plan", "age"] if shuffled else ["age", "income", "plan", "paid"]
    estimator = XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1)
    task = Task(kind="binary", target="churn", positive="1", negative="0")
    return adopt(estimator.fit(codes[names], (truth() == "Yes").astype(int)), COLUMNS, task)


@cache
def fitted_catboost() -> Model:
    from catboost import CatBoostClassifier  # noqa: PLC0415 - the other tests of this file must not need it

    texts = frame().assign(plan=frame()["plan"].astype(object).fillna("nan"))
    estimator = CatBoostClassifier(
        iterations=10, cat_features=["plan", "paid"], verbose=0, allow_writing_files=False, thread_count=1
    )
    return adopt(estimator.fit(texts, truth()), COLUMNS, CHURN)


@cache
def fitted_on_classes(library: str) -> Model:
    """Fit three labels, which the task knows in another order."""
    X = rows()
    y = np.asarray(["high", "low", "mid"])[((np.nan_to_num(X[:, 0]) > 45).astype(int) + (X[:, 2] == 1))]
    if library == "sklearn":
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

        return adopt(pipeline(LogisticRegression()).fit(frame(), y), COLUMNS, LEVEL)
    if library == "catboost":
        from catboost import CatBoostClassifier  # noqa: PLC0415 - as above

        options = {"iterations": 5, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
        texts = frame().assign(plan=frame()["plan"].astype(object).fillna("nan"))
        return adopt(CatBoostClassifier(cat_features=["plan", "paid"], **options).fit(texts, y), COLUMNS, LEVEL)
    from xgboost import XGBClassifier  # noqa: PLC0415 - as above

    plain = frame()[["income", "age"]]
    coded = Task(kind="multiclass", target="level", labels=("2", "0", "1"))
    return adopt(
        XGBClassifier(n_estimators=5, n_jobs=1).fit(plain, np.unique(y, return_inverse=True)[1]), COLUMNS, coded
    )


CODE = FeatureCode(
    b"""
import numpy as np

def predict(columns):
    age = np.nan_to_num(columns["age"], nan=50.0)
    return 1 / (1 + np.exp(-(age - 50) / 20 - (columns["plan"] == "b")))
""",
    "predict.py",
)
SHARES = FeatureCode(
    b"""
import numpy as np

def predict(columns):
    first = 1 / (1 + np.exp(-np.nan_to_num(columns["age"], nan=50.0) / 50))
    return np.column_stack([first, 0.25 * (1 - first), 0.75 * (1 - first)])
""",
    "predict.py",
)
LEVELS = b"""
otherwise = { low = 0.5, high = 0.5 }

[[rule]]
when = "age > 60"
score = "high"
"""
RULES = b"""
otherwise = 0.1

[[rule]]
when = "age > 60 and plan in ['a', 'b']"
score = 0.8

[[rule]]
when = "paid or is_missing(income)"
score = 0.4
"""

MODELS: dict[str, Callable[[], Model]] = {
    "constant": lambda: ConstantModel(0.27),
    "shares": lambda: ConstantModel((0.2, 0.5, 0.3)),
    "softmax": softmax,
    "classes of lightgbm": class_trees,
    "logistic": lambda: linear(logistic=True),
    "linear": lambda: linear(logistic=False),
    "lightgbm": trees,
    "lightgbm that fills": lambda: trees({0: 48.0}),
    "onnx": converted,
    "arranged": lambda: ArrangedModel(trees(), Arrangement(4, (0, 1, 2, 3), {2: (1.0, 0.0, 4.0, 3.0, 2.0, None)})),
    "sklearn": fitted_pipeline,
    "sklearn amounts": lambda: fitted_pipeline(amounts=True),
    "xgboost": fitted_xgboost,
    "xgboost of other columns": lambda: fitted_xgboost(shuffled=True),
    "catboost": fitted_catboost,
    "function": lambda: adopt(CODE, COLUMNS, CHURN),
    "heuristic": lambda: read_rules(RULES, COLUMNS, CHURN),
    "classes of sklearn": lambda: fitted_on_classes("sklearn"),
    "classes of xgboost": lambda: fitted_on_classes("xgboost"),
    "classes of catboost": lambda: fitted_on_classes("catboost"),
    "classes of a function": lambda: adopt(SHARES, COLUMNS, LEVEL),
    "classes of rules": lambda: read_rules(LEVELS, COLUMNS, LEVEL),
    "calibrated": lambda: CalibratedModel(linear(logistic=True), (Steps((0.1, 0.4, 0.8), (0.0, 0.3, 0.9)),)),
    "calibrated trees": lambda: CalibratedModel(trees(), (Line(0.8, (-0.3,)), Line(1.0, (1.2,)))),
}


STACK = {"lightgbm", "sklearn", "scipy", "pandas", "polars", "xgboost", "catboost", "torch"}
IMPORTS = {
    "sklearn": {"sklearn", "scipy", "pandas", "polars"},
    "catboost": {"catboost", "pandas", "polars", "scipy"},
}
"""What may be imported where a model of a framework answers; natively served ones import nothing of it. Polars
comes along with libraries that look whether it is there."""


def same(said: Any, expected: Any, model: Model) -> bool:
    """Say whether scores are the same bits, or as near as the model says it is precise."""
    precision = getattr(model, "precision", 0.0)
    if not precision:
        return np.array_equal(said, expected)
    return np.allclose(said, expected, rtol=precision, atol=precision)


def trusted_of(model: Model) -> frozenset[str]:
    return frozenset(one.key for one in brought_by(model))


@pytest.fixture(params=list(MODELS))
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param]()


def test_every_framework_is_in_this_law_book() -> None:
    made = [make() for make in MODELS.values()]
    inside = {model.inner.framework for model in made if isinstance(model, ArrangedModel)}
    assert {model.framework for model in made} | inside == set(known_frameworks())


def test_a_model_is_what_the_protocol_says(model: Model) -> None:
    assert isinstance(model, Model)
    scores = model.scores(rows())
    assert scores.shape in {(300,), (300, CLASSES)}
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if scores.ndim == 2:
        assert scores.sum(axis=1) == pytest.approx(np.ones(300), abs=1e-12)
    assert model.scores(np.empty((0, FEATURES))).shape == (0, *scores.shape[1:])


def test_one_row_scores_the_same_bits_as_many(model: Model) -> None:
    X = rows()
    scores = model.scores(X)
    assert same([model.score_one(row) for row in X], scores, model)
    if scores.ndim == 1:
        assert isinstance(model.score_one(X[0]), float)
    else:
        assert np.shape(model.score_one(X[0])) == (CLASSES,)


ONLY_ASKED = {"onnx", "sklearn", "function", "heuristic"}
"""Frameworks that nobody here can take apart: they are explained by sampling."""


def test_parts_add_up_to_the_score(model: Model) -> None:
    """Hold every adapter to the law of explanations: base and parts add up to the score, one row as many."""
    X = rows(40)
    contract = Contract(
        (*(Number(name=name) for name in "ab"), Category(name="c", values=("x", "y", "z")), Boolean(name="d"))
    )
    several = model.scores(X).ndim == 2
    task = Task(kind="multiclass", target="t", labels=tuple("uvw")) if several else Task(kind="regression", target="t")
    explainer = Explainer(model, contract, contract, profile_rows(contract, X), task)
    subjects = [Subject(row, {}) for row in X]
    many = explainer.explain(subjects)
    assert explainer.exact == (model.framework not in ONLY_ASKED)
    near = 1e-6 if "xgboost" in (model.framework, getattr(model, "inner", model).framework) else 1e-9
    (alone,) = explainer.explain(subjects[:1])
    assert [part.part for part in alone.parts] == pytest.approx([part.part for part in many[0].parts], abs=1e-9)
    for one, score in zip(many, model.scores(X).reshape(len(X), -1).max(axis=1), strict=True):
        assert one.gap < TOLERANCE
        told = 1 / (1 + np.exp(-one.score)) if one.scale == "log-odds" else one.score
        assert told == pytest.approx(score, abs=near)  # XGBoost adds up in single precision
        assert one.typical + sum(part.effect for part in one.parts) == pytest.approx(score, abs=1e-9)


def test_scoring_leaves_the_rows_alone(model: Model) -> None:
    X = rows()
    model.scores(X)
    model.score_one(X[0])
    assert np.array_equal(X, rows(), equal_nan=True)


def test_strided_rows_score_as_their_copies(model: Model) -> None:
    X = rows()
    assert same(model.scores(X[::2]), model.scores(X[::2].copy()), model)
    assert same(model.scores(np.asfortranarray(X)), model.scores(X), model)
    assert same(model.score_one(np.asfortranarray(X)[3]), model.score_one(X[3]), model)


def test_what_is_saved_answers_the_same_bits_in_a_fresh_process(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["framework"] == model.framework
    np.save(tmp_path / "rows.npy", rows())
    code = (
        "import sys, json, numpy as np; from pathlib import Path; from mainstay.models.load import load_model;"
        "folder = Path(sys.argv[1]); trusted = frozenset(sys.argv[2:]); model = load_model(folder, lambda: trusted);"
        "X = np.load(folder / 'rows.npy');"
        f"print(json.dumps([model.scores(X).tolist(), [np.asarray(model.score_one(row)).tolist() for row in X],"
        f"sorted({STACK} & set(sys.modules))]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), *trusted_of(model)]
    out = subprocess.run(command, capture_output=True, check=True, timeout=120)
    many, single, stack = json.loads(out.stdout)
    expected = model.scores(rows())
    assert same(many, expected, model)
    assert same(single, expected, model)
    assert set(stack) <= IMPORTS.get(model.framework, set())


def test_a_model_that_brings_something_answers_only_where_that_is_trusted(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    brought = brought_by(model)
    if not brought:
        assert same(load_model(tmp_path).scores(rows()), model.scores(rows()), model)
        return
    with pytest.raises(TrustError, match=brought[0].key):
        load_model(tmp_path)
    idle = load_model(tmp_path, None)
    with pytest.raises(SetupError, match="to be looked at"):
        idle.score_one(rows()[0])


def test_rows_of_another_width_are_a_sentence_where_they_can_be(model: Model) -> None:
    if model.framework in ("constant", "linear", "softmax", "calibrated"):
        pytest.skip("takes any rows, or leaves it to what is inside")
    with pytest.raises(InputError, match=r"rows have shape \((300|1), 3\)"):
        model.scores(rows()[:, 1:])


BESIDE = {
    "lightgbm": ["model.txt"],
    "sklearn": ["estimator.skops"],
    "xgboost": ["model.ubj"],
    "catboost": ["model.cbm"],
    "onnx": ["model.onnx"],
    "function": ["predict.py"],
}
"""What a framework writes beside its model.json."""


def names_of(model: Model) -> list[str]:
    inner = getattr(model, "inner", None)
    inside = [] if inner is None else [f"inner/{name}" for name in names_of(inner)]
    return sorted([*inside, "model.json", *BESIDE.get(model.framework, [])])


def test_saving_leaves_no_half_files_and_no_pickle(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    save_model(model, tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in files(tmp_path))
    assert names == names_of(model)


def test_every_damaged_file_is_a_sentence(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    for path in files(tmp_path):
        whole = path.read_bytes()
        for cut in (0, 1, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:cut])
            if path.name == "model.txt" and b"\nend of trees\n" in whole[:cut]:
                continue
            # Half of a function is other code, which nobody trusts; only its manifest says that it is damaged.
            kind: type[MainstayError] = TrustError if path.name == "predict.py" else CorruptError
            with pytest.raises(kind, match=r"is damaged|isn't trusted"):
                load_model(tmp_path, lambda: trusted_of(model))
        path.unlink()
        with pytest.raises((CorruptError, NotFoundError)):
            load_model(tmp_path, lambda: trusted_of(model))
        path.write_bytes(whole)
    load_model(tmp_path, lambda: trusted_of(model))


@pytest.mark.parametrize(
    "header",
    [
        {"framework": "pickle"},
        {"framework": "os"},
        {"framework": "../constant"},
        {"framework": "constant.load"},
        {"framework": "__init__"},
        {"framework": ""},
    ],
)
def test_an_unknown_framework_is_refused_by_a_sentence(header: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps(header))
    with pytest.raises(SetupError, match=r"knows .*constant, .*lightgbm, linear"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"framework": 3}', "[" * 5000, "\x80"])
def test_a_header_that_is_none_is_refused_by_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(CorruptError, match=r"model\.json is damaged"):
        load_model(tmp_path)


def test_no_code_runs_when_a_folder_holds_some(tmp_path: Path) -> None:
    for name in ("model.pkl", "linear.py", "__init__.py", "model.joblib"):
        (tmp_path / name).write_text("raise SystemExit('code was run')")
    (tmp_path / "model.json").write_text('{"framework": "linear", "intercept": 0, "logistic": true, "terms": []}')
    assert load_model(tmp_path).scores(np.empty((2, 0))).tolist() == [0.5, 0.5]


def test_an_empty_folder_holds_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model in"):
        load_model(tmp_path)


def test_a_model_nobody_could_load_is_not_saved(tmp_path: Path) -> None:
    class Homemade(ConstantModel):
        framework = "homemade"

    model = Homemade(0.5)
    object.__setattr__(model, "framework", "homemade")
    with pytest.raises(SetupError, match="homemade"):
        save_model(model, tmp_path)
    assert list(tmp_path.iterdir()) == []
