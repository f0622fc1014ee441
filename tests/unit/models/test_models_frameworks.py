"""The law book of frameworks: every adapter saves data, loads it in a fresh process, and answers the same bits."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mainstay.contract import Boolean, Category, Contract, Number, profile_rows
from mainstay.errors import CorruptError, NotFoundError, SetupError
from mainstay.models import Model, Task, known_frameworks, load_model, save_model
from mainstay.models.columns import Columns
from mainstay.models.convert.forms import to_onnx
from mainstay.models.explain import TOLERANCE, Explainer, Subject
from mainstay.models.frameworks.calibrated import CalibratedModel, Line, Steps
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.lightgbm import LightGBMModel
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.model import Score

FEATURES = 4


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
    "calibrated": lambda: CalibratedModel(linear(logistic=True), (Steps((0.1, 0.4, 0.8), (0.0, 0.3, 0.9)),)),
    "calibrated trees": lambda: CalibratedModel(trees(), (Line(0.8, (-0.3,)), Line(1.0, (1.2,)))),
}


@pytest.fixture(params=list(MODELS))
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param]()


def test_every_framework_is_in_this_law_book() -> None:
    assert {made().framework for made in MODELS.values()} == set(known_frameworks())


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
    assert [_plain(model.score_one(row)) for row in X] == scores.tolist()
    if scores.ndim == 1:
        assert isinstance(model.score_one(X[0]), float)
    else:
        assert np.shape(model.score_one(X[0])) == (CLASSES,)


def _plain(score: Score) -> float | list[float]:
    return score.tolist() if isinstance(score, np.ndarray) else score


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
    (alone,) = explainer.explain(subjects[:1])
    assert [part.part for part in alone.parts] == pytest.approx([part.part for part in many[0].parts], abs=1e-9)
    for one, score in zip(many, model.scores(X).reshape(len(X), -1).max(axis=1), strict=True):
        assert one.gap < TOLERANCE
        told = 1 / (1 + np.exp(-one.score)) if one.scale == "log-odds" else one.score
        assert told == pytest.approx(score, abs=1e-9)
        assert one.typical + sum(part.effect for part in one.parts) == pytest.approx(score, abs=1e-9)


def test_scoring_leaves_the_rows_alone(model: Model) -> None:
    X = rows()
    model.scores(X)
    model.score_one(X[0])
    assert np.array_equal(X, rows(), equal_nan=True)


def test_strided_rows_score_as_their_copies(model: Model) -> None:
    X = rows()
    assert np.array_equal(model.scores(X[::2]), model.scores(X[::2].copy()))
    assert np.array_equal(model.scores(np.asfortranarray(X)), model.scores(X))
    assert np.array_equal(model.score_one(np.asfortranarray(X)[3]), model.score_one(X[3]))


def test_what_is_saved_answers_the_same_bits_in_a_fresh_process(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["framework"] == model.framework
    np.save(tmp_path / "rows.npy", rows())
    code = (
        "import sys, json, numpy as np; from pathlib import Path; from mainstay.models.load import load_model;"
        "folder = Path(sys.argv[1]); model = load_model(folder); X = np.load(folder / 'rows.npy');"
        "print(json.dumps([model.scores(X).tolist(), [np.asarray(model.score_one(row)).tolist() for row in X],"
        "sorted({'lightgbm', 'sklearn', 'scipy', 'pandas', 'polars'} & set(sys.modules))]))"
    )
    out = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=True, timeout=60)
    many, single, stack = json.loads(out.stdout)
    assert many == single == model.scores(rows()).tolist()
    assert stack == []


def test_saving_leaves_no_half_files_and_no_pickle(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    save_model(model, tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in files(tmp_path))
    beside = {"lightgbm": ["model.txt"], "onnx": ["model.onnx"]}.get(model.framework, [])
    own = ["model.json", *beside]
    if isinstance(model, CalibratedModel):
        inside = (
            ["inner/model.json", "inner/model.txt"] if model.inner.framework == "lightgbm" else ["inner/model.json"]
        )
        own = [*inside, "model.json"]
    assert names == own


def test_every_damaged_file_is_a_sentence(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    for path in files(tmp_path):
        whole = path.read_bytes()
        for cut in (0, 1, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:cut])
            if path.name == "model.txt" and b"\nend of trees\n" in whole[:cut]:
                continue
            with pytest.raises(CorruptError, match="is damaged"):
                load_model(tmp_path)
        path.write_bytes(whole)
    load_model(tmp_path)


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
    with pytest.raises(SetupError, match=r"knows .*constant, lightgbm, linear"):
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
