"""`ship`: a notebook's estimator and frame become a project and a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import tomlkit
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mainstay
from mainstay.data import draft_project, write_project
from mainstay.errors import DataError, InputError
from mainstay.models.frameworks.sklearn import SklearnModel
from mainstay.release import open_books

if TYPE_CHECKING:
    from pathlib import Path


def by_age(columns: Any) -> Any:
    return (columns["age"] > 50) * 0.5 + 0.2


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 600
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "income": rng.gamma(2, 20_000, n).round(2),
            "plan": rng.choice(["basic", "full", "gone"], n),
            "zone": rng.choice([1, 2, 3], n),
            "member": rng.choice([True, False], n),
        }
    )
    odds = (table["age"] - 50) / 10 + (table["plan"] == "basic") - (table["zone"] == 2)
    table["Churn"] = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "Yes", "No")
    return table


def pipeline(estimator: Any) -> Any:
    before = make_column_transformer(
        (StandardScaler(), ["age", "income"]), (OneHotEncoder(handle_unknown="ignore"), ["plan", "zone", "member"])
    )
    return make_pipeline(before, estimator)


class Failing(LogisticRegression):  # type: ignore[misc]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        del X, y, sample_weight
        raise ValueError("not today")


def test_a_call_that_failed_binds_no_later_one_to_its_columns(frame: pd.DataFrame, tmp_path: Path) -> None:
    root = tmp_path / "churn"
    with pytest.raises(InputError):
        mainstay.ship(pipeline(Failing()), frame.assign(junk=1.5 * frame["age"]), "Churn", to=root)
    first = (root / "contract.toml").read_text(encoding="utf-8")
    assert "[junk]" in first
    with pytest.raises(InputError):
        mainstay.ship(pipeline(Failing()), frame, "Churn", to=root)
    second = (root / "contract.toml").read_text(encoding="utf-8")
    assert "[junk]" not in second
    (root / "contract.toml").write_text(second + "# mine\n", encoding="utf-8")
    with pytest.raises(InputError):
        mainstay.ship(pipeline(Failing()), frame.assign(junk=1.5 * frame["age"]), "Churn", to=root)
    assert (root / "contract.toml").read_text(encoding="utf-8") == second + "# mine\n"


def quiet(frame: pd.DataFrame, target: str, root: Path) -> Path:
    """Draft the project beforehand, so that no worker is started for each version."""
    (root / "data").mkdir(parents=True)
    path = root / "data" / "shipped.parquet"
    pl.DataFrame(frame.to_dict("list")).write_parquet(path)
    write_project(draft_project(path, target, root), root)
    file = root / "mainstay.toml"
    file.write_text(file.read_text() + "\n[evaluation]\nrehearse = false\nrobustness = false\n")
    return root


def gate(shipped: Any, name: str) -> bool:
    return any(finding.ok for finding in shipped.verdict.findings if finding.measure == name)


def test_a_copy_is_fitted_on_the_split(frame: pd.DataFrame, tmp_path: Path) -> None:
    estimator = pipeline(LogisticRegression()).fit(frame.drop(columns=["Churn"]), frame["Churn"])
    before = estimator[-1].coef_.copy()
    shipped = mainstay.ship(estimator, frame, "Churn", to=tmp_path / "churn")
    assert np.array_equal(before, estimator[-1].coef_)  # theirs is left alone
    assert gate(shipped, "not_in_sample")
    assert gate(shipped, "can_be_served")  # a worker was started and answered
    assert shipped.report.candidate == "shipped"
    assert shipped.report.test_rows > 100
    assert repr(shipped).startswith("churn version 1 in ")
    assert "<html" in shipped._repr_html_()
    assert (tmp_path / "churn" / "contract.toml").is_file()


def test_another_one_is_the_next_version_of_the_same_rows(frame: pd.DataFrame, tmp_path: Path) -> None:
    root = quiet(frame, "Churn", tmp_path / "churn")
    one = mainstay.ship(pipeline(LogisticRegression()), frame, "Churn", to=root)
    two = mainstay.ship(pipeline(LogisticRegression()), pl.DataFrame(frame.to_dict("list")), "Churn", to=root)
    assert (one.version.number, two.version.number) == (1, 2)
    assert one.version.data_fingerprint == two.version.data_fingerprint
    assert one.report.measures == two.report.measures


def test_a_fitted_one_is_judged_on_rows_it_never_saw(frame: pd.DataFrame, tmp_path: Path) -> None:
    early, late = frame.iloc[:450], frame.iloc[450:]
    estimator = pipeline(LogisticRegression()).fit(early.drop(columns=["Churn"]), early["Churn"])
    shipped = mainstay.ship(estimator, early, "Churn", to=quiet(early, "Churn", tmp_path / "churn"), holdout=late)
    assert gate(shipped, "not_in_sample")
    assert (shipped.report.train_rows, shipped.report.test_rows) == (450, 150)
    with open_books(shipped.project) as books:
        bundle = books.registry.load_bundle("churn", 1)
    assert isinstance(bundle.model, SklearnModel)
    assert np.allclose(bundle.model.estimator[-1].coef_, estimator[-1].coef_)


def test_what_cannot_be_fitted_anew_is_in_sample_without_a_holdout(frame: pd.DataFrame, tmp_path: Path) -> None:
    shipped = mainstay.ship(by_age, frame, "Churn", to=quiet(frame, "Churn", tmp_path / "churn"))
    assert shipped.report.in_sample
    assert not gate(shipped, "not_in_sample")
    assert shipped.report.notes[0].startswith("IN-SAMPLE")


def test_an_amount_is_shipped(frame: pd.DataFrame, tmp_path: Path) -> None:
    table = frame.drop(columns=["Churn"]).rename(columns={"income": "spent"})
    root = quiet(table, "spent", tmp_path / "spent")
    strict = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["plan"]))
    with pytest.raises(InputError, match=r"can't bear a label that it never saw in 'plan'.*handle_unknown='ignore'"):
        mainstay.ship(make_pipeline(strict, Ridge()), table, "spent", to=root)
    before = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"]))
    shipped = mainstay.ship(make_pipeline(before, Ridge()), table, "spent", to=root)
    assert shipped.report.policy.task.kind == "regression"
    assert (shipped.version.number, shipped.version.made) == (1, "shipped")


def test_an_estimator_that_answers_otherwise_through_the_contract_is_refused(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    before = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]))
    estimator = make_pipeline(before, LogisticRegression()).fit(frame.drop(columns=["Churn"]), frame["Churn"])
    root = quiet(frame, "Churn", tmp_path / "churn")
    contract = tomlkit.parse((root / "contract.toml").read_text())
    contract["income"].update({"max": 30_000.0, "outside": "clip"})  # which the notebook doesn't do
    (root / "contract.toml").write_text(tomlkit.dumps(contract))
    with pytest.raises(InputError, match=r"rows are answered otherwise than in the frame: row \d+ scores"):
        mainstay.ship(estimator, frame, "Churn", to=root, refit=False)
    with open_books(mainstay.open_project(root)) as books:
        assert books.registry.versions("churn") == ()


def test_what_cannot_be_shipped_leaves_nothing(frame: pd.DataFrame, tmp_path: Path) -> None:
    estimator = pipeline(LogisticRegression())
    with pytest.raises(DataError, match=r"has no column 'Churned'\. Did you mean 'Churn'"):
        mainstay.ship(estimator, frame, "Churned", to=tmp_path / "churn")
    with pytest.raises(InputError, match="list is no table"):
        mainstay.ship(estimator, [1, 2], "Churn", to=tmp_path / "churn")
    assert list(tmp_path.iterdir()) == []
    quiet(frame, "Churn", tmp_path / "churn")
    with pytest.raises(InputError, match="already holds a project: it predicts 'Churn'"):
        mainstay.ship(estimator, frame, "plan", to=tmp_path / "churn")
