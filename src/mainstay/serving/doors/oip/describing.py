"""The protocol's calls in OpenAPI, and on the page of the calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mainstay.contract import Tensor
from mainstay.serving.doors.oip.datatypes import BYTES, NUMERIC, datatype_of
from mainstay.serving.openapi.parts import (
    ASKING,
    READING,
    Described,
    Example,
    Schema,
    body,
    operation,
    ref,
    refusals,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.contract import AnyColumn
    from mainstay.serving.served import Served

_DATATYPES = [*NUMERIC, BYTES]
_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What happened and what to do, by record and field"}},
}
_PARAMETERS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_SHAPE: Schema = {"type": "array", "items": {"type": "integer"}}
_TENSOR: Schema = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string", "description": "Of the column"},
        "shape": _SHAPE,
        "datatype": {"enum": _DATATYPES},
        "parameters": _PARAMETERS,
        "data": {"type": "array", "description": "Flat, or nested as the shape says; raw bytes may follow the JSON"},
    },
}
_REQUEST: Schema = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string", "maxLength": 128},
        "parameters": _PARAMETERS,
        "inputs": {"type": "array", "items": ref("oip.Tensor")},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
            },
        },
    },
}
_RESPONSE: Schema = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "outputs": {"type": "array", "items": ref("oip.Tensor")},
    },
}
_METADATA: Schema = {
    "type": "object",
    "required": ["name", "versions", "platform", "inputs", "outputs"],
    "properties": {
        "name": {"type": "string"},
        "versions": {"type": "array", "items": {"type": "string"}},
        "platform": {"type": "string"},
        "inputs": {"type": "array", "items": ref("oip.Tensor")},
        "outputs": {"type": "array", "items": ref("oip.Tensor")},
        "parameters": _PARAMETERS,
    },
}
_READY: Schema = {"type": "object", "required": ["ready"], "properties": {"ready": {"type": "boolean"}}}
_VERSION: Schema = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
    "description": "Number of a version in the release",
}
_LENGTH: Schema = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "schema": {"type": "integer", "minimum": 1},
    "description": "Bytes of JSON the body begins with, where raw tensors follow",
}


def describe_server(models: Iterable[Served]) -> Described:
    """Describe the protocol's calls, of the server and of each model."""
    paths: Schema = {
        "/v2": _reads("What the server is, by the Open Inference Protocol", "oip_server", {"type": "object"}),
        "/v2/health/live": _reads("Whether the process lives", "oip_live", {"type": "object"}),
        "/v2/health/ready": _ready("Whether every model is answered", "oip_ready"),
        "/v2/repository/index": {
            "post": operation(
                "Which versions answer",
                "oip_index",
                {"200": told("One entry a version", {"type": "array"}), **_refusals(ASKING)},
                sends=body({"type": "object", "properties": {"ready": {"type": "boolean"}}}, required=False),
            )
        },
    }
    examples = []
    for served in models:
        paths |= _of_model(served.name, f"/v2/models/{served.name}", served.name)
        pinned = _of_model(served.name, f"/v2/models/{served.name}/versions/{{version}}", f"{served.name}_version")
        paths |= {path: {**item, "parameters": [_VERSION]} for path, item in pinned.items()}
        examples += _examples(served)
    schemas: Schema = {
        "oip.Error": _ERROR,
        "oip.Tensor": _TENSOR,
        "oip.Request": _REQUEST,
        "oip.Response": _RESPONSE,
        "oip.Metadata": _METADATA,
    }
    return Described(paths=paths, schemas=schemas, examples=tuple(examples))


def _of_model(name: str, at: str, called: str) -> dict[str, Schema]:
    infer = operation(
        f"Ask {name} by the Open Inference Protocol: a tensor for each column",
        f"oip_infer_{called}",
        {"200": told("A tensor for each thing an answer tells", ref("oip.Response")), **_refusals(ASKING)},
        sends=body(ref("oip.Request")),
        parameters=[_LENGTH],
        keyed=True,
    )
    return {
        at: _reads(f"What {name} takes and gives", f"oip_metadata_{called}", ref("oip.Metadata")),
        f"{at}/ready": _ready(f"Whether {name} is answered", f"oip_ready_{called}"),
        f"{at}/config": _reads(f"{name} as Triton configures a model", f"oip_config_{called}", {"type": "object"}),
        f"{at}/infer": {"post": infer},
    }


def _reads(summary: str, name: str, schema: Schema) -> Schema:
    return {"get": operation(summary, name, {"200": told("It is told", schema), **_refusals((*READING, 503))})}


def _ready(summary: str, name: str) -> Schema:
    answers = {"200": told("It is", _READY), **_refusals(READING), "503": told("It isn't", _READY)}
    return {"get": operation(summary, name, answers)}


def _refusals(codes: tuple[int, ...]) -> Schema:
    return refusals(codes, ref("oip.Error"), "application/json")


def _examples(served: Served) -> list[Example]:
    """Give a call with a record that is answered; none where nothing is released."""
    if served.lineup is None:
        return []
    bundle = served.lineup.champion.bundle
    columns = {column.name: column for column in (*bundle.contract.features, *bundle.contract.ids)}
    record = bundle.golden[0].record if bundle.golden else {}
    sent = {
        "inputs": [
            tensor_of(columns[name], value) for name, value in record.items() if name in columns and value is not None
        ]
    }
    at = f"/v2/models/{served.name}"
    infer = Example(
        text="by the Open Inference Protocol", path=f"{at}/infer", body=json.dumps(sent, ensure_ascii=False)
    )
    metadata = Example(text="what it takes and gives, in that protocol", path=at)
    return [infer, metadata] if sent["inputs"] else [metadata]


def tensor_of(column: AnyColumn, value: object) -> Schema:
    """Write a column's value of one record as a tensor, as JSON carries it: flat.

    Examples
    --------
    >>> from mainstay.contract import Tensor
    >>> tensor_of(Tensor(name="image", shape=(2, 2), dtype="uint8"), [[1, 2], [3, 4]])
    {'name': 'image', 'shape': [1, 2, 2], 'datatype': 'UINT8', 'data': [1, 2, 3, 4]}

    """
    datatype = BYTES if isinstance(value, str) else datatype_of(column)
    if datatype == BYTES and not isinstance(value, str):
        value = str(value)
    shape = [1, *(column.shape if isinstance(column, Tensor) else ())]
    return {"name": column.name, "shape": shape, "datatype": datatype, "data": _flat(value)}


def _flat(value: object) -> list[object]:
    return [each for part in value for each in _flat(part)] if isinstance(value, list) else [value]
