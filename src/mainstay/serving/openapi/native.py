"""The native calls of one model: predict, explain, feedback, and what the model is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from mainstay.contract import json_schema
from mainstay.serving.openapi.explaining import EXPLANATION, REASON, WANTS_REASONS, asked_label, explained_answer
from mainstay.serving.openapi.parts import READING, Described, Example, Schema, body, operation, ref, refusals, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.models.task import Task
    from mainstay.serving.lineup import Lineup
    from mainstay.serving.served import Served

_NAME = "^[!-~]{1,128}$"
_ACCEPTED: Schema = {
    "type": "object",
    "required": ["accepted"],
    "properties": {"accepted": {"type": "integer", "minimum": 0, "description": "Lines that were taken"}},
}
SUMMARY: Schema = {
    "type": "object",
    "required": ["name", "version", "trial", "release"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": ["integer", "null"], "description": "The champion; null where nothing is released"},
        "trial": {"type": "boolean"},
        "release": {"type": ["object", "null"], "description": "The row of the history that is in force"},
    },
}
_COUNT: Schema = {"type": "integer", "minimum": 1}
_LIMITS: Schema = {
    "type": "object",
    "description": "What one request may hold: records, records to explain, bytes",
    "required": ["max_records", "max_explained", "max_body"],
    "properties": {"max_records": _COUNT, "max_explained": _COUNT, "max_body": _COUNT},
}
_MODEL: Schema = {
    **SUMMARY,
    "required": [*cast("list[str]", SUMMARY["required"]), "limits", "contract"],
    "properties": {
        **cast("Schema", SUMMARY["properties"]),
        "limits": _LIMITS,
        "contract": {"type": ["object", "null"], "description": "The columns, their limits and policies"},
        "schema": {"type": "object", "description": "JSON Schema of a record"},
        "task": {"type": "object"},
        "policy": {"type": "object"},
        "problem": {"type": "object"},
        "features": {"type": ["object", "null"]},
    },
}


def native(served: Served, *, alone: bool) -> Described:
    """Describe the native calls of a model.

    Parameters
    ----------
    served : Served
        The model; without a release it is described without its record.
    alone : bool
        Whether no other is served, so that the short addresses are there, too.

    """
    lineup, name = served.lineup, served.name
    record: Schema = json_schema(lineup.champion.bundle.contract) if lineup else {"type": "object"}
    task = lineup.champion.bundle.policy.task if lineup else None
    labels = labels_of(task)
    answer = answer_schema(amounts=task is not None and task.kind == "regression", labels=task.labels if task else ())
    most, explained, arms = served.settings.max_records, served.settings.max_explained, _asked_arms(lineup)
    at = f"/models/{name}"
    about = {"200": told("What it is, and who answers", ref("Model")), **refusals(READING)}
    calls: Schema = {
        "predict": {"post": _predict(name, most, arms)},
        "explain": {"post": _explain(name, explained, [*asked_label(labels), *arms])},
        "feedback": {"post": _feedback(name, most)},
    }
    paths: Schema = {
        at: {"get": operation(f"Contract and current release of {name}", f"model_{name}", about)},
        **{f"{at}/{call}": item for call, item in calls.items()},
    }
    if alone:
        paths["/predict"] = {"post": _predict(name, most, arms, "predict")}
        paths["/explain"] = {"post": _explain(name, explained, [*asked_label(labels), *arms], "explain")}
        paths["/feedback"] = {"post": _feedback(name, most, "feedback")}
    return Described(
        paths=paths,
        schemas={
            **_schemas(name, record, answer),
            f"{name}.Explained": explained_answer(name),
            f"{name}.Feedback": feedback_schema(labels),
            "Explanation": EXPLANATION,
            "Accepted": _ACCEPTED,
            "Model": _MODEL,
        },
        examples=examples(served),
    )


def predict_alone(contract: Contract, name: str, most: int, answer: Schema) -> Described:
    """Describe predict by a contract alone, before anything is served."""
    return Described(
        paths={f"/models/{name}/predict": {"post": _predict(name, most)}},
        schemas=_schemas(name, json_schema(contract), answer),
    )


def labels_of(task: Task | None) -> tuple[str, ...]:
    """Give the labels of a task; none of amounts."""
    if task is None or task.kind == "regression":
        return ()
    return task.labels or (task.positive, task.negative)


def _schemas(name: str, record: Schema, answer: Schema) -> Schema:
    return {f"{name}.Record": record, f"{name}.Answer": answer, "Reason": REASON}


def _asked_arms(lineup: Lineup | None) -> list[Schema]:
    """Describe how somebody who is part of the release is named."""
    if lineup is None:
        return []
    arms = (*lineup.arms, *lineup.shadows)
    version: Schema = {"type": "integer", "enum": sorted({arm.version for arm in arms})}
    role: Schema = {"type": "string", "enum": sorted({arm.route.role for arm in arms})}
    return [
        {"name": "version", "in": "query", "schema": version, "description": "The version that is to answer"},
        {"name": "role", "in": "query", "schema": role, "description": "The part in the release that is to answer"},
    ]


def _predict(name: str, most: int, arms: Sequence[Schema] = (), called: str = "") -> Schema:
    return operation(
        f"Ask {name} about one record, or several",
        called or f"predict_{name}",
        {"200": told("The answer, or one per record", one_or_many(f"{name}.Answer", most)), **refusals()},
        sends=body(one_or_many(f"{name}.Record", most)),
        parameters=[WANTS_REASONS, *arms],
        keyed=True,
    )


def _explain(name: str, most: int, asked: Sequence[Schema], called: str = "") -> Schema:
    text = "The answer with its explanation, or one per record"
    return operation(
        f"Ask {name} about one record, or several, and why",
        called or f"explain_{name}",
        {"200": told(text, one_or_many(f"{name}.Explained", most)), **refusals()},
        sends=body(one_or_many(f"{name}.Record", most)),
        parameters=asked,
        keyed=True,
    )


def _feedback(name: str, most: int, called: str = "") -> Schema:
    return operation(
        "Tell what really happened",
        called or f"feedback_{name}",
        {"200": told("How many lines were taken", ref("Accepted")), **refusals()},
        sends=body(one_or_many(f"{name}.Feedback", most)),
        keyed=True,
    )


def feedback_schema(labels: Sequence[str]) -> Schema:
    """Describe an outcome as a caller should send it: a label, or an amount where there are none."""
    label: Schema = {"type": "string", "enum": list(labels)} if labels else {"type": "number"}
    return {
        "type": "object",
        "required": ["id"],
        "anyOf": [{"required": ["label"]}, {"required": ["kpis"]}, {"required": ["followed"]}],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": _NAME, "description": "Id the prediction was answered with"},
            "label": {**label, "description": "What really happened"},
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it became true, not later than tomorrow; now where it isn't said",
            },
            "kpis": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 32,
                "propertyNames": {"pattern": _NAME},
                "additionalProperties": {"type": "number"},
            },
            "followed": {"type": "boolean", "description": "Whether the decision was followed"},
        },
    }


def examples(served: Served) -> tuple[Example, ...]:
    """Give a call of each kind, with a record that is answered; none where nothing is released."""
    if served.lineup is None:
        return ()
    at, bundle = f"/models/{served.name}", served.lineup.champion.bundle
    record = json.dumps(bundle.golden[0].record if bundle.golden else {}, ensure_ascii=False)
    task = bundle.policy.task
    label = task.positive or (task.labels[0] if task.labels else 12.5)
    outcome = json.dumps({"id": "the id of the answer", "label": label}, ensure_ascii=False)
    return (
        Example(text="one record, or an array of them", path=f"{at}/predict", body=record),
        Example(text="the same with the largest reasons in words", path=f"{at}/predict?explain=true", body=record),
        Example(text="the same, and what each field has to do with it", path=f"{at}/explain", body=record),
        Example(text="what really happened, when it is known", path=f"{at}/feedback", body=outcome),
        Example(text="what it is, and who answers", path=at),
    )


def answer_schema(*, amounts: bool, labels: Sequence[str]) -> Schema:
    """Describe an answer of predict: with amounts, or with labels, of which several classes are named."""
    plain: Schema = {"type": "number"} if amounts else {"type": "string"}
    answer: Schema = {
        "type": "object",
        "required": ["id", "prediction", "score", "decision", "version", "degraded", "warnings"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "prediction": plain,
            "score": {"type": "number"},
            "decision": plain,
            "version": {"type": "integer"},
            "degraded": {"type": "boolean"},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "control": {
                "type": "boolean",
                "description": "There where it is true: the record is in the share that is never acted on.",
            },
            "reasons": {"type": "array", "items": ref("Reason"), "description": "Where explain=true asks for them"},
        },
    }
    return _of_classes(answer, labels) if labels else answer


def _of_classes(answer: Schema, names: Sequence[str]) -> Schema:
    """Add what an answer with several classes has: the probability of each label; the score is the predicted one's."""
    labels = list(names)
    share: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    scores: Schema = {
        "type": "object",
        "required": labels,
        "additionalProperties": False,
        "properties": dict.fromkeys(labels, share),
    }
    required, properties = cast("list[str]", answer["required"]), cast("Schema", answer["properties"])
    more: Schema = {"prediction": {"type": "string", "enum": labels}, "score": share, "scores": scores}
    return {**answer, "required": [*required, "scores"], "properties": {**properties, **more}}


def one_or_many(name: str, most: int) -> Schema:
    """Describe one of something as an object, or several as an array."""
    return {"oneOf": [ref(name), {"type": "array", "items": ref(name), "minItems": 1, "maxItems": most}]}
