"""Descriptions for other tools, held against those tools where they can be had."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.peers import peer

from mainstay.contract import (
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Tensor,
    Text,
    compile_request,
    json_schema,
)
from mainstay.contract.formats import inference_metadata, mlflow_signature
from mainstay.contract.formats.inference import TensorMetadata
from mainstay.errors import RecordError
from mainstay.serving.openapi import openapi_of

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = Contract(
    (
        Text(name="customer", role="id"),
        Integer(name="tenure", min=0, max=100, unit="months", description="How long."),
        Number(name="charges", min=0.0, missing="allow"),
        Number(name="balance", min=0.0, outside="clip"),
        Boolean(name="partner", true="Yes", false="No"),
        Boolean(name="active"),
        Category(name="plan", values=("a", "b"), unknown="reject"),
        Category(name="season", values=("1", "2"), unknown="reject", missing="impute"),
        Text(name="zip", pattern="[0-9]{5}", missing="allow"),
        Text(name="größe", min_length=1, max_length=3),
        Datetime(name="joined", missing="flag"),
        Tensor(name="image", shape=(2, 2), dtype="uint8"),
        Tensor(name="wave", shape=(3,), dtype="float32", min=-1.0, max=1.0),
        Integer(name="target", role="target"),
        Text(name="note", role="ignored"),
    )
)
TENSORS = Contract(tuple(column for column in EVERYTHING.columns if isinstance(column, Tensor)))


def test_the_signature_of_mlflow_names_columns_types_and_what_may_be_absent() -> None:
    signature = mlflow_signature(EVERYTHING, amounts=False)
    inputs = {each.pop("name"): each for each in json.loads(signature.inputs)}
    assert inputs == {
        "customer": {"type": "string", "required": False},
        "tenure": {"type": "long", "required": True},
        "charges": {"type": "double", "required": False},
        "balance": {"type": "double", "required": True},
        "partner": {"type": "string", "required": True},
        "active": {"type": "boolean", "required": True},
        "plan": {"type": "string", "required": True},
        "season": {"type": "string", "required": False},
        "zip": {"type": "string", "required": False},
        "größe": {"type": "string", "required": True},
        "joined": {"type": "datetime", "required": False},
        "image": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}, "required": True},
        "wave": {"type": "array", "items": {"type": "float"}, "required": True},
    }
    assert [each["name"] for each in json.loads(signature.outputs)] == ["prediction", "score", "decision"]
    assert json.loads(signature.outputs)[0]["type"] == "string"
    assert json.loads(mlflow_signature(EVERYTHING, amounts=True).outputs)[0]["type"] == "double"


def test_a_model_of_tensors_alone_has_a_signature_of_tensors() -> None:
    assert json.loads(mlflow_signature(TENSORS, amounts=False).inputs) == [
        {"name": "image", "type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 2, 2]}},
        {"name": "wave", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}},
    ]


def test_the_metadata_of_the_open_inference_protocol_names_datatypes_and_shapes() -> None:
    metadata = inference_metadata(EVERYTHING, "churn", amounts=True, versions=("3",))
    assert (metadata.name, metadata.platform, metadata.versions) == ("churn", "mainstay", ("3",))
    inputs = {each.name: (each.datatype, each.shape) for each in metadata.inputs}
    assert inputs["tenure"] == ("INT64", (-1, 1))
    assert inputs["charges"] == ("FP64", (-1, 1))
    assert inputs["active"] == ("BOOL", (-1, 1))
    assert inputs["partner"] == inputs["plan"] == inputs["joined"] == inputs["customer"] == ("BYTES", (-1, 1))
    assert inputs["image"] == ("UINT8", (-1, 2, 2))
    assert inputs["wave"] == ("FP32", (-1, 3))
    assert inputs.keys() & {"target", "note"} == set()
    assert metadata.outputs[0] == TensorMetadata("prediction", "FP64", (-1, 1))


VALUES: list[Any] = [None, True, False, 0, 1, 2, 101, -1, 1.5, "a", "1", "Yes", "12345", "", "abcd", "🦊", [], {}]
VALUES += ["2024-02-29T12:00:00Z", "2024-02-30", "soon", [[1, 2], [3, 255]], [[1, 2], [3, 256]], [1, 2], [0.5, 0, -1]]
BASE: dict[str, Any] = {
    "tenure": 3,
    "balance": 1.5,
    "partner": "Yes",
    "active": True,
    "plan": "a",
    "größe": "xl",
    "image": [[0, 1], [2, 3]],
    "wave": [0.0, 0.5, 1],
}


def records() -> list[dict[str, Any]]:
    """Give the good record with each field being each value, and with each field gone."""
    fields = [column.name for column in EVERYTHING.columns if column.role in ("feature", "id")]
    changed = [{**BASE, field: value} for field in fields for value in VALUES]
    return [BASE, *changed, *({key: value for key, value in BASE.items() if key != field} for field in fields)]


def accepted(record: dict[str, Any]) -> bool:
    try:
        compile_request(EVERYTHING).decode(json.dumps(record).encode())
    except RecordError:
        return False
    return True


CHECK = """
import json, sys, warnings
warnings.simplefilter("ignore")
given = json.load(open(sys.argv[1]))
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from mlflow.models import ModelSignature
Draft202012Validator.check_schema(given["schema"])
validate(given["openapi"])
validator = Draft202012Validator(given["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER)
loaded = [ModelSignature.from_dict(each) for each in given["signatures"]]
print(json.dumps({
    "valid": [validator.is_valid(record) for record in given["records"]],
    "signatures": [json.loads(each.to_dict()["inputs"]) for each in loaded],
    "optional": loaded[0].inputs.optional_input_names(),
}))
"""


@pytest.mark.full
def test_the_real_mlflow_jsonschema_and_openapi_read_what_we_write(tmp_path: Path) -> None:
    requirements = "mlflow-skinny>=3.7 pandas>=2.2 numpy>=2 jsonschema[format]>=4.20 openapi-spec-validator>=0.7"
    signatures = [mlflow_signature(contract, amounts=False) for contract in (EVERYTHING, TENSORS)]
    given = {
        "schema": json_schema(EVERYTHING),
        "openapi": openapi_of(EVERYTHING, "churn", amounts=False, most=10, version="1"),
        "records": records(),
        "signatures": [{"inputs": each.inputs, "outputs": each.outputs, "params": None} for each in signatures],
    }
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    python = peer("schemas", requirements) / "python"
    done = subprocess.run([python, "-c", CHECK, tmp_path / "given.json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert said["signatures"] == [json.loads(each.inputs) for each in signatures]
    may_lack = {column.name for column in EVERYTHING.columns if column.role in ("feature", "id") and column.nullable}
    assert set(said["optional"]) == may_lack
    narrower = [
        record for record, valid in zip(records(), said["valid"], strict=True) if valid and not accepted(record)
    ]
    assert narrower == [], "what the schema allows, the contract takes"
    assert sum(said["valid"]) > 20
