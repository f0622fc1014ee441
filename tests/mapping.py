"""Whether a document is ECS, and whether a mapping of Elasticsearch takes it: what Elasticsearch would refuse is told.

The rules are those of the field types' documentation, for the types that mainstay's templates use:
https://www.elastic.co/guide/en/elasticsearch/reference/8.17/mapping-types.html
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIST = Path(__file__).parent / "data" / "ecs-8.17.csv"
_LONG = 2**63
_TERM = 32_766  # bytes of a term of Lucene
_DEPTH = 20  # of a flattened object, unless the mapping says otherwise


class EcsField(NamedTuple):
    """What ECS says of a field."""

    type: str
    array: bool
    allowed: frozenset[str]


@cache
def ecs_fields() -> dict[str, EcsField]:
    """Give the fields of ECS by their names."""
    rows = (line.split(",") for line in _LIST.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {
        name: EcsField(kind, array == "array", frozenset(filter(None, allowed.split("|"))))
        for name, kind, array, allowed in rows
    }


def not_ecs(document: dict[str, Any]) -> Iterator[str]:
    """Say what in a document of flat names isn't ECS; our own fields are below ``mainstay.`` alone."""
    for name, value in document.items():
        if name.startswith("mainstay."):
            continue
        field = ecs_fields().get(name)
        if field is None:
            yield f"{name} is no field of ECS"
            continue
        if isinstance(value, list) and not field.array:
            yield f"{name} is an array"
        for each in value if isinstance(value, list) else [value]:
            if not _fits({"type": field.type}, each):
                yield f"{name} is {each!r}, not of type {field.type}"
            elif field.allowed and each not in field.allowed:
                yield f"{name} is {each!r}, which isn't allowed"


def refusals(mappings: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Say why a mapping would refuse a document of flat or nested names, or leave a field of it aside."""
    for name, value in _flat(document, mappings["properties"]):
        field = _find(mappings["properties"], name)
        if field is None:
            yield f"{name} isn't mapped"
        elif not _takes(field, value):
            yield f"{name} is {value!r}, which {field} doesn't take"


def _flat(document: dict[str, Any], properties: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Expand a document as far as the mapping has properties for it, as Elasticsearch does with dots."""
    for name, value in document.items():
        whole = f"{above}{name}"
        field = _find(properties, whole)
        if field is not None and set(field) == {"properties"} and isinstance(value, dict):
            yield from _flat(value, properties, f"{whole}.")
        else:
            yield whole, value


def _find(properties: dict[str, Any], name: str) -> dict[str, Any] | None:
    field: dict[str, Any] = {"properties": properties}
    for part in name.split("."):
        below = field.get("properties", {})
        if part not in below:
            return None
        field = below[part]
    return field


def _takes(field: dict[str, Any], value: Any) -> bool:
    if field.get("enabled") is False or value is None:
        return True
    if field.get("type") == "flattened":
        return isinstance(value, dict) and _depth(value) <= field.get("depth_limit", _DEPTH)
    values = value if isinstance(value, list) else [value]
    if "properties" in field:
        return all(isinstance(each, dict) and not list(refusals(field, each)) for each in values)
    return all(isinstance(each, list | type(None)) or _fits(field, each) for each in values)


def _fits(field: dict[str, Any], value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match field["type"]:
        case "keyword" | "wildcard":
            fits = isinstance(value, str | int | float)
            fits = fits and ("ignore_above" in field or len(str(value).encode()) <= _TERM)
        case "match_only_text" | "text":
            fits = isinstance(value, str)
        case "constant_keyword":
            fits = value == field["value"]
        case "boolean":
            fits = isinstance(value, bool)
        case "long":
            fits = number and isinstance(value, int) and -_LONG <= value < _LONG
        case "double" | "float":
            fits = number
        case "date":
            fits = isinstance(value, str) and dt.datetime.fromisoformat(value).tzinfo is not None
        case kind:
            raise AssertionError(f"no rule for {kind}")
    return bool(fits)


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value.values()), default=0) if isinstance(value, dict) else 0
