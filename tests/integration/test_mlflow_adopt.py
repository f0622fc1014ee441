"""Models that an MLflow server keeps, of several flavours and our own, become the next version here."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data import draft_project, write_project
from mainstay.errors import InputError, MainstayError, NotFoundError, TrustError
from mainstay.models.mlflow import fetched
from mainstay.project import open_project
from mainstay.release import open_books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

mlflow = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]  # MLflow's own warnings

QUICK = """
[training]
candidates = ["do-nothing", "linear"]

[evaluation]
rehearse = false
robustness = false
"""
FEATURES = """
import polars as pl

def features(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns((pl.col("income") / pl.col("age")).alias("ratio"))
"""


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"age": rng.normal(50, 10, 300), "income": rng.gamma(2, 2000, 300)})
    table["churn"] = (rng.random(300) < 1 / (1 + np.exp(-(table["age"] - 50) / 5))).astype(int)
    return table


@pytest.fixture(scope="module")
def server(mlflow_server: str) -> Iterator[str]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(mlflow_server)
    yield mlflow_server
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def logged(server: str, rows: pd.DataFrame) -> str:
    """Log a model of each flavour to the server, each the champion of its name."""
    import lightgbm  # noqa: PLC0415 - a second to import
    import mlflow.lightgbm  # noqa: PLC0415 - as above
    import mlflow.onnx  # noqa: PLC0415 - as above
    import mlflow.sklearn  # noqa: PLC0415 - as above
    import mlflow.xgboost  # noqa: PLC0415 - as above
    import xgboost  # noqa: PLC0415 - as above
    from skl2onnx import to_onnx  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    X, y = rows[["age", "income"]], rows["churn"]
    linear = LogisticRegression().fit(X.to_numpy(), y)
    plain: dict[str, Any] = {"pip_requirements": []}
    mlflow.set_experiment("elsewhere")
    with mlflow.start_run():
        fitted = LogisticRegression().fit(X, y)
        mlflow.sklearn.log_model(fitted, name="sklearn", registered_model_name="sklearn", **plain)
        trees = lightgbm.train({"objective": "binary", "verbosity": -1}, lightgbm.Dataset(X, label=y), 10)
        mlflow.lightgbm.log_model(trees, name="lightgbm", registered_model_name="lightgbm", **plain)
        boosted = xgboost.XGBClassifier(n_estimators=10).fit(X, y).get_booster()
        mlflow.xgboost.log_model(boosted, name="xgboost", registered_model_name="xgboost", model_format="ubj", **plain)
        graph = to_onnx(linear, X.to_numpy()[:1].astype(np.float32), options={"zipmap": False})
        mlflow.onnx.log_model(graph, name="onnx", registered_model_name="onnx", **plain)
    client = mlflow.MlflowClient()
    for name in ("sklearn", "lightgbm", "xgboost", "onnx"):
        client.set_registered_model_alias(name, "champion", "1")
    return server


def draft(rows: pd.DataFrame, folder: Path, *, features: str = "") -> Project:
    table = folder.parent / f"{folder.name}.parquet"
    pl.DataFrame(rows.to_dict("list")).write_parquet(table)
    write_project(draft_project(table, "churn", folder), folder)
    with (folder / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write(QUICK)
    if features:
        (folder / "features.py").write_text(features, encoding="utf-8")
    return open_project(folder)


def brought(project: Project, uri: str, **more: Any) -> Trained:
    made = lifecycle.read_brought(project, uri, **more)
    return lifecycle.adopt(project, made, now=dt.datetime.now(dt.UTC), by="anna")


@pytest.mark.parametrize("flavour", ["sklearn", "lightgbm", "xgboost", "onnx"])
def test_a_champion_of_a_server_is_the_next_version(
    flavour: str, logged: str, rows: pd.DataFrame, tmp_path: Path
) -> None:
    del logged
    project = draft(rows, tmp_path / "churn")
    adopted = brought(project, f"models:/{flavour}@champion")
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, adopted.version.number)
    assert bundle.model.framework == flavour
    with pytest.raises(NotFoundError, match="MLflow gives no model for models:/nothing@champion"):
        lifecycle.read_brought(project, "models:/nothing@champion")


@pytest.fixture(scope="module")
def told(server: str, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Train a version with code of its own, release it, and tell the server."""
    project = draft(rows, tmp_path_factory.mktemp("here") / "ratio", features=FEATURES)
    now = dt.datetime.now(dt.UTC)
    lifecycle.train(project, now=now, by="anna")
    lifecycle.release(project, 1, reason="first", by="anna", trial=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", server)
        lifecycle.sync_mlflow(project)
    return project


def test_our_own_version_comes_back_as_the_same_model_where_its_code_is_trusted(
    told: Project, rows: pd.DataFrame, tmp_path: Path
) -> None:
    uri = f"models:/{told.name}@champion"
    there = draft(rows, tmp_path / "ratio", features=FEATURES)
    shutil.copy(told.root / "contract.toml", there.root / "contract.toml")
    with pytest.raises(TrustError, match=r"brings code of its own \(features\.py, sha256 .*was not run"):
        lifecycle.read_brought(there, uri)
    with open_books(told) as books:
        first = books.registry.load_bundle(told.name, 1)
    assert first.features is not None
    adopted = brought(there, uri, trust=(first.features.code.sha256,))
    with open_books(there) as books:
        second = books.registry.load_bundle(there.name, adopted.version.number)
    X = np.column_stack([rows["age"], rows["income"], rows["income"] / rows["age"]])
    assert second.model.framework == first.model.framework == "linear"
    assert np.array_equal(second.model.scores(X), first.model.scores(X))
    assert second.lineage.parameters["origin"] == uri


def test_our_own_version_is_refused_where_rows_mean_something_else(
    told: Project, rows: pd.DataFrame, tmp_path: Path
) -> None:
    with open_books(told) as books:
        bundle = books.registry.load_bundle(told.name, 1)
        folder = books.registry.folder(told.name, 1)
    assert bundle.features is not None
    trust = (bundle.features.code.sha256,)
    swapped = draft(rows[["income", "age", "churn"]], tmp_path / "swapped", features=FEATURES)
    with pytest.raises(InputError, match="was made for other columns: 'age' isn't the same, or isn't at"):
        brought(swapped, str(folder), trust=trust)
    answers = rows.assign(churn=np.where(rows["churn"] == 1, "gone", "stays"))
    other = draft(answers, tmp_path / "other", features=FEATURES)
    with pytest.raises(InputError, match="answers another question: 0, 1"):
        brought(other, str(folder), trust=trust)


def test_a_bundle_that_was_changed_on_the_server_is_not_adopted(
    told: Project, rows: pd.DataFrame, tmp_path: Path
) -> None:
    with open_books(told) as books:
        shutil.copytree(books.registry.folder(told.name, 1), tmp_path / "model")
    (tmp_path / "model" / "policy.json").chmod(0o600)
    (tmp_path / "model" / "policy.json").write_bytes(b"{}")
    with mlflow.start_run(experiment_id=mlflow.create_experiment("forged")) as run:
        mlflow.log_artifacts(str(tmp_path / "model"), "model")
    with pytest.raises(MainstayError, match=r"'policy\.json' of .* isn't what was once written"):
        lifecycle.read_brought(draft(rows, tmp_path / "churn"), f"runs:/{run.info.run_id}/model")


def test_a_server_that_is_away_is_told_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow.set_tracking_uri("http://127.0.0.1:1")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    begun = time.monotonic()
    try:
        with pytest.raises(NotFoundError, match="Connection refused") as told, fetched("models:/churn@champion"):
            pass
    finally:
        mlflow.set_tracking_uri(None)
    assert time.monotonic() - begun < 20
    assert "Errno" not in str(told.value)
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_server_that_nobody_named_is_asked_for_and_no_database_is_made(tmp_path: Path) -> None:
    program = "from mainstay.models.mlflow import fetched\nwith fetched('models:/churn@champion'): pass"
    free = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, env=free, capture_output=True, text=True, check=False)
    assert "Nothing says which MLflow server has models:/churn@champion." in ran.stderr
    assert list(tmp_path.iterdir()) == []
