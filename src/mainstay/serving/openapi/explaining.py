"""OpenAPI of explanations: the call, its answer, and the question that predict may be asked beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Schema = dict[str, object]

WANTS_REASONS: Schema = {
    "name": "explain",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Whether to answer with the largest reasons, in words",
}
REASON: Schema = {
    "type": "object",
    "required": ["text", "feature"],
    "properties": {
        "text": {"type": "string", "description": "A sentence; plain text, to be escaped where it is shown"},
        "feature": {"type": "string"},
        "points": {"type": "number", "description": "What it adds to a probability, in percentage points"},
        "amount": {"type": "number", "description": "What it adds to an amount"},
    },
}
_PART: Schema = {
    "type": "object",
    "required": ["feature", "value", "part", "effect"],
    "properties": {
        "feature": {"type": "string"},
        "value": {"description": "As the model saw it; null where it is missing"},
        "part": {"type": "number", "description": "What it adds, on the scale"},
        "effect": {"type": "number", "description": "What it adds to the answer: a probability, 0 to 1, or an amount"},
        "error": {"type": "number", "description": "Standard error of the part, where it was sampled"},
    },
}
EXPLANATION: Schema = {
    "type": "object",
    "description": "base, the parts and rest add up to score on the scale; typical and the effects to answer",
    "required": [
        "target",
        "label",
        "base",
        "score",
        "scale",
        "typical",
        "answer",
        "parts",
        "method",
        "exact",
        "reasons",
    ],
    "properties": {
        "target": {"type": "string"},
        "label": {"type": "string", "description": "Whose probability is explained; empty for amounts"},
        "base": {"type": "number", "description": "The score of a typical record, on the scale"},
        "score": {"type": "number"},
        "scale": {"enum": ["log-odds", "probability", "amount"]},
        "typical": {"type": "number", "description": "base as an answer"},
        "answer": {"type": "number", "description": "score as an answer"},
        "parts": {"type": "array", "items": _PART},
        "method": {"enum": ["exact", "sampling", "kernel", "lime", "fallback"]},
        "exact": {"type": "boolean"},
        "seconds": {"type": "number"},
        "rest": {"type": "number", "description": "What the parts leave unexplained"},
        "samples": {"type": "integer"},
        "complete": {"type": "boolean", "description": "Whether there was time for all that was planned"},
        "note": {"type": "string"},
        "unit": {"type": "string"},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
    },
}


def asked_label(labels: Sequence[str]) -> list[Schema]:
    """Describe the question for a label; amounts have none."""
    about = "The label whose probability to explain; the positive or likeliest one where it isn't said"
    schema: Schema = {"type": "string", "enum": list(labels)}
    return [{"name": "label", "in": "query", "schema": schema, "description": about}] if labels else []


def explained_answer(name: str) -> Schema:
    """Describe an answer with its explanation."""
    return {
        "allOf": [
            {"$ref": f"#/components/schemas/{name}.Answer"},
            {
                "type": "object",
                "required": ["explanation"],
                "properties": {"explanation": {"$ref": "#/components/schemas/Explanation"}},
            },
        ]
    }
