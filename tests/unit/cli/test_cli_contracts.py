"""`data import` and `data export`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mainstay.cli.program import main
from mainstay.contract import Integer, load_contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Ran = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def go(*words: str) -> Ran:
        code = 0
        try:
            main(list(words))
        except SystemExit as leave:
            code = int(leave.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


def test_import_writes_a_contract_and_says_what_was_left(tmp_path: Path, run: Callable[..., Ran]) -> None:
    schema, out = tmp_path / "schema.json", tmp_path / "contract.toml"
    schema.write_text('{"properties": {"age": {"type": "integer", "minimum": 0, "not": {}}}, "required": ["age"]}')
    code, _, err = run("data", "import", str(schema), "--out", str(out))
    assert code == 0
    assert "age: not isn't carried over." in err
    assert load_contract(out).columns == (Integer(name="age", min=0),)
    out.write_text("mine")
    code, _, err = run("data", "import", str(schema), "--out", str(out))
    assert code == 2
    assert "--force" in err
    assert out.read_text() == "mine"
    code, said, _ = run("data", "import", str(schema), "--out", str(out), "--force", "--json")
    assert code == 0
    assert json.loads(said)["notes"] == ["age: not isn't carried over."]
    assert load_contract(out).columns


@pytest.mark.parametrize("kind", ["json-schema", "openapi", "mlflow", "oip"])
def test_export_describes_the_projects_contract(
    kind: str, small_project: Path, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    code, said, _ = run("data", "export", "--as", kind, "--project", str(small_project))
    assert code == 0
    described = json.loads(said)
    features = load_contract(small_project / "contract.toml").feature_names
    named = {
        "json-schema": lambda: list(described["properties"]),
        "openapi": lambda: list(described["components"]["schemas"]["churn.Record"]["properties"]),
        "mlflow": lambda: [each["name"] for each in json.loads(described["inputs"])],
        "oip": lambda: [each["name"] for each in described["inputs"]],
    }[kind]()
    assert set(features) <= set(named)
    out = tmp_path / "out.json"
    assert run("data", "export", "--as", kind, "--project", str(small_project), "--out", str(out))[0] == 0
    assert json.loads(out.read_text()) == described
    assert run("data", "export", "--as", kind, "--project", str(small_project), "--out", str(out))[0] == 2
