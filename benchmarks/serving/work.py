"""The work that every server is given: the same rows, the same trees, the same answers.

14 numbers and 6 categories; a scikit-learn pipeline (median for what is missing, codes for categories, as usual before
trees) with LightGBM's 100 trees of 31 leaves behind it. The same booster answers behind mainstay's encoder, and its
trees as ONNX in the hand-tuned peer. Everything a server needs is written into one folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = tuple(f"number_{i}" for i in range(14))
KINDS = tuple(f"kind_{i}" for i in range(6))
VALUES = ("first", "second", "third", "fourth")
LIMIT = 10.0
RECORDS = 512
TREES, LEAVES = 100, 31
_ROWS = 8000
_ONNX = 15  # the opset that both sides know
Record = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """What every server answers.

    Parameters
    ----------
    folder : Path
        Holds ``pipeline.joblib``, ``model.txt``, ``trees.onnx`` and ``shape.json``.
    pipeline : Pipeline
        As scikit-learn has it.
    records : list of dict
        512 rows.
    expected : list of float
        What the pipeline says of each.

    """

    folder: Path
    pipeline: Pipeline
    records: list[Record]
    expected: list[float]

    @property
    def trees(self) -> str:
        """The booster in LightGBM's own text."""
        return (self.folder / "model.txt").read_text(encoding="utf-8")


def make_work(folder: Path) -> Work:
    """Fit the model, and write what the servers read."""
    rng = np.random.default_rng(7)
    frame = _frame(rng, _ROWS)
    signal = frame["number_0"] + frame["number_1"] * frame["number_2"] / 4 + (frame["kind_0"] == "second")
    target = (signal + rng.normal(0, 1, _ROWS) > 0).astype(int)
    numbers = Pipeline([("impute", SimpleImputer(strategy="median"))])
    codes = OrdinalEncoder(categories=[list(VALUES)] * len(KINDS), handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("kinds", codes, list(KINDS))])
    trees = LGBMClassifier(n_estimators=TREES, num_leaves=LEAVES, n_jobs=1, random_state=7, verbosity=-1)
    pipeline = Pipeline([("prepare", prepare), ("model", trees)]).fit(frame, target)
    sample = _frame(rng, RECORDS)
    _write(folder, pipeline)
    return Work(folder, pipeline, sample.to_dict("records"), pipeline.predict_proba(sample)[:, 1].tolist())


def _frame(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    numbers = {name: np.clip(rng.normal(0, 1, rows), -LIMIT, LIMIT).round(4) for name in NUMBERS}
    return pd.DataFrame(numbers | {name: rng.choice(VALUES, rows) for name in KINDS})


def _write(folder: Path, pipeline: Pipeline) -> None:
    booster = pipeline.named_steps["model"].booster_
    joblib.dump(pipeline, folder / "pipeline.joblib")
    booster.save_model(folder / "model.txt")
    shape = {"numbers": NUMBERS, "kinds": KINDS, "values": VALUES, "limit": LIMIT}
    (folder / "shape.json").write_text(json.dumps(shape), encoding="utf-8")
    width = [None, len(NUMBERS) + len(KINDS)]
    trees = convert_lightgbm(booster, initial_types=[("row", FloatTensorType(width))], target_opset=_ONNX, zipmap=False)
    (folder / "trees.onnx").write_bytes(trees.SerializeToString())
