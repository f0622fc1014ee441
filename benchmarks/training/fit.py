"""Fit one contender on one table's arrays, in a process of its own; print its figures as one line of JSON.

    python benchmarks/training/fit.py CONTENDER ARRAYS.npz SECONDS

Run by the interpreter of the contender's own environment: this file imports nothing of mainstay. Memory is the peak
of the process beyond what it held when the arrays and the contender's libraries were loaded.
"""

# ruff: noqa: PLC0415 - each contender imports what is its own
from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np

warnings.filterwarnings("ignore")
SEED, FOLDS, TRIALS_PATIENCE = 7, 5, 50


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(kind: str, y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    if kind == "regression":
        return {"loss": float(np.sqrt(np.mean((y - scores) ** 2)))}
    said = np.clip(np.where(y > 0.5, scores, 1 - scores), 1e-12, 1)
    cut = 1 / 6  # where refusing pays, if a bad customer taken costs 5 and a good one refused 1
    cost = np.where(y > 0.5, np.where(scores >= cut, 0, 5), np.where(scores >= cut, 1, 0))
    return {"loss": float(-np.log(said).mean()), "ece": calibration_error(y, scores), "cost": 1000 * float(cost.mean())}


def calibration_error(y: np.ndarray, scores: np.ndarray, bins: int = 10) -> float:
    parts = np.array_split(np.argsort(scores, kind="stable"), bins)
    return float(sum(abs(y[one].mean() - scores[one].mean()) * one.size for one in parts) / y.size)


def dataset(arrays: Any) -> tuple[np.ndarray, np.ndarray, list[int], str]:
    return arrays["X"], arrays["y"], [j for j, n in enumerate(arrays["labels"]) if n > 3], str(arrays["kind"])


def frame(X: np.ndarray, arrays: Any) -> Any:
    """Make the table AutoML tools expect: labels as categories."""
    import pandas as pd

    made = pd.DataFrame(X, columns=[f"f{j}" for j in range(X.shape[1])])
    for j, count in enumerate(arrays["labels"]):
        if count:
            made[f"f{j}"] = made[f"f{j}"].fillna(-1).astype(int).astype(str).astype("category")
    return made


def linear(arrays: Any, _: float) -> np.ndarray:
    """Fit what the field writes first: one-hot, scaled, logistic or ridge regression with their defaults."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    labels = [j for j, n in enumerate(arrays["labels"]) if n]
    numbers = [j for j, n in enumerate(arrays["labels"]) if not n]
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("labels", OneHotEncoder(handle_unknown="ignore"), labels),
        ]
    )
    last = LogisticRegression(max_iter=2000) if str(arrays["kind"]) == "binary" else Ridge()
    model = make_pipeline(prepare, last).fit(arrays["X"], arrays["y"])
    return answers(model, arrays["X_test"])


def answers(model: Any, X: Any) -> np.ndarray:
    return np.asarray(model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.predict(X))


def parameters(kind: str, **more: Any) -> dict[str, Any]:
    fixed = {"objective": "binary" if kind == "binary" else "regression", "metric": "binary_logloss"}
    metric = {} if kind == "binary" else {"metric": "rmse"}
    return {**fixed, **metric, "seed": SEED, "verbosity": -1, "feature_pre_filter": False, **more}


def lightgbm_default(arrays: Any, _: float) -> np.ndarray:
    """Fit LightGBM as it comes: 100 trees of 31 leaves."""
    import lightgbm as lgb

    X, y, places, kind = dataset(arrays)
    made = lgb.Dataset(X, label=y, categorical_feature=places, params={"verbosity": -1})
    return np.asarray(lgb.train(parameters(kind), made, 100).predict(arrays["X_test"]))


def optuna(arrays: Any, seconds: float) -> np.ndarray:
    """Search LightGBM's parameters with five folds and early stopping until the time is over; fit the best on all."""
    import lightgbm as lgb
    import optuna as tuner

    tuner.logging.set_verbosity(tuner.logging.ERROR)
    X, y, places, kind = dataset(arrays)

    def data() -> Any:
        return lgb.Dataset(
            X, label=y, categorical_feature=places, params={"verbosity": -1, "feature_pre_filter": False}
        )

    def folds() -> list[tuple[np.ndarray, np.ndarray]]:
        if bool(arrays["timed"]):
            cuts = np.arange(1, FOLDS + 1) * y.size // (FOLDS + 1)
            ends = [*cuts[1:], y.size]
            return [(np.arange(a), np.arange(a, b)) for a, b in zip(cuts, ends, strict=True)]
        dealt = np.random.default_rng(SEED).permutation(y.size)
        order = dealt[np.argsort(y[dealt], kind="stable")] if kind == "binary" else dealt
        fold = np.empty(y.size, dtype=int)
        fold[order] = np.arange(y.size) % FOLDS
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]

    parts = folds()

    def objective(trial: Any) -> float:
        asked = parameters(
            kind,
            num_leaves=trial.suggest_int("num_leaves", 3, 255, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            min_data_in_leaf=trial.suggest_int("min_data_in_leaf", 1, 200, log=True),
            feature_fraction=trial.suggest_float("feature_fraction", 0.3, 1.0),
            bagging_fraction=trial.suggest_float("bagging_fraction", 0.4, 1.0),
            bagging_freq=1,
            lambda_l1=trial.suggest_float("lambda_l1", 1e-8, 10.0, log=True),
            lambda_l2=trial.suggest_float("lambda_l2", 1e-8, 100.0, log=True),
        )
        stop = lgb.early_stopping(TRIALS_PATIENCE, verbose=False)
        found = lgb.cv(asked, data(), 2000, folds=parts, callbacks=[stop])
        curve = next(values for name, values in found.items() if name.endswith("-mean"))
        trial.set_user_attr("trees", len(curve))
        return float(curve[-1])

    study = tuner.create_study(sampler=tuner.samplers.TPESampler(seed=SEED))
    study.optimize(objective, timeout=seconds)
    best = study.best_trial
    asked = parameters(kind, bagging_freq=1, **best.params)
    return np.asarray(lgb.train(asked, data(), best.user_attrs["trees"]).predict(arrays["X_test"]))


def flaml(arrays: Any, seconds: float) -> np.ndarray:
    """Let FLAML choose for so many seconds."""
    from flaml import AutoML

    timed = {"eval_method": "cv", "split_type": "time"} if bool(arrays["timed"]) else {}
    binary = str(arrays["kind"]) == "binary"
    task = {"task": "classification", "metric": "log_loss"} if binary else {"task": "regression", "metric": "rmse"}
    model = AutoML()
    y = arrays["y"].astype(int) if binary else arrays["y"]
    model.fit(frame(arrays["X"], arrays), y, time_budget=seconds, seed=SEED, verbose=0, **task, **timed)
    X = frame(arrays["X_test"], arrays)
    return np.asarray(model.predict_proba(X)[:, 1] if binary else model.predict(X))


def autogluon(arrays: Any, seconds: float) -> np.ndarray:
    """Let AutoGluon stack for so many seconds."""
    from autogluon.tabular import TabularPredictor

    binary = str(arrays["kind"]) == "binary"
    rows = frame(arrays["X"], arrays).assign(target=arrays["y"].astype(int) if binary else arrays["y"])
    with tempfile.TemporaryDirectory() as folder:
        made = TabularPredictor("target", path=folder, eval_metric="log_loss" if binary else "rmse", verbosity=0)
        made.fit(rows, time_limit=seconds, presets="medium_quality")
        X = frame(arrays["X_test"], arrays)
        return np.asarray(made.predict_proba(X)[1] if binary else made.predict(X), dtype=np.float64)


CONTENDERS = {
    "linear": linear,
    "lightgbm_default": lightgbm_default,
    "optuna": optuna,
    "flaml": flaml,
    "autogluon": autogluon,
}
LIBRARIES = {
    "linear": ("sklearn.pipeline", "sklearn.compose", "sklearn.linear_model"),
    "lightgbm_default": ("lightgbm",),
    "optuna": ("lightgbm", "optuna"),
    "flaml": ("flaml", "lightgbm", "xgboost"),
    "autogluon": ("autogluon.tabular",),
}


def main(name: str, path: str, seconds: float) -> None:
    arrays = dict(np.load(path))
    for library in LIBRARIES[name]:
        __import__(library)
    before, start = peak_mib(), time.perf_counter()
    scores = CONTENDERS[name](arrays, seconds)
    took = time.perf_counter() - start
    figures = measure(str(arrays["kind"]), arrays["y_test"], scores)
    np.save(path.replace(".npz", f".{name}.npy"), scores)
    print(json.dumps({**figures, "seconds": took, "extra_mib": peak_mib() - before, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
