"""The Elastic Common Schema: what our fields are called in the log.

Every event is one JSON line with flat dotted names, as ECS loggers write them, so Filebeat, Logstash, Fluent Bit and
Vector read the files as they are. What ECS has no name for lives under ``mainstay.``; open-ended things (features,
KPIs) are one field each, so an index never explodes.

Reference: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
"""

from __future__ import annotations

VERSION = "8.17.0"

COMMON = {
    "ecs": "ecs.version",
    "event": "event.id",
    "model": "mainstay.model",
    "version": "mainstay.version",
    "role": "mainstay.role",
    "message": "message",
    "request": "http.request.id",
    "trace": "trace.id",
    "answer": "mainstay.answer",
    "consumer": "user.name",
}
PREDICTION = COMMON | {
    "id": "event.id",
    "at": "@timestamp",
    "share": "mainstay.share",
    "score": "mainstay.score",
    "scores": "mainstay.scores",
    "prediction": "mainstay.prediction",
    "decision": "mainstay.decision",
    "features": "mainstay.features",
    "inputs": "mainstay.inputs",
    "fallback": "mainstay.fallback",
    "entity": "user.hash",
    "degraded": "mainstay.degraded",
    "warnings": "mainstay.warnings",
    "duration": "event.duration",
    "raw": "mainstay.raw",
    "encoded": "mainstay.encoded",
    "sealed": "mainstay.sealed",
    "control": "mainstay.control",
    "intended": "mainstay.intended",
    "sampled": "mainstay.sampled",
}
FEEDBACK = COMMON | {
    "id": "mainstay.answer",
    "received": "@timestamp",
    "at": "mainstay.label_at",
    "label": "mainstay.label",
    "kpis": "mainstay.kpis",
    "followed": "mainstay.followed",
}
REFUSAL = COMMON | {
    "id": "event.id",
    "at": "@timestamp",
    "status": "http.response.status_code",
    "cause": "event.reason",
    "fields": "mainstay.fields",
    "problems": "mainstay.problems",
}
FOUND = COMMON | {
    "at": "@timestamp",
    "since": "mainstay.since",
    "until": "mainstay.until",
    "finding": "mainstay.finding",
}
ACTION = COMMON | {
    "id": "event.id",
    "at": "@timestamp",
    "kind": "event.action",
    "subject": "mainstay.subject",
    "by": "mainstay.by",
    "finding": "mainstay.finding",
}
ACCESS = COMMON | {
    "id": "event.id",
    "at": "@timestamp",
    "kind": "event.action",
    "by": "user.name",
    "subject": "mainstay.subject",
    "events": "mainstay.events",
    "reason": "event.reason",
}
HASH = "event.hash"
"""Last in each line: the CRC-32 of everything before it, so that one damaged line is told from its neighbours."""
