"""The words a door describes its calls in: `operation`, `body`, `told`, `refusals`; and `Described`, the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Schema = dict[str, object]
JSON = "application/json"
PROBLEM = "application/problem+json"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One call as somebody makes it, for the page of the calls.

    Parameters
    ----------
    text : str
        What it does, for people.
    path : str
        Its address, with its query.
    body : str
        What is sent; nothing is sent where it is empty, and the method is GET then.
    headers : tuple of (str, str)
        Beside the body's type, which is JSON where this says nothing else.

    """

    text: str
    path: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What a door says of itself.

    Parameters
    ----------
    paths : dict
        OpenAPI path items by address.
    schemas : dict
        What they refer to by `ref`; names begin with the door's or the model's, and a dot.
    examples : tuple of Example
        A few calls, for the page of the calls.

    """

    paths: Schema
    schemas: Schema = {}
    examples: tuple[Example, ...] = ()


CAUSES = {
    400: "The body isn't what it says, or the query asks what can't be asked",
    401: "No API key, or not one of this server's",
    403: "The key may not do this, or a web page of another origin sent it",
    404: "There is no such model, version or call",
    405: "The address doesn't know the method",
    408: "The request didn't arrive in time",
    409: "The first request with this Idempotency-Key is still under way",
    413: "The body is too large",
    415: "The body is of a type, or compressed in a way, that isn't understood",
    422: "A field is wrong: errors name record, field, what was found and what is allowed",
    429: "Too much at once, or more than the key may ask: Retry-After says when to come again",
    431: "The headers are too large",
    500: "A fault of the server, told to its operator",
    503: "Nothing is released, nothing can be logged, or the model can't answer now",
}
"""What each refusal means."""

ASKING = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503)
"""Refusals of a call that sends records."""

READING = (400, 401, 403, 404, 405, 429, 431, 500)
"""Refusals of a call that only reads."""

PARAMETERS: Schema = {
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "schema": {"type": "string"},
        "description": "Names the request in the log, and comes back: up to 128 letters, digits and ._:/+=-; any "
        "other name is ignored",
    },
    "Traceparent": {
        "name": "traceparent",
        "in": "header",
        "schema": {"type": "string"},
        "description": "W3C trace context; its trace id is kept in the log",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ !#-\\[\\]-~]+$"},
        "description": "The same key with the same body is answered once and logged once; a UUIDv7 names the answer",
    },
}
HEADERS: Schema = {
    "RequestId": {"schema": {"type": "string"}, "description": "Of the request: as it was sent, or as it was given"},
    "RetryAfter": {
        "schema": {"type": "integer", "minimum": 0},
        "description": "Seconds until another try is worth it",
    },
}
SECURITY: Schema = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, where the server asks for keys"}
}


def ref(name: str, kind: str = "schemas") -> Schema:
    """Refer to a component.

    Examples
    --------
    >>> ref("Problem")
    {'$ref': '#/components/schemas/Problem'}

    """
    return {"$ref": f"#/components/{kind}/{name}"}


def body(schema: Schema, kind: str = JSON, *, required: bool = True) -> Schema:
    """Describe what is sent."""
    return {"required": required, "content": {kind: {"schema": schema}}}


def told(text: str, schema: Schema | None = None, kind: str = JSON) -> Schema:
    """Describe what is answered; without a schema the answer has no body."""
    content: Schema = {} if schema is None else {"content": {kind: {"schema": schema}}}
    return {"description": text, "headers": {"X-Request-Id": ref("RequestId", "headers")}, **content}


def refusals(codes: Sequence[int] = ASKING, schema: Schema | None = None, kind: str = PROBLEM) -> Schema:
    """Describe what is refused, in problem documents or in a door's own words.

    Parameters
    ----------
    codes : sequence of int
        Statuses the call may be refused with; `ASKING` or `READING`, mostly.
    schema : dict, optional
        Of a refusal in the door's words.
    kind : str
        Content type of that.

    """
    made: Schema = {}
    for code in codes:
        answer = told(CAUSES[code], ref("Problem") if schema is None else schema, kind)
        if code in (429, 503):
            answer["headers"] = {
                "X-Request-Id": ref("RequestId", "headers"),
                "Retry-After": ref("RetryAfter", "headers"),
            }
        made[str(code)] = answer
    return made


def operation(
    summary: str,
    name: str,
    answers: Mapping[str, object],
    *,
    sends: Schema | None = None,
    parameters: Sequence[Schema] = (),
    keyed: bool = False,
) -> Schema:
    """Describe one method of one address.

    Parameters
    ----------
    summary : str
        What it does.
    name : str
        Its ``operationId``, one of its kind in the whole document.
    answers : mapping
        Responses by status: ``{"200": told(...), **refusals()}``.
    sends : dict, optional
        What is sent, from `body`.
    parameters : sequence of dict
        Beside the headers that every call understands.
    keyed : bool
        Whether an Idempotency-Key is heeded.

    """
    headers = ["RequestId", "Traceparent", *(["IdempotencyKey"] if keyed else [])]
    made: Schema = {
        "summary": summary,
        "operationId": name,
        "parameters": [*parameters, *(ref(header, "parameters") for header in headers)],
        "responses": dict(answers),
    }
    return made if sends is None else {**made, "requestBody": sends}
