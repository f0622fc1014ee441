"""JSON Schema of one record, for OpenAPI and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.contract.columns import AnyColumn
    from mainstay.contract.contract import Contract

Schema = dict[str, object]


def json_schema(contract: Contract) -> Schema:
    """Describe one record in JSON Schema 2020-12.

    It describes what a caller should send, which is narrower than what is taken: numbers written as text are read
    too, but nobody should start to send them.

    Examples
    --------
    >>> from mainstay.contract import Contract, Integer
    >>> json_schema(Contract((Integer(name="tenure", min=0, unit="months"),)))["properties"]
    {'tenure': {'type': 'integer', 'minimum': 0, 'description': 'Unit: months.'}}

    """
    shown = [column for column in contract.columns if column.checked]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {column.name: _described(column) for column in shown},
        "required": [column.name for column in contract.features if column.missing == "reject"],
        "additionalProperties": True,
    }


def _described(column: AnyColumn) -> Schema:
    schema = column.json_schema()
    if column.when_missing != "reject":
        schema = {"anyOf": [schema, {"type": "null"}]}
    about = " ".join(part for part in (column.description, f"Unit: {column.unit}." if column.unit else "") if part)
    return {**schema, "description": about} if about else schema
