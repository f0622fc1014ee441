"""OpenAPI 3.1, from the contracts: the same columns that judge a record describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mainstay.contract import json_schema
from mainstay.serving.openapi_explain import EXPLANATION, LABEL, REASON, WANTS_REASONS, explained_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.serving.served import Served

Schema = dict[str, object]

_PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:mainstay:problem: and the cause"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "cure": {"type": "string"},
        "instance": {"type": "string", "description": "Id of the request"},
        "total": {"type": "integer", "description": "How many errors there were, where the list was cut short"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["record", "field", "found", "message"],
                "properties": {
                    "record": {"type": "integer", "description": "Position in the request, from 0"},
                    "field": {"type": "string"},
                    "found": {"type": "string"},
                    "message": {"type": "string", "description": "What is wrong, and what is allowed"},
                },
            },
        },
    },
}
_FEEDBACK: Schema = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "description": "Id the prediction was answered with",
        },
        "label": {"type": ["string", "number", "boolean"], "description": "What really happened"},
        "at": {"type": "string", "format": "date-time", "description": "When it became true; now where absent"},
        "kpis": {"type": "object", "maxProperties": 32, "additionalProperties": {"type": "number"}},
        "followed": {"type": "boolean", "description": "Whether the decision was followed"},
    },
}


def openapi(models: Sequence[Served], version: str) -> Schema:
    """Describe the server.

    Parameters
    ----------
    models : sequence of Served
        What is served; a model without a release is described without its record.
    version : str
        Of mainstay.

    """
    paths: Schema = {}
    schemas: Schema = {"Problem": _PROBLEM, "Feedback": _FEEDBACK}
    for served in models:
        _add(served, paths, schemas)
    if len(models) == 1:
        for call in ("predict", "explain"):
            paths[f"/{call}"] = paths[f"/models/{models[0].name}/{call}"]
    paths |= {
        "/models": {"get": _plain("What is served")},
        "/livez": {"get": _plain("Whether the process lives")},
        "/readyz": {"get": _plain("Whether requests are answered")},
        "/metrics": {"get": _plain("Prometheus metrics", "text/plain")},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "mainstay", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def openapi_of(
    contract: Contract, name: str, *, amounts: bool, most: int, version: str, labels: Sequence[str] = ()
) -> Schema:
    """Describe where a model is asked by its contract alone, before anything is served.

    Parameters
    ----------
    contract : Contract
        What a record must look like.
    name : str
        Of the model.
    amounts : bool
        Whether it answers with amounts (a regression), rather than labels.
    most : int
        Records one request may hold.
    version : str
        Of mainstay.
    labels : sequence of str
        The labels of several classes.

    """
    paths: Schema = {}
    schemas: Schema = {"Problem": _PROBLEM, "Reason": REASON}
    _add_predict(name, json_schema(contract), _answer(amounts=amounts, labels=labels), most, (paths, schemas))
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _add(served: Served, paths: Schema, schemas: Schema) -> None:
    lineup, name = served.lineup, served.name
    record: Schema = json_schema(lineup.champion.bundle.contract) if lineup else {"type": "object"}
    task = lineup.champion.bundle.policy.task if lineup is not None else None
    answer = _answer(amounts=task is not None and task.kind == "regression", labels=task.labels if task else ())
    most = served.settings.max_records
    paths[f"/models/{name}"] = {"get": _plain(f"Contract and current release of {name}")}
    _add_predict(name, record, answer, most, (paths, schemas))
    paths[f"/models/{name}/explain"] = _explain(name, served.settings.max_explained)
    schemas |= {f"{name}.Explained": explained_answer(name), "Explanation": EXPLANATION, "Reason": REASON}
    paths[f"/models/{name}/feedback"] = {
        "post": {
            "summary": "Tell what really happened",
            "operationId": f"feedback_{name}",
            "requestBody": _body("Feedback", most),
            "responses": {"200": _described("How many lines were taken", {"type": "object"}), **_refusals()},
        }
    }


def _add_predict(name: str, record: Schema, answer: Schema, most: int, to: tuple[Schema, Schema]) -> None:
    paths, schemas = to
    schemas[f"{name}.Record"] = record
    schemas[f"{name}.Answer"] = answer
    paths[f"/models/{name}/predict"] = {
        "post": {
            "summary": f"Ask {name} about one record, or several",
            "operationId": f"predict_{name}",
            "parameters": [WANTS_REASONS],
            "requestBody": _body(f"{name}.Record", most),
            "responses": _responses(_some("The answer, or one per record", f"{name}.Answer", most)),
        }
    }


def _explain(name: str, most: int) -> Schema:
    return {
        "post": {
            "summary": f"Ask {name} about one record, or several, and why",
            "operationId": f"explain_{name}",
            "parameters": [LABEL],
            "requestBody": _body(f"{name}.Record", most),
            "responses": _responses(
                _some("The answer with its explanation, or one per record", f"{name}.Explained", most)
            ),
        }
    }


def _answer(*, amounts: bool, labels: Sequence[str]) -> Schema:
    told: Schema = {"type": "number"} if amounts else {"type": "string"}
    answer: Schema = {
        "type": "object",
        "required": ["id", "prediction", "score", "decision", "version", "degraded", "warnings"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "prediction": told,
            "score": {"type": "number"},
            "decision": told,
            "version": {"type": "integer"},
            "degraded": {"type": "boolean"},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "reasons": {"type": "array", "items": _ref("Reason"), "description": "Where explain=true asks for them"},
        },
    }
    return _of_classes(answer, list(labels)) if labels else answer


def _of_classes(answer: Schema, labels: list[str]) -> Schema:
    """Add what an answer with several classes has: the probability of each label; the score is the predicted one's."""
    share: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    scores: Schema = {
        "type": "object",
        "required": labels,
        "additionalProperties": False,
        "properties": dict.fromkeys(labels, share),
    }
    required, properties = cast("list[str]", answer["required"]), cast("Schema", answer["properties"])
    told: Schema = {"prediction": {"type": "string", "enum": labels}, "score": share, "scores": scores}
    return {**answer, "required": [*required, "scores"], "properties": {**properties, **told}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _one_or_many(name: str, most: int) -> Schema:
    return {"oneOf": [_ref(name), {"type": "array", "items": _ref(name), "minItems": 1, "maxItems": most}]}


def _body(name: str, most: int) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": _one_or_many(name, most)}}}


def _some(text: str, name: str, most: int) -> Schema:
    return _described(text, _one_or_many(name, most))


def _described(text: str, schema: Schema, kind: str = "application/json") -> Schema:
    return {"description": text, "content": {kind: {"schema": schema}}}


def _plain(text: str, kind: str = "application/json") -> Schema:
    schema: Schema = {"type": "object"} if kind == "application/json" else {"type": "string"}
    return {"summary": text, "responses": {"200": _described(text, schema, kind)}}


def _responses(good: Schema) -> Schema:
    return {"200": good, **_refusals()}


def _refusals() -> Schema:
    texts = {
        "400": "The body isn't JSON, or the query asks what can't be asked",
        "403": "Sent by a web page of another origin",
        "413": "The body is too large",
        "415": "The body isn't called JSON",
        "422": "A field is wrong: errors name record, field, what was found and what is allowed",
        "503": "Nothing is released, or nothing can be logged",
    }
    return {code: _described(text, _ref("Problem"), "application/problem+json") for code, text in texts.items()}
