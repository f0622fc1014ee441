"""The files that make a bundle an MLflow model: the same bytes for the same version, and YAML that is one."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from mainstay.contract import Category, Contract, Number, Tensor
from mainstay.contract.formats.yaml_text import read_yaml
from mainstay.registry.mlmodel import LOADER, mlflow_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mainstay.registry import Entry, Registry, Version

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
AWKWARD = 'it\'s: "größe" \u2028 # {x}'


def registered(registry: Registry, entry: Entry) -> tuple[Version, Path]:
    version = registry.register(entry)
    return version, registry.folder(version.model, version.number)


def test_a_bundle_holds_an_mlmodel_that_its_manifest_lists(registry: Registry, entry: Entry) -> None:
    _, folder = registered(registry, entry)
    model = read_yaml((folder / "MLmodel").read_text(encoding="utf-8"))
    assert isinstance(model, dict)
    function = model["flavors"]["python_function"]
    assert function["loader_module"] == LOADER
    assert (folder / function["env"]["virtualenv"]).is_file()
    columns = {each["name"]: (each["type"], each["required"]) for each in json.loads(model["signature"]["inputs"])}
    assert columns == {
        "tenure": ("any", True),
        "charges": ("double", False),
        "partner": ("any", True),
        "plan": ("string", True),
    }
    example = json.loads((folder / model["saved_input_example_info"]["artifact_path"]).read_bytes())
    assert dict(zip(example["columns"], example["data"][0], strict=True)) == entry.golden[0].record
    listed = {file["path"] for file in json.loads((folder / "manifest.json").read_bytes())["files"]}
    assert {"MLmodel", "python_env.yaml", "input_example.json", "serving_input_example.json"} <= listed


def test_the_same_version_has_the_same_bytes(entry: Entry, registry: Registry) -> None:
    version, folder = registered(registry, entry)
    for name, content in mlflow_files(entry, version.created, "requirements.txt").items():
        assert (folder / name).read_bytes() == content


def test_names_that_yaml_has_a_quarrel_with_are_read_back(entry: Entry) -> None:
    contract = Contract((Number(name=AWKWARD), Category(name="plan", values=("a", "b"))))
    files = mlflow_files(replace(entry, contract=contract, golden=()), NOON, "requirements.txt")
    model = read_yaml(files["MLmodel"].decode())
    assert isinstance(model, dict)
    assert json.loads(model["signature"]["inputs"])[0]["name"] == AWKWARD
    assert "input_example.json" not in files
    environment = read_yaml(files["python_env.yaml"].decode())
    assert isinstance(environment, dict)
    assert environment["dependencies"] == ["-r requirements.txt", "mlflow>=3", "pandas"]


def test_a_model_of_tensors_alone_has_no_frame_for_an_example(entry: Entry) -> None:
    contract = Contract((Tensor(name="image", shape=(2, 2), dtype="uint8"),))
    assert set(mlflow_files(replace(entry, contract=contract), NOON, "r.txt")) == {"MLmodel", "python_env.yaml"}


def test_a_bundle_from_before_there_was_an_mlmodel_is_loaded(
    registry: Registry, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.registry.bundle.mlflow_files", lambda *_: {})
    version, folder = registered(registry, entry)
    assert not (folder / "MLmodel").exists()
    assert registry.load_bundle("churn", version.number).contract == entry.contract


def test_writing_it_needs_neither_mlflow_nor_yaml() -> None:
    code = "import mainstay.registry, sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"mlflow", "yaml"} & set(done.stdout.split())
