from __future__ import annotations

import json

from mainstay.contract import Boolean, Category, Contract, Integer, Number, Text, json_schema


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
        "id": {"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}]},
        "tenure": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Time as a customer. Unit: months."},
        "charges": {"anyOf": [{"type": "number", "minimum": 0.0}, {"type": "null"}]},
        "balance": {"type": "number"},
        "partner": {"enum": [True, False, "Yes", "No"]},
        "active": {"type": "boolean"},
        "plan": {"type": "string", "enum": ["a", "b"]},
        "season": {"type": ["string", "integer"], "examples": ["1", "2"]},
    }
    json.dumps(schema)
