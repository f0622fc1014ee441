from __future__ import annotations

import json

from mainstay.contract import (
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Rule,
    Tensor,
    Text,
    json_schema,
)

WHOLE = {"minimum": -(2**63), "maximum": 2**63 - 1}


def test_a_record_is_described_as_a_caller_should_send_it() -> None:
    contract = Contract(
        (
            Text(name="id", role="id"),
            Integer(name="tenure", min=0, max=100, unit="months", description="Time as a customer."),
            Number(name="charges", min=0.0, missing="impute"),
            Number(name="balance", min=0.0, outside="clip"),
            Boolean(name="partner", true="Yes", false="No"),
            Boolean(name="active"),
            Category(name="plan", values=("a", "b"), unknown="reject"),
            Category(name="season", values=("1", "2")),
            Text(name="note", role="ignored"),
        )
    )
    schema = json_schema(contract)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["tenure", "balance", "partner", "active", "plan", "season"]
    assert schema["properties"] == {
        "id": {"anyOf": [{"type": ["string", "integer"], "maxLength": 1000, **WHOLE}, {"type": "null"}]},
        "tenure": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Time as a customer. Unit: months."},
        "charges": {
            "anyOf": [{"type": "number", "minimum": 0.0}, {"type": "null"}],
            "description": "Where it is missing it is filled in, and the answer marked as degraded.",
        },
        "balance": {
            "type": "number",
            "description": "It is a number of at least 0.0. Beyond that it is moved to the nearest end, and the answer "
            "marked as degraded.",
        },
        "partner": {"enum": [True, False, "Yes", "No"]},
        "active": {"type": "boolean"},
        "plan": {"type": "string", "enum": ["a", "b"]},
        "season": {
            "type": ["string", "integer"],
            "examples": ["1", "2"],
            "maxLength": 1000,
            "pattern": r"\S",
            **WHOLE,
            "description": "Another label is taken as one unknown label, and the answer marked as degraded.",
        },
    }
    json.dumps(schema)


def test_every_kind_and_policy_is_described() -> None:
    contract = Contract(
        (
            Datetime(name="at", min="2020-01-01", missing="fallback"),
            Text(name="plate", min_length=2, max_length=9, pattern="[A-Z]+"),
            Tensor(name="image", shape=(2, 3), dtype="uint8", malformed="flag", missing="flag"),
            Number(name="load", max=1.0, outside="fallback"),
            Category(name="plan", values=("a",), malformed="impute", missing="impute"),
        ),
        (Rule(name="calm", holds="load < 0.5 or plan == 'a'"), Rule(name="told", holds="load > 0", otherwise="flag")),
    )
    schema = json_schema(contract)
    assert schema["description"] == "Rules a record keeps to. calm: load < 0.5 or plan == 'a'."
    assert schema["required"] == ["plate", "load"]
    numbers = {"type": "integer", "minimum": 0, "maximum": 255}
    row = {"type": "array", "items": numbers, "minItems": 3, "maxItems": 3}
    assert schema["properties"] == {
        "at": {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
            "description": "It is a time in ISO 8601 from 2020-01-01 to ever. Where it is missing the fallback answers "
            "instead of the model.",
        },
        "plate": {"type": "string", "minLength": 2, "maxLength": 9, "pattern": "^(?:[A-Z]+)$"},
        "image": {
            "anyOf": [{"type": "array", "items": row, "minItems": 2, "maxItems": 2}, {"type": "null"}],
            "description": "Where it is missing the answer carries a warning. A value of another kind counts as "
            "missing, with a warning.",
        },
        "load": {
            "type": "number",
            "description": "It is a number of at most 1.0. Beyond that it is answered by the fallback instead of the "
            "model.",
        },
        "plan": {
            "anyOf": [{"type": "string", "examples": ["a"]}, {"type": "null"}],
            "description": "Where it is missing it is filled in, and the answer marked as degraded. A value of another "
            "kind is replaced, and the answer marked as degraded. Another label is taken as one unknown label, and the "
            "answer marked as degraded.",
        },
    }
    json.dumps(schema)
