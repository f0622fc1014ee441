"""A model that was made elsewhere becomes a version: honest about the rows it saw, trusted only where that is said."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay import lifecycle
from mainstay.data.simulator import TARGET
from mainstay.errors import InputError, MainstayError, NotFoundError, ProjectError, TrustError
from mainstay.models.artefacts import sha256_of
from mainstay.project import open_project
from mainstay.registry import golden_failures
from mainstay.release import open_books

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mainstay.lifecycle import Trained
    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def notebook(simulated_csv: Path) -> pd.DataFrame:
    return pl.read_csv(simulated_csv).to_pandas()


@pytest.fixture
def project(untrained: Project) -> Project:
    file = untrained.root / "mainstay.toml"
    file.write_text(
        file.read_text(encoding="utf-8") + "\n[evaluation]\nrehearse = false\nrobustness = false\n", encoding="utf-8"
    )
    return open_project(untrained.root)


def fitted(frame: pd.DataFrame) -> Any:
    """Fit what a notebook would, on the columns of the contract that are numbers or labels."""
    from sklearn.compose import make_column_selector, make_column_transformer  # noqa: PLC0415 - a second to import
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415 - as above

    X = frame.drop(columns=[TARGET, "customer_id", "observed_at"])
    before = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(before, LogisticRegression()).fit(X, frame[TARGET])


def adopt(project: Project, artefact: Path | str, **options: Any) -> Trained:
    reading = {name: options.pop(name) for name in ("trust", "refit", "allow_pickle") if name in options}
    brought = lifecycle.read_brought(project, str(artefact), **reading)
    return lifecycle.adopt(project, brought, now=NOW, by="anna", **options)


def versions(project: Project) -> int:
    return len(lifecycle.versions(project))


def gate(adopted: Trained, name: str) -> bool | None:
    return next(finding.ok for finding in adopted.verdict.findings if finding.measure == name)


def saved(estimator: Any, path: Path) -> Path:
    import joblib  # noqa: PLC0415 - comes with scikit-learn
    import skops.io  # noqa: PLC0415 - a second to import

    if path.suffix == ".skops":
        skops.io.dump(estimator, path)
    else:
        joblib.dump(estimator, path)
    return path


def test_a_pipeline_with_rows_it_never_saw_is_a_version_that_may_pass(
    project: Project, notebook: pd.DataFrame, tmp_path: Path
) -> None:
    early, late = notebook.iloc[:1500], notebook.iloc[1500:]
    early.to_csv(tmp_path / "early.csv", index=False)
    late.to_csv(tmp_path / "late.csv", index=False)
    estimator = fitted(early)
    adopted = adopt(
        project,
        saved(estimator, tmp_path / "model.skops"),
        source=tmp_path / "early.csv",
        holdout=tmp_path / "late.csv",
    )
    assert gate(adopted, "not_in_sample") is True
    assert not adopted.report.in_sample
    assert (adopted.report.train_rows, adopted.report.test_rows) == (1500, 500)
    assert adopted.report.candidate == "adopted"
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
    assert bundle.model.framework == "sklearn"
    assert golden_failures(bundle.contract, bundle.model, bundle.golden) == ()
    assert "whoever answers with it needs sklearn, skops, pandas" in bundle.card
    roc = adopted.report.measure("roc_auc")
    assert roc is not None
    assert roc.value is not None
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - a second to import

    X = late.drop(columns=[TARGET])
    assert roc.value == pytest.approx(roc_auc_score(late[TARGET] == "Yes", estimator.predict_proba(X)[:, 1]))


def test_without_rows_it_never_saw_every_score_is_marked_and_a_gate_fails(
    project: Project, notebook: pd.DataFrame, tmp_path: Path
) -> None:
    path = saved(fitted(notebook), tmp_path / "model.skops")
    adopted = adopt(project, path)
    assert adopted.report.in_sample
    assert gate(adopted, "not_in_sample") is False
    assert not adopted.verdict.ok
    assert all(finding.note.startswith("In-sample") for finding in adopted.report.measures)
    others = [one.primary for one in adopted.report.contenders if not one.chosen]
    assert not any(finding.note.startswith("In-sample") for finding in others)
    anew = adopt(project, path, refit=True)
    assert gate(anew, "not_in_sample") is True
    assert (anew.version.number, anew.version.made) == (2, "adopted")


def test_a_pickle_runs_only_where_its_hash_is_given(project: Project, notebook: pd.DataFrame, tmp_path: Path) -> None:
    path = saved(fitted(notebook), tmp_path / "model.joblib")
    found = sha256_of(path)
    with pytest.raises(TrustError, match=rf"is a pickle, which is code.*--trust {found}"):
        adopt(project, path)
    assert versions(project) == 0
    adopt(project, path, trust=(found,))
    with open_books(project) as books:  # it is kept as data, so nothing of it needs trust
        assert (books.registry.folder(project.name, 1) / "model" / "estimator.skops").is_file()


def test_a_booster_and_rules_and_a_function_are_adopted(
    project: Project, notebook: pd.DataFrame, tmp_path: Path
) -> None:
    import lightgbm  # noqa: PLC0415 - a second to import

    X = notebook[["tenure_months", "monthly_price", "support_calls"]]
    estimator = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1).fit(X, notebook[TARGET] == "Yes")
    estimator.booster_.save_model(tmp_path / "model.txt")
    one = adopt(project, tmp_path / "model.txt")
    (tmp_path / "heuristic.toml").write_text(
        "otherwise = 0.1\n[[rule]]\nwhen = \"contract == 'monthly' and tenure_months < 12\"\nscore = 0.5\n"
    )
    two = adopt(project, tmp_path / "heuristic.toml")
    assert gate(two, "not_in_sample") is True  # rules learned from no rows
    code = tmp_path / "rule.py"
    code.write_text("def predict(columns):\n    return 0.1 + 0.4 * (columns['contract'] == 'monthly')\n")
    with pytest.raises(TrustError, match="is code, and it isn't trusted here"):
        adopt(project, code)
    three = adopt(project, code, trust=(sha256_of(code),))
    assert [each.version.number for each in (one, two, three)] == [1, 2, 3]
    with open_books(project) as books:
        assert books.registry.load_bundle(project.name, 1).model.framework == "arranged"
        assert books.registry.load_bundle(project.name, 3).model.framework == "function"  # trusted: it ran here
    (project.books / "trust").unlink()
    with open_books(project) as books, pytest.raises(TrustError, match=r"predict\.py, sha256"):
        books.registry.load_bundle(project.name, 3)


@pytest.mark.parametrize(
    ("name", "content", "error", "sentence"),
    [
        ("model.onnx", b"nothing", MainstayError, "isn't an ONNX model|is damaged"),
        ("model.txt", b"tree\nhalf", InputError, "isn't a LightGBM model"),
        ("model.json", b"{}", InputError, "isn't an XGBoost model"),
        ("model.ubj", b"\x00\x01", InputError, "isn't an XGBoost model"),
        ("model.cbm", b"CBM1xxxx", InputError, "isn't a CatBoost model"),
        ("model.skops", b"PK", MainstayError, "can't be read by skops"),
        ("model.h5", b"", InputError, "no saved model ends in"),
        ("model.toml", b"otherwise = 2", ProjectError, "otherwise: the score is 2"),
        (
            "model.toml",
            b'otherwise = 0.1\n[[rule]]\nwhen = "nothing > 2"\nscore = 0.2',
            ProjectError,
            "there is no 'nothing'",
        ),
    ],
)
def test_files_that_are_no_models_register_nothing(  # noqa: PLR0917 - as they are told
    name: str, content: bytes, error: type[Exception], sentence: str, project: Project, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=sentence):
        adopt(project, tmp_path / name)
    assert versions(project) == 0
    with pytest.raises(NotFoundError, match="There is no"):
        adopt(project, tmp_path / "nowhere.onnx")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return np.zeros((len(columns['plan']), 3))", r"an array of shape \(1500, 3\)"),
        ("return np.full(len(columns['plan']), np.nan)", "are no numbers"),
        ("return np.full((len(columns['plan']), 2), 0.3)", "don't sum to one"),
        ("return 7 * np.ones(len(columns['plan']))", "reach beyond 0 and 1"),
        ("return columns['plan']", "which is no number"),
        ("return 1 / 0", r"predict\.py, line 3: ZeroDivisionError"),
        ("return columns['plans']", r"predict\.py, line 3: KeyError"),
    ],
)
def test_a_model_that_answers_nonsense_registers_nothing(
    body: str, sentence: str, project: Project, tmp_path: Path
) -> None:
    code = tmp_path / "predict.py"
    code.write_text(f"import numpy as np\ndef predict(columns):\n    {body}\n")
    with pytest.raises(InputError, match=sentence):
        adopt(project, code, trust=(sha256_of(code),))
    assert versions(project) == 0
    assert not any(path.is_dir() for path in (project.books / "store").rglob("*.part"))


def test_a_fitted_model_of_other_columns_registers_nothing(
    project: Project, notebook: pd.DataFrame, tmp_path: Path
) -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a second to import

    X = notebook[["tenure_months"]].rename(columns={"tenure_months": "tenure"})
    path = saved(LogisticRegression().fit(X, notebook[TARGET]), tmp_path / "model.skops")
    with pytest.raises(InputError, match="a column 'tenure', which no record has"):
        adopt(project, path)
    path = saved(LogisticRegression().fit(notebook[["tenure_months"]], notebook["plan"]), tmp_path / "model.skops")
    with pytest.raises(InputError, match="knows the labels 'basic'"):
        adopt(project, path)
    assert versions(project) == 0


def test_an_estimator_that_cannot_be_saved_safely_registers_nothing_unless_a_pickle_is_allowed(
    project: Project, notebook: pd.DataFrame
) -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a second to import
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import FunctionTransformer  # noqa: PLC0415 - as above

    def tenure(frame: Any) -> Any:
        return np.asarray(frame[["tenure_months"]])

    estimator = make_pipeline(FunctionTransformer(tenure), LogisticRegression()).fit(
        notebook[["tenure_months", "plan"]], notebook[TARGET]
    )
    brought = lifecycle.Brought(estimator, origin="a notebook")
    with pytest.raises(InputError, match="can't be saved safely"):
        lifecycle.adopt(project, brought, now=NOW, by="anna")
    assert versions(project) == 0
    allowed = lifecycle.Brought(estimator, origin="a notebook", allow_pickle=True)
    lifecycle.adopt(project, allowed, now=NOW, by="anna")
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
    assert "this version contains code (a pickle, sha256" in bundle.card
    assert golden_failures(bundle.contract, bundle.model, bundle.golden) == ()


def test_a_project_brings_rules_and_an_estimator_of_its_own(project: Project) -> None:
    (project.root / "heuristic.toml").write_text(
        "otherwise = 0.1\n[[rule]]\nwhen = \"contract == 'monthly' and tenure_months < 12\"\nscore = 0.5\n"
    )
    (project.root / "model.py").write_text(
        "from sklearn.compose import make_column_transformer\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import OneHotEncoder\n\n\n"
        "def model():\n"
        "    codes = make_column_transformer((OneHotEncoder(handle_unknown='ignore'), ['contract', 'plan']))\n"
        "    return make_pipeline(codes, RandomForestClassifier(20, random_state=1))\n"
    )
    trained = lifecycle.train(project, now=NOW, by="anna")
    assert [one.name for one in trained.report.contenders] == ["do-nothing", "heuristic", "linear", "model.py"]
    (project.root / "model.py").write_text("def model():\n    return 1 / 0\n")
    with pytest.raises(MainstayError, match=r"model\.py, line 2: ZeroDivisionError"):
        lifecycle.train(project, now=NOW, by="anna")
    (project.root / "model.py").write_text("def estimator():\n    return 1\n")
    with pytest.raises(ProjectError, match=r"model\.py has no function 'model'"):
        lifecycle.train(project, now=NOW, by="anna")
    assert versions(project) == 1


def test_a_candidate_that_is_named_and_not_there_is_a_sentence(project: Project) -> None:
    file = project.root / "mainstay.toml"
    file.write_text(file.read_text().replace('["do-nothing", "linear"]', '["linear", "heuristic"]'))
    with pytest.raises(ProjectError, match=r"names 'heuristic', and there is no heuristic\.toml"):
        lifecycle.train(open_project(project.root), now=NOW, by="anna")
