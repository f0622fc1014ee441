"""What OpenAPI and the page of the calls say of the other protocols."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mainstay.contract import json_schema
from mainstay.serving.doors.flat import flat_schema
from mainstay.serving.doors.invocations import JSON, JSON_LINES, PARQUET
from mainstay.serving.doors.tfs import ROLES
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
    from collections.abc import Sequence

    from mainstay.serving.doors.hosts import Hosts
    from mainstay.serving.served import Served

_OWN = tuple(code for code in ASKING if code not in (408, 422, 431, 500))
"""Refusals in a door's words; those of a connection, and faults, are problem documents everywhere."""
_TFS_ERROR, _MLFLOW_ERROR = "tfs.Error", "mlflow.Error"
_LIST: Schema = {"type": "array"}
_ANY: Schema = {"type": "object"}
_TEXT: Schema = {"type": "string"}
_PONG: Schema = {"type": "object", "required": ["ping"], "properties": {"ping": {"const": "pong"}}}
SCHEMAS: Schema = {
    _TFS_ERROR: {"type": "object", "required": ["error"], "properties": {"error": _TEXT}},
    _MLFLOW_ERROR: {
        "type": "object",
        "required": ["error_code", "message"],
        "properties": {"error_code": _TEXT, "message": _TEXT},
    },
}


def describe(models: Sequence[Served], hosts: Hosts) -> Described:
    """Describe the calls of TensorFlow Serving, MLflow and SageMaker, vetiver and Vertex AI.

    Parameters
    ----------
    models : sequence of Served
        What is served.
    hosts : Hosts
        What the environment says.

    """
    paths: Schema = {
        "/ping": _page("Whether every model is answered", "ping", _PONG, {"503": ref(_MLFLOW_ERROR)}),
        "/health": _page("The same", "health", _PONG, {"503": ref(_MLFLOW_ERROR)}),
        "/version": {
            "get": operation("Of mainstay", "version", {"200": told("It", _TEXT, "text/plain"), **refusals(READING)})
        },
    }
    schemas: Schema = dict(SCHEMAS)
    examples: list[Example] = []
    for served in models:
        name = served.name
        schemas |= {f"{name}.Row": _row(served), f"{name}.Sent": _record(served)}
        paths |= _tfs(served) | _records(name, f"/models/{name}", f"_{name}")
        examples += _examples(served)
    if len(models) == 1:
        paths |= _records(models[0].name, "", "")
        if hosts.predict:
            paths[hosts.predict] = {"post": _vertex(models[0].name)}
    if hosts.health:
        paths[hosts.health] = _page("Whether every model is answered", "vertex_health", _PONG, {"503": ref("Problem")})
    return Described(paths=paths, schemas=schemas, examples=tuple(examples))


def _tfs(served: Served) -> Schema:
    name, at = served.name, f"/v1/models/{served.name}"
    version: Schema = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    label: Schema = {"name": "label", "in": "path", "required": True, "schema": {"enum": list(ROLES)}}
    places: list[tuple[str, str, list[Schema]]] = [
        (at, "", []),
        (f"{at}/versions/{{version}}", "_version", [version]),
        (f"{at}/labels/{{label}}", "_label", [label]),
    ]
    paths: Schema = {}
    for place, called, parameters in places:
        suffix = f"{called}_{name}"
        paths[f"{place}:predict"] = {"post": _tfs_predict(name, f"tfs_predict{suffix}", parameters)}
        for what, verb in (("status", ""), ("metadata", "/metadata")):
            good = told("As TensorFlow Serving tells it", _ANY)
            answers = {"200": good, **_refused(READING, _TFS_ERROR), "503": _told_error(_TFS_ERROR)}
            paths[place + verb] = {
                "get": operation(f"The {what} of {name}", f"tfs_{what}{suffix}", answers, parameters=parameters)
            }
    verb = _verb(served)
    results: Schema = {"type": "object", "required": ["results"], "properties": {"results": _LIST}}
    sends: Schema = {"type": "object", "required": ["examples"], "properties": {"examples": _many(f"{name}.Sent")}}
    answers = {"200": told("A result for each example", results), **_refused(_OWN, _TFS_ERROR)}
    paths[f"{at}:{verb}"] = {
        "post": operation(f"Let {name} {verb} examples", f"tfs_{verb}_{name}", answers, sends=body(sends), keyed=True)
    }
    return paths


def _tfs_predict(name: str, called: str, parameters: Sequence[Schema]) -> Schema:
    rows: Schema = {"type": "object", "required": ["instances"], "properties": {"instances": _sent(name)}}
    columns: Schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": {"type": ["object", "array"]}},
    }
    predictions: Schema = {"predictions": _many(f"{name}.Row"), "outputs": {"type": "object"}}
    answer: Schema = {
        "type": "object",
        "properties": predictions,
        "oneOf": [{"required": ["predictions"]}, {"required": ["outputs"]}],
    }
    return operation(
        f"Ask {name} as TensorFlow Serving is asked: rows or columns",
        called,
        {"200": told("Predictions for rows, outputs for columns", answer), **_refused(_OWN, _TFS_ERROR)},
        sends=body({"oneOf": [rows, columns]}),
        parameters=parameters,
        keyed=True,
    )


def _records(name: str, at: str, called: str) -> Schema:
    """Describe ``/invocations`` and vetiver's addresses: a model's own, and those of the only model."""
    paths: Schema = {
        f"{at}/invocations": {"post": _invocations(name, called)},
        f"{at}/vetiver/predict": {"post": _vetiver(name, called)},
    }
    unreleased: Schema = {"503": ref("Problem")}
    for page in ("prototype", "metadata"):
        paths[f"{at}/vetiver/{page}"] = _page(
            f"vetiver's {page} of {name}", f"vetiver_{page}{called}", _ANY, unreleased
        )
        if not at:
            paths[f"/{page}"] = _page(f"vetiver's {page} of {name}", page, _ANY, unreleased)
    return paths


def _invocations(name: str, called: str) -> Schema:
    forms = ("dataframe_split", "dataframe_records", "instances", "inputs")
    wrapped: Schema = {
        "type": "object",
        "properties": {
            "dataframe_split": {
                "type": "object",
                "required": ["data"],
                "properties": {"columns": _LIST, "data": _LIST},
            },
            "dataframe_records": _many(f"{name}.Sent"),
            "instances": _sent(name),
            "inputs": {"type": ["object", "array"]},
            "params": _ANY,
        },
        "oneOf": [{"required": [form]} for form in forms],
    }
    kinds = {JSON: wrapped, "text/csv": _TEXT, JSON_LINES[0]: _TEXT, PARQUET[0]: {**_TEXT, "format": "binary"}}
    sends: Schema = {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}
    rows = _rows(name)
    good = {
        "description": "A row for each record, of the type that Accept asks for",
        "headers": {"X-Request-Id": ref("RequestId", "headers")},
        "content": {JSON: {"schema": rows}, "text/csv": {"schema": _TEXT}, JSON_LINES[0]: {"schema": _TEXT}},
    }
    return operation(
        f"Ask {name} as MLflow and SageMaker ask",
        f"invocations{called}",
        {"200": good, **_refused(_OWN, _MLFLOW_ERROR)},
        sends=sends,
        keyed=True,
    )


def _vetiver(name: str, called: str) -> Schema:
    predicted: Schema = {"type": "object", "required": ["predict"], "properties": {"predict": _LIST}}
    words = refusals((*_OWN, 422), _TEXT, "text/plain") | refusals((408, 431, 500))
    return operation(
        f"Ask {name} as vetiver asks",
        f"vetiver_predict{called}",
        {"200": told("The predictions alone", predicted), **words},
        sends=body(_many(f"{name}.Sent")),
        keyed=True,
    )


def _vertex(name: str) -> Schema:
    sends: Schema = {
        "type": "object",
        "required": ["instances"],
        "properties": {"instances": _sent(name), "parameters": {}},
    }
    answers = {"200": told("A prediction for each instance", _rows(name)), **_refused(_OWN, _TFS_ERROR)}
    return operation(f"Ask {name} as Vertex AI asks", "vertex_predict", answers, sends=body(sends), keyed=True)


def _examples(served: Served) -> tuple[Example, ...]:
    lineup, name = served.lineup, served.name
    if lineup is None or not lineup.champion.bundle.golden:
        return ()
    record = lineup.champion.bundle.golden[0].record
    rows, frame = ({"instances": [record]}, {"dataframe_records": [record]})
    return (
        Example(text="as TensorFlow Serving is asked", path=f"/v1/models/{name}:predict", body=_text(rows)),
        Example(text="as MLflow and SageMaker ask", path=f"/models/{name}/invocations", body=_text(frame)),
        Example(text="as vetiver asks", path=f"/models/{name}/vetiver/predict", body=_text([record])),
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(served: Served) -> Schema:
    lineup = served.lineup
    task = lineup.champion.bundle.policy.task if lineup else None
    return flat_schema(amounts=task is not None and task.kind == "regression", labels=task.labels if task else ())


def _record(served: Served) -> Schema:
    return json_schema(served.lineup.champion.bundle.contract) if served.lineup else _ANY


def _verb(served: Served) -> str:
    lineup = served.lineup
    return "regress" if lineup and lineup.champion.bundle.policy.task.kind == "regression" else "classify"


def _rows(name: str) -> Schema:
    return {"type": "object", "required": ["predictions"], "properties": {"predictions": _many(f"{name}.Row")}}


def _sent(name: str) -> Schema:
    """Describe rows: records by field, or lists of values in the contract's order."""
    return {"type": "array", "items": {"anyOf": [ref(f"{name}.Sent"), _LIST]}, "minItems": 1}


def _many(name: str) -> Schema:
    return {"type": "array", "items": ref(name), "minItems": 1}


def _refused(codes: Sequence[int], error: str) -> Schema:
    own = [code for code in codes if code not in (408, 422, 431, 500)]
    return refusals(own, ref(error), JSON) | refusals((408, 431, 500))


def _told_error(error: str) -> Schema:
    return refusals((503,), ref(error), JSON)["503"]  # type: ignore[return-value]


def _page(summary: str, name: str, schema: Schema, refused: Schema | None = None) -> Schema:
    words: Schema = {}
    for code, error in (refused or {}).items():
        kind = "application/problem+json" if error == ref("Problem") else JSON
        words |= refusals((int(code),), error, kind)  # type: ignore[arg-type]
    return {"get": operation(summary, name, {"200": told(summary, schema), **refusals(READING), **words})}
