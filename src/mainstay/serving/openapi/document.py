"""The whole document: what every door says of itself, and the calls that belong to none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mainstay.serving.openapi.native import SUMMARY, answer_schema, native, predict_alone
from mainstay.serving.openapi.parts import (
    HEADERS,
    PARAMETERS,
    READING,
    SECURITY,
    Described,
    Schema,
    operation,
    ref,
    refusals,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract import Contract
    from mainstay.serving.served import Served

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
_STATE: Schema = {
    "type": "object",
    "required": ["ready", "version", "release", "registry"],
    "properties": {
        "ready": {"type": "boolean"},
        "version": {"type": ["integer", "null"]},
        "release": {"type": ["integer", "null"]},
        "registry": {"type": "object"},
        "detail": {"type": "string", "description": "What is wrong, even if requests are answered"},
    },
}
_READY: Schema = {
    "type": "object",
    "required": ["status"],
    "description": "models: only where no keys are asked for, or the key opens read",
    "properties": {
        "status": {"enum": ["ready", "not ready", "draining"]},
        "models": {"type": "object", "additionalProperties": _STATE},
    },
}
_ALIVE: Schema = {"type": "object", "required": ["status"], "properties": {"status": {"const": "alive"}}}


class Describes(Protocol):
    """What answers calls and says which."""

    def describe(self) -> Described:
        """Say which calls it answers, and how."""


def openapi(models: Sequence[Served], version: str, doors: Iterable[Describes] = ()) -> Schema:
    """Describe the server.

    Parameters
    ----------
    models : sequence of Served
        What is served; a model without a release is described without its record.
    version : str
        Of mainstay.
    doors : iterable of Describes
        What answers other protocols.

    """
    parts = [native(served, alone=len(models) == 1) for served in models]
    parts += [door.describe() for door in doors]
    return _document("mainstay", version, [*parts, _server()])


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
    answer = answer_schema(amounts=amounts, labels=labels)
    return _document(name, version, [predict_alone(contract, name, most, answer)])


def _document(title: str, version: str, parts: Sequence[Described]) -> Schema:
    paths: Schema = {}
    schemas: Schema = {"Problem": _PROBLEM}
    for part in parts:
        paths |= part.paths
        schemas |= part.schemas
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "security": [{}, {"key": []}],
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        },
    }


def _server() -> Described:
    models: Schema = {"type": "array", "items": ref("ModelSummary")}
    return Described(
        paths={
            "/models": _reads("What is served", "models", told("One line per model", models)),
            "/livez": _reads("Whether the process lives", "livez", told("It does", ref("Alive"))),
            "/readyz": _reads(
                "Whether requests are answered",
                "readyz",
                told("Every model is answered", ref("Ready")),
                {"503": told("One isn't, or the server is on its way out", ref("Ready"))},
            ),
            "/metrics": _reads(
                "Prometheus metrics", "metrics", told("Prometheus' text format", {"type": "string"}, "text/plain")
            ),
            "/openapi.json": _reads("This document", "openapi", told("OpenAPI 3.1", {"type": "object"})),
            "/docs": _reads("The calls, for people", "docs", told("A page", {"type": "string"}, "text/html")),
        },
        schemas={"ModelSummary": SUMMARY, "Ready": _READY, "Alive": _ALIVE},
    )


def _reads(summary: str, name: str, good: Schema, more: Schema | None = None) -> Schema:
    return {"get": operation(summary, name, {"200": good, **refusals(READING), **(more or {})})}
