"""Files that follow from the model alone: fitted twice, or in another process, the bytes are the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from io import BytesIO

import numpy as np
import pytest

from mainstay.models.frameworks.sklearn import to_skops
from mainstay.models.skops_file import steadied

pytest.importorskip("skops")

FIT = """
import hashlib, sys
import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from mainstay.models.frameworks.sklearn import to_skops

X = np.random.default_rng(0).normal(size=(80, 3))
forest = RandomForestClassifier(n_estimators=3, random_state=0, n_jobs=1)
model = make_pipeline(make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough"), forest)
print(hashlib.sha256(to_skops(model.fit(X, X[:, 0] > 0))).hexdigest())
"""


def test_a_pipeline_saved_by_two_processes_is_the_same_file() -> None:
    hashes = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", FIT]
        hashes.add(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)
    assert len(hashes) == 1


def test_it_is_still_the_same_estimator() -> None:
    import skops.io  # noqa: PLC0415 - optional
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - optional

    X = np.random.default_rng(0).normal(size=(60, 2))
    fitted = LogisticRegression().fit(X, X[:, 0] > 0)
    written, plain = to_skops(fitted), skops.io.dumps(fitted)
    again = skops.io.loads(written)
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert skops.io.get_untrusted_types(data=written) == skops.io.get_untrusted_types(data=plain)
    assert steadied(written) == written
    with zipfile.ZipFile(BytesIO(written)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert len(archive.namelist()) == len(zipfile.ZipFile(BytesIO(plain)).namelist())


def test_what_is_no_such_file_is_refused() -> None:
    with pytest.raises(zipfile.BadZipFile):
        steadied(b"nothing")


def test_trees_of_catboost_hold_neither_the_moment_nor_a_random_name() -> None:
    catboost = pytest.importorskip("catboost")
    from mainstay.models.frameworks.catboost import serialized  # noqa: PLC0415 - optional

    X = np.random.default_rng(0).normal(size=(60, 2))

    def fit() -> object:
        settings = {"iterations": 3, "verbose": False, "allow_writing_files": False, "random_seed": 1}
        return catboost.CatBoostClassifier(thread_count=1, **settings).fit(X, X[:, 0] > 0)

    first, second = fit(), fit()
    assert hashlib.sha256(serialized(first)).digest() == hashlib.sha256(serialized(second)).digest()
    assert first.get_metadata()["model_guid"] != second.get_metadata()["model_guid"]  # type: ignore[attr-defined]
