"""JSON Schema of one record, for OpenAPI and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract.columns import Category, Datetime, Text
from mainstay.contract.columns.base import INT64, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

Schema = dict[str, object]

_MISSING = {
    "impute": "Where it is missing it is filled in, and the answer marked as degraded.",
    "flag": "Where it is missing the answer carries a warning.",
    "fallback": "Where it is missing the fallback answers instead of the model.",
}
_MALFORMED = {
    "impute": "A value of another kind is replaced, and the answer marked as degraded.",
    "allow": "A value of another kind counts as missing.",
    "flag": "A value of another kind counts as missing, with a warning.",
    "fallback": "Where it is of another kind the fallback answers instead of the model.",
}
_BEYOND = {
    "clip": "moved to the nearest end, and the answer marked as degraded.",
    "flag": "taken as it is, with a warning.",
    "impute": "replaced, and the answer marked as degraded.",
    "fallback": "answered by the fallback instead of the model.",
    "other": "taken as one unknown label, and the answer marked as degraded.",
}


def json_schema(contract: Contract) -> Schema:
    """Describe one record in JSON Schema 2020-12.

    It describes what a caller should send, which is narrower than what is taken: numbers written as text are read
    too, but nobody should start to send them. What a policy does with the rest is said in words.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer
    >>> json_schema(Contract((Integer(name="tenure", min=0, unit="months"),)))["properties"]
    {'tenure': {'type': 'integer', 'minimum': 0, 'description': 'Unit: months.'}}

    """
    shown = [column for column in contract.columns if column.checked]
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {column.name: _described(column) for column in shown},
        "required": [column.name for column in contract.features if column.required],
        "additionalProperties": True,
    }
    rules = [f"{rule.name}: {rule.holds}" for rule in contract.rules if rule.otherwise == "reject"]
    return schema | {"description": f"Rules a record keeps to. {'; '.join(rules)}."} if rules else schema


def _described(column: AnyColumn) -> Schema:
    schema = {**column.json_schema(), **_of_texts(column)}
    if column.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    about = " ".join(_about(column))
    return {**schema, "description": about} if about else schema


def _of_texts(column: AnyColumn) -> Schema:
    """Say what holds for each text that isn't read as something else: how long it is at most, and that it isn't blank.

    A whole number that counts as its digits has 64 bits.
    """
    if not isinstance(column, Category | Text) or column.malformed != "reject":
        return {}
    schema, kept = column.json_schema(), Schema(maxLength=LONGEST)
    if "integer" in str(schema.get("type")):
        kept |= {"minimum": INT64[0], "maximum": INT64[1]}
    if "enum" in schema:
        return {}
    if not column.nullable:
        kept["pattern"] = r"\S"
    return {name: limit for name, limit in kept.items() if name not in schema}


def _about(column: AnyColumn) -> Iterator[str]:
    """Say what a schema has no word for."""
    if column.description:
        yield column.description
    if column.unit:
        yield f"Unit: {column.unit}."
    limits = _limits(column)
    if limits:
        yield limits
    if column.role != "feature":
        return
    if column.missing in _MISSING:
        yield _MISSING[column.missing]
    if column.malformed in _MALFORMED:
        yield _MALFORMED[column.malformed]
    done = _BEYOND.get(column.when_beyond)
    if done and column.beyond_policy == "unknown":
        yield f"Another label is {done}"
    elif done and limits:
        yield f"Beyond that it is {done}"


def _limits(column: AnyColumn) -> str:
    """Say the limits that the schema of the value leaves out: those of a policy that takes more, and those of times."""
    limits = (getattr(column, key, None) for key in ("min", "max", "min_length", "max_length", "pattern"))
    told = column.when_beyond == "reject" and not isinstance(column, Datetime)
    return "" if told or all(limit in (None, "") for limit in limits) else f"It is {column.allowed()}."
