"""Models that a real MLflow keeps, in a real SQLite store: fetched by their URI, read by their own format, adopted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data import draft_project, write_project
from mainstay.errors import InputError, NotFoundError, TrustError
from mainstay.models.artefacts import sha256_of
from mainstay.models.mlflow import fetched, read_folder
from mainstay.models.trust import nobody
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.trust import Trusted

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"age": rng.normal(50, 10, 400), "income": rng.gamma(2, 2000, 400)})
    odds = (table["age"] - 50) / 5
    table["churn"] = np.where(rng.random(400) < 1 / (1 + np.exp(-odds)), "1", "0").astype(int)
    return table


@pytest.fixture(scope="module")
def logged(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Log a model of each flavour into a store of SQLite; gives their URIs."""
    import lightgbm  # noqa: PLC0415 - a second to import
    import mlflow.lightgbm  # noqa: PLC0415 - as above
    import mlflow.sklearn  # noqa: PLC0415 - as above
    import mlflow.xgboost  # noqa: PLC0415 - as above
    import xgboost  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    home = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{home}/books.db")
    X, y = rows[["age", "income"]], rows["churn"]
    linear = LogisticRegression().fit(X, y)
    plain: dict[str, Any] = {"pip_requirements": []}
    mlflow.create_experiment("churn", artifact_location=str(home / "artifacts"))
    mlflow.set_experiment("churn")
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(linear, name="linear", registered_model_name="churn", **plain)
        mlflow.sklearn.log_model(linear, name="pickled", serialization_format="cloudpickle", **plain)
        trees = lightgbm.train({"objective": "binary", "verbosity": -1}, lightgbm.Dataset(X, label=y), 10)
        mlflow.lightgbm.log_model(trees, name="trees", **plain)
        boosted = xgboost.XGBClassifier(n_estimators=10).fit(X, y)
        mlflow.xgboost.log_model(boosted.get_booster(), name="boosted", model_format="ubj", **plain)
    mlflow.MlflowClient().set_registered_model_alias("churn", "champion", "1")
    here = {name: f"runs:/{run.info.run_id}/{name}" for name in ("pickled", "trees", "boosted")}
    return {"linear": "models:/churn@champion", **here}


@pytest.fixture
def project(rows: pd.DataFrame, tmp_path: Path) -> Any:
    table = tmp_path / "rows.parquet"
    pl.DataFrame(rows.to_dict("list")).write_parquet(table)
    root = tmp_path / "churn"
    write_project(draft_project(table, "churn", root), root)
    file = root / "mainstay.toml"
    file.write_text(file.read_text() + "\n[evaluation]\nrehearse = false\nrobustness = false\n")
    return open_project(root)


@pytest.mark.parametrize(("name", "framework"), [("linear", "sklearn"), ("trees", "lightgbm"), ("boosted", "xgboost")])
def test_a_uri_of_mlflow_is_the_next_version(name: str, framework: str, logged: dict[str, str], project: Any) -> None:
    brought = lifecycle.read_brought(project, logged[name])
    adopted = lifecycle.adopt(project, brought, now=dt.datetime.now(dt.UTC), by="anna")
    assert adopted.report.in_sample
    with lifecycle.open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, adopted.version.number)
    assert bundle.model.framework == framework
    assert bundle.lineage.parameters["origin"] == logged[name]


def read(uri: str, trusted: Trusted) -> object:
    with fetched(uri) as folder:
        return read_folder(folder, trusted)


def test_a_pickle_of_mlflow_runs_only_where_its_hash_is_trusted(logged: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(TrustError, match=r"model\.pkl is a pickle, which is code, and it isn't trusted here"):
        read(logged["pickled"], nobody)
    folder = mlflow.artifacts.download_artifacts(artifact_uri=logged["pickled"], dst_path=str(tmp_path))
    (path,) = [path for path in tmp_path.rglob("model.pkl") if str(path).startswith(str(folder))]
    keys = frozenset({sha256_of(path)})
    assert type(read(logged["pickled"], lambda: keys)).__name__ == "LogisticRegression"


def test_what_mlflow_does_not_have_is_a_sentence(logged: dict[str, str], tmp_path: Path) -> None:
    del logged
    with pytest.raises(NotFoundError, match=r"MLflow gives no model for models:/nothing@here.*MLFLOW_TRACKING_URI"):
        read("models:/nothing@here", nobody)
    with pytest.raises(InputError, match="is a folder without MLmodel"):
        read_folder(tmp_path, nobody)
    for text, sentence in (
        ("flavors: {spark: {}}", "the flavours spark, of which none is known here"),
        ("flavors: {onnx: {data: ../../secret.onnx}}", "which lies outside"),
        ("nothing: 1", "names no flavours"),
    ):
        (tmp_path / "MLmodel").write_text(text)
        with pytest.raises(InputError, match=sentence):
            read_folder(tmp_path, nobody)
