"""A version as an MLflow model: read by the real MLflow, and answering as mainstay's own server does, to the bit."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Tensor, Text
from mainstay.errors import CorruptError, InputError, MainstayError, SignatureError, TrustError
from mainstay.models import Task
from mainstay.models.columns import Columns
from mainstay.models.features import FeatureCode
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.models.frameworks.function import adopt_code
from mainstay.models.frameworks.linear import Labels, LinearModel, Slope
from mainstay.models.frameworks.softmax import SoftmaxModel
from mainstay.registry import ProjectKeys, trust_model
from mainstay.registry.mlmodel import LOADER
from mainstay.release import open_books
from mainstay.serving import App, Served
from mainstay.serving.mlflow import PROJECT, records_of
from mainstay.serving.testing import (
    GOOD_RECORD,
    TINY_CONTRACT,
    TINY_MODEL,
    TINY_TASK,
    Got,
    register_model,
    release_now,
    tiny_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.models.model import Model
    from mainstay.project import Project

mlflow = pytest.importorskip("mlflow")
pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

EVERYTHING = Contract(
    (
        Text(name="customer", role="id"),
        Integer(name="tenure", min=0, max=100),
        Integer(name="calls", missing="impute", fill=2),
        Number(name="charge", min=0.0, max=500.0, outside="clip", missing="allow"),
        Boolean(name="active"),
        Boolean(name="partner", true="Yes", false="No", missing="allow"),
        Category(name="größe", values=("S", "it's L"), unknown="other"),
        Category(name="season", values=("1", "2"), missing="allow"),
        Datetime(name="joined", missing="allow"),
        Datetime(name="born", format="%d.%m.%Y", missing="allow"),
    )
)
MODEL = LinearModel(
    -1.0,
    (
        Slope(30.0, -0.02),
        Slope(2.0, 0.1),
        Slope(64.0, 0.01, 0.3),
        Slope(0.5, 0.2),
        Slope(0.5, 0.1, 0.4),
        Labels((0.2, -0.2, 0.05, 0.0)),
        Labels((0.1, -0.3, 0.0)),
        Slope(1.7e9, 1e-9, 0.1),
        Slope(1e9, 1e-9, 0.2),
    ),
    logistic=True,
)
BASE: dict[str, Any] = {
    "customer": "7590-VHVEG",
    "tenure": 3,
    "calls": 1,
    "charge": 29.85,
    "active": True,
    "partner": "Yes",
    "größe": "it's L",
    "season": "2",
    "joined": "2024-02-29T12:00:00Z",
    "born": "03.04.1981",
}
VALUES: list[Any] = [None, True, False, 0, 1, 2, 101, -1, 12.0, 12.5, "2", "abc", "Yes", "", "S", "2024-02-30"]
VALUES += ["2024-02-29T12:00:00+02:00", "2024-02-29", "04.03.1981"]


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Register a model; give it as MLflow loads it, and the app that serves it."""

    def make(model: Model, name: str = "churn", **more: Any) -> tuple[Any, App]:
        project = tiny_project(tmp_path, name)
        number = register_model(project, model, **more)
        release_now(project, number)
        served = Served(project, loopback=True)
        served.look()
        return mlflow.pyfunc.load_model(str(folder_of(project, number))), App([served], loopback=True)

    return make


def folder_of(project: Project, number: int = 1) -> Path:
    with open_books(project) as books:
        return books.registry.folder(project.name, number)


def invoke(model: Any, body: Any) -> tuple[int, Any]:
    """Ask as a client of ``mlflow models serve`` does, without the socket."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - a second to import
    from mlflow.pyfunc import scoring_server  # noqa: PLC0415 - as above

    schema = model.metadata.get_input_schema()
    try:
        done = scoring_server.invocations(json.dumps(body), "application/json", model, schema)
    except MlflowException as error:
        return error.get_http_status_code(), error.message
    return done.status, json.loads(done.response)["predictions"]


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    named = ("prediction", "score", "decision", "degraded")
    return all(ours[name] == theirs[name] for name in named) and "; ".join(ours["warnings"]) == theirs["warnings"]


def test_mlflow_answers_and_refuses_each_record_as_our_server_does(load: Any, ask: Callable[..., Got]) -> None:
    model, app = load(MODEL, contract=EVERYTHING)
    taken = refused = 0
    for name in BASE:
        for value in [*VALUES, ...]:
            record = {key: cell for key, cell in BASE.items() if value is not ... or key != name}
            if value is not ...:
                record[name] = value
            ours = ask(app, "/predict", record)
            status, theirs = invoke(model, {"dataframe_records": [record]})
            if name == "charge" and (isinstance(value, bool) or value == ""):
                continue  # the one type left to MLflow: it makes 1.0 and 0.0 of truths, and refuses a blank
            assert (ours.status == 200) == (status == 200), (name, value, ours.body, theirs)
            if status == 200:
                assert same(ours.json, theirs[0]), (name, value, ours.json["warnings"], theirs[0]["warnings"])
                taken += 1
            else:
                assert status == 400, theirs
                refused += 1
    assert taken > 50
    assert refused > 50


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "inputs", "instances"])
def test_every_form_of_body_that_mlflow_knows_is_answered(form: str, load: Any, ask: Callable[..., Got]) -> None:
    model, app = load(TINY_MODEL)
    records = [GOOD_RECORD | {"tenure": tenure} for tenure in (0, 30, 90)]
    columns = list(GOOD_RECORD)
    bodies: dict[str, Any] = {
        "dataframe_split": {"columns": columns, "data": [[record[name] for name in columns] for record in records]},
        "dataframe_records": records,
        "inputs": {name: [record[name] for record in records] for name in columns},
        "instances": records,
    }
    status, said = invoke(model, {form: bodies[form]})
    assert status == 200, said
    assert all(same(ours, each) for ours, each in zip(ask(app, "/predict", records).json, said, strict=True))


def test_a_frame_of_pandas_is_answered_row_by_row_with_its_index(load: Any, ask: Callable[..., Got]) -> None:
    model, app = load(MODEL, contract=EVERYTHING)
    frame = pd.DataFrame(
        {
            "customer": ["a", None, "c"],
            "tenure": [3, 4, 5],
            "calls": [1.0, np.nan, 3.0],  # whole numbers with a gap, as pandas holds them
            "charge": [29.85, np.nan, 900.0],
            "active": [True, False, True],
            "partner": ["Yes", None, "No"],
            "größe": ["S", "M", "it's L"],
            "season": [1, 2, 1],
            "joined": [pd.Timestamp("2024-02-29 12:00"), pd.NaT, pd.Timestamp("2025-01-01", tz="Europe/Berlin")],
            "born": pd.to_datetime(["1981-04-03", None, "1990-01-01"]),
            "unknown to us": [1, 2, 3],
        },
        index=[7, 3, 5],
    )
    said = model.predict(frame)
    assert list(said.index) == [7, 3, 5]
    assert list(said.columns) == ["prediction", "score", "decision", "degraded", "warnings"]
    assert said["degraded"].tolist() == [False, True, True]
    assert said["warnings"].tolist()[0] == ""
    records = [
        BASE | {"customer": "a", "größe": "S", "season": 1},
        {"tenure": 4, "active": False, "größe": "M", "season": 2},
        {"tenure": 5, "calls": 3, "charge": 900.0, "active": True, "partner": "No", "größe": "it's L", "season": 1}
        | {"joined": "2024-12-31T23:00:00Z", "born": "01.01.1990"},
    ]
    ours = ask(app, "/predict", records).json
    assert said["score"].tolist() == [each["score"] for each in ours]
    assert len({*said["score"]}) == 3
    assert model.predict(frame.iloc[:0]).empty


def test_a_row_that_the_contract_refuses_is_named_with_its_field(load: Any) -> None:
    model, _ = load(TINY_MODEL)
    frame = pd.DataFrame([GOOD_RECORD, GOOD_RECORD | {"tenure": 1000}, GOOD_RECORD | {"tenure": -1}])
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"Record 1, field 'tenure'.*1 more problem") as refused:
        model.predict(frame)
    assert refused.value.get_http_status_code() == 400
    with pytest.raises(mlflow.exceptions.MlflowException, match="Model is missing inputs"):
        model.predict(frame.drop(columns="charge"))


def test_several_classes_bring_the_probability_of_each(load: Any, ask: Callable[..., Got]) -> None:
    plan = Labels((0.4, -0.2, 0.0))
    parts = [LinearModel(0.1 * k, (Slope(30.0, 0.01 * k), Slope(64.0, -0.01), plan), logistic=False) for k in range(3)]
    task = Task(kind="multiclass", target="grade", labels=("low", "very high", "it's"))
    model, app = load(SoftmaxModel(tuple(parts)), task=task)
    said = model.predict(pd.DataFrame([GOOD_RECORD]))
    ours = ask(app, "/predict", GOOD_RECORD).json
    assert said["prediction"][0] == ours["prediction"]
    assert {label: said[f"score {label}"][0] for label in task.labels} == ours["scores"]
    assert [each["name"] for each in json.loads(model.metadata.signature.to_dict()["outputs"])] == list(said.columns)


def test_amounts_are_numbers(load: Any) -> None:
    linear = LinearModel(100.0, (Slope(30.0, -0.02), Slope(64.0, 0.01), Labels((0.2, -0.2, 0.0))), logistic=False)
    model, _ = load(linear, task=Task(kind="regression", target="demand"))
    said = model.predict(pd.DataFrame([GOOD_RECORD]))
    assert said["prediction"][0] == said["score"][0] > 99
    assert model.metadata.get_output_schema().input_dict()["prediction"].type.name == "double"


def test_tensors_go_in_as_arrays(load: Any) -> None:
    contract = Contract((Tensor(name="image", shape=(2, 2), dtype="uint8"), Tensor(name="wave", shape=(3,))))
    model, _ = load(ConstantModel(0.7), contract=contract)
    images, waves = np.ones((2, 2, 2), dtype=np.uint8), np.zeros((2, 3), dtype=np.float32)
    assert model.predict({"image": images, "wave": waves})["score"].tolist() == [0.7, 0.7]
    status, said = invoke(model, {"inputs": {"image": images.tolist(), "wave": waves.tolist()}})
    assert (status, [each["score"] for each in said]) == (200, [0.7, 0.7])
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"Record 0, field 'wave': element \[0\] is nan"):
        model.predict({"image": images, "wave": np.full((2, 3), np.nan, dtype=np.float32)})
    mixed = Contract((Tensor(name="wave", shape=(3,)), Number(name="charge")))
    model, _ = load(ConstantModel(0.6), name="mixed", contract=mixed)
    assert model.predict(pd.DataFrame({"wave": [[0.0, 1.0, 2.0]], "charge": [1.5]}))["score"].tolist() == [0.6]


def test_what_is_left_to_a_fallback_is_answered_by_it_or_refused(load: Any) -> None:
    contract = Contract((Number(name="charge", missing="fallback"),))
    slope = LinearModel(-1.0, (Slope(64.0, 0.01),), logistic=True)
    frame = pd.DataFrame({"charge": [1.0, None]})
    model, _ = load(slope, contract=contract, fallback=0.25, task=TINY_TASK)
    said = model.predict(frame)
    assert (said["score"][1], said["degraded"].tolist()) == (0.25, [False, True])
    model, _ = load(slope, name="without", contract=contract)
    with pytest.raises(
        mlflow.exceptions.MlflowException, match=r"Record 1.*left to the fallback, and this version has"
    ):
        model.predict(frame)


def test_mlflow_reads_signature_example_and_environment(load: Any, tmp_path: Path) -> None:
    model, _ = load(MODEL, contract=EVERYTHING)
    folder = str(tmp_path / "churn" / ".mainstay" / "store" / "churn" / "1")
    info = mlflow.models.get_model_info(folder)
    assert info.flavors["python_function"]["loader_module"] == LOADER
    assert info.signature.inputs.optional_input_names() == [
        "customer", "calls", "charge", "partner", "season", "joined", "born"
    ]  # fmt: skip
    assert model.predict(model.input_example)["prediction"][0] in {"Yes", "No"}
    assert mlflow.models.validate_serving_input(folder, info._saved_input_example_info and example(folder)) is not None
    assert mlflow.pyfunc.get_model_dependencies(folder).endswith("requirements.txt")


def example(folder: str) -> str:
    with open(f"{folder}/serving_input_example.json", encoding="utf-8") as file:  # noqa: PTH123 - a text of MLflow's
        return file.read()


def test_damage_is_refused_and_what_mlflow_writes_beside_a_model_is_not(load: Any, tmp_path: Path) -> None:
    load(TINY_MODEL)
    folder = tmp_path / "churn" / ".mainstay" / "store" / "churn" / "1"
    (folder / "registered_model_meta").write_text("model_name: churn\n")
    assert mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame([GOOD_RECORD]))["prediction"][0]
    (folder / "extra.py").write_text("import os")
    with pytest.raises(CorruptError, match=r"The version of churn in .*/1 holds 'extra.py', which nobody listed"):
        mlflow.pyfunc.load_model(str(folder))
    (folder / "extra.py").unlink()
    (folder / "policy.json").chmod(0o600)
    (folder / "policy.json").write_bytes((folder / "policy.json").read_bytes().replace(b"0.3", b"0.9"))
    with pytest.raises(CorruptError, match=r"'policy.json' of The version of churn in .* isn't what was once written"):
        mlflow.pyfunc.load_model(str(folder))
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"holds no manifest\.json: it is no version of mainstay"):
        mlflow.pyfunc.load_model(str(folder))


def test_code_of_a_version_runs_only_where_the_project_of_this_machine_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = FeatureCode(b"def predict(columns):\n    return columns['charge'] / 500\n", "model.py")
    project = tiny_project(tmp_path)
    model = adopt_code(code, Columns.of(TINY_CONTRACT), TINY_TASK)
    trust_model(project, model, by="a test", now=NOON)
    folder = str(folder_of(project, register_model(project, model)))
    with pytest.raises(TrustError, match=f"sha256 {code.sha256}.*was not run.*named by MAINSTAY_PROJECT, which isn't"):
        mlflow.pyfunc.load_model(folder)
    elsewhere = tiny_project(tmp_path, "elsewhere")
    monkeypatch.setenv(PROJECT, str(elsewhere.root))
    with pytest.raises(TrustError, match=f"sha256 {code.sha256}.*was not run"):
        mlflow.pyfunc.load_model(folder)
    with elsewhere.file.path.open("a") as file:
        file.write(f'[serving]\ntrust = ["{code.sha256}"]\n')
    assert mlflow.pyfunc.load_model(folder).predict(pd.DataFrame([GOOD_RECORD]))["score"][0] == 29.85 / 500
    monkeypatch.setenv(PROJECT, str(tmp_path / "nowhere"))
    with pytest.raises(MainstayError, match="nowhere"):
        mlflow.pyfunc.load_model(folder)


def test_where_keys_are_trusted_a_version_that_none_of_them_signed_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsigned = tiny_project(tmp_path, "unsigned")
    loose = str(folder_of(unsigned, register_model(unsigned, TINY_MODEL)))
    project = tiny_project(tmp_path)
    ProjectKeys(project).make("ours", NOON)
    signed = folder_of(project, register_model(project, TINY_MODEL))
    monkeypatch.setenv(PROJECT, str(project.root))
    assert mlflow.pyfunc.load_model(str(signed)).predict(pd.DataFrame([GOOD_RECORD]))["prediction"][0]
    with pytest.raises(SignatureError, match=r"The version in .* isn't signed"):
        mlflow.pyfunc.load_model(loose)


def test_records_of_nothing_named_are_refused() -> None:
    assert list(records_of({"a": np.array([1, 2]), "b": np.array(["x", "y"])})) == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    with pytest.raises(InputError, match="equally long"):
        list(records_of({"a": np.array([1, 2]), "b": np.array([1])}))
    with pytest.raises(InputError, match="equally long"):
        list(records_of({}))
    with pytest.raises(InputError, match="A list holds no named columns"):
        list(records_of([1, 2]))


def test_the_loader_imports_neither_mlflow_nor_the_training_stack() -> None:
    code = f"import {LOADER}, sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mlflow", "yaml", "pandas", "polars", "sklearn", "lightgbm", "scipy"} & set(done.stdout.split())
