"""LightGBM through ctypes: exactly the Python package's answers, from any thread, and fast."""

from __future__ import annotations

import importlib.util
import threading
import time
from typing import TYPE_CHECKING

import lightgbm
import numpy as np
import pytest

from mainstay.errors import CorruptError, InputError, SetupError
from mainstay.models.frameworks.lightgbm import LightGBMModel, library_path

if TYPE_CHECKING:
    from pathlib import Path


def booster(objective: str, n: int = 4000, features: int = 20, trees: int = 80) -> tuple[lightgbm.Booster, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, features))
    X[:, 1] = rng.integers(0, 12, n)
    X[rng.random((n, features)) < 0.05] = np.nan
    y = np.nan_to_num(X[:, 0]) + (X[:, 1] == 3) + rng.normal(0, 0.3, n)
    y = y if objective == "regression" else (y > 0.4).astype(float) + (objective == "multiclass") * (y > 1.1)
    data = lightgbm.Dataset(X, label=y, categorical_feature=[1])
    options = {"objective": objective, "verbosity": -1, "num_threads": 1, "num_class": 3 if y.max() == 2 else 1}
    return lightgbm.train(options, data, trees), X


@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression"])
def test_answers_are_the_python_packages_bit_for_bit(objective: str) -> None:
    known, X = booster(objective)
    model = LightGBMModel(known.model_to_string())
    X = np.vstack([X, np.full((1, 20), np.nan), np.full((1, 20), -1e300), np.full((1, 20), 99.0)])
    expected = np.asarray(known.predict(X))
    assert np.array_equal(model.scores(X), expected)
    assert [np.asarray(model.score_one(row)).tolist() for row in X] == expected.tolist()


@pytest.mark.parametrize("fills", [{}, {0: 0.25, 5: -1.0}])
def test_a_row_over_bytes_of_its_own_or_of_others_is_read_as_any_other(fills: dict[int, float]) -> None:
    known, X = booster("binary", trees=20)
    model = LightGBMModel(known.model_to_string(), fills)
    for row in X[:50]:
        content, expected = row.tobytes(), model.score_one(row)
        laid = [
            np.frombuffer(content),
            np.frombuffer(b"8 bytes:" + content, offset=8),
            np.frombuffer(content + content)[20:],
            np.frombuffer(row[::-1].tobytes())[::-1],
            np.frombuffer(row.astype(">f8").tobytes(), dtype=">f8"),
        ]
        assert [model.score_one(one) for one in laid] == [expected] * len(laid)


def test_threads_share_a_model_without_mixing_their_answers() -> None:
    known, X = booster("binary")
    model = LightGBMModel(known.model_to_string())
    expected = np.asarray(known.predict(X)).tolist()
    wrong: list[int] = []

    def score(start: int) -> None:
        wrong.extend(k for k in range(start, len(X), 8) if model.score_one(X[k]) != expected[k])

    threads = [threading.Thread(target=score, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_single_row_takes_microseconds() -> None:
    known, X = booster("binary")
    model = LightGBMModel(known.model_to_string())
    model.score_one(X[0])
    start = time.process_time()
    for row in X[:2000]:
        model.score_one(row)
    assert (time.process_time() - start) / 2000 < 60e-6  # 5 us alone on this kind of machine


def test_a_value_that_was_never_missing_in_training_is_filled_and_not_read_as_zero() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(1000, 1, (500, 1))
    trained = lightgbm.train({"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(X, label=X[:, 0]), 20)
    bare = LightGBMModel(trained.model_to_string())
    filled = LightGBMModel(trained.model_to_string(), {0: 1000.0})
    gone, zero, middle = np.array([np.nan]), np.array([0.0]), np.array([1000.0])
    assert bare.score_one(gone) == bare.score_one(zero)  # what LightGBM does by itself
    assert filled.score_one(gone) == filled.score_one(middle) == filled.scores(gone[None])[0]
    assert filled.score_one(gone) != filled.score_one(zero)


def test_rows_of_another_width_are_refused_by_a_sentence() -> None:
    model = LightGBMModel(booster("binary")[0].model_to_string())
    with pytest.raises(InputError, match="takes 20 features"):
        model.scores(np.zeros((3, 19)))


def test_a_text_that_is_no_model_is_refused_before_the_library_sees_it() -> None:
    text = booster("binary")[0].model_to_string()
    for wrong in ("", "tree\n", text[: len(text) // 2], "import os", text.replace("end of trees", "end")):
        with pytest.raises(CorruptError, match="isn't a whole LightGBM model"):
            LightGBMModel(wrong)


def test_a_header_that_disagrees_with_the_trees_is_refused(tmp_path: Path) -> None:
    from mainstay.models import load_model  # noqa: PLC0415 - beside what it is about

    LightGBMModel(booster("binary")[0].model_to_string()).save(tmp_path)
    (tmp_path / "model.json").write_text('{"framework":"lightgbm","features":7,"fills":{}}')
    with pytest.raises(CorruptError, match="20 features, its header says 7"):
        load_model(tmp_path)


def test_without_the_package_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"pip install 'mainstay\[train\]'"):
        library_path()
