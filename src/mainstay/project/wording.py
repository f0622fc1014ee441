"""What a decoder says about a wrong setting, in the words of the file: what was found, what is allowed."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text in quotes",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table in { }",
    "date": "a date",
    "datetime": "a time",
}
_EXPECTED = re.compile(r"^Expected `([^`]*)`(.*?)(?:, got `[^`]*`)?$")
_LENGTH = re.compile(r" of length (>=|<=|==)? ?(\d+)")
_LIMIT = re.compile(r" (>=|<=|>|<) (\S+)")
_SIGNS: Final = {
    ">=": "of at least",
    "<=": "of at most",
    ">": "above",
    "<": "below",
    "==": "of exactly",
    "": "of exactly",
}
_FIELD = re.compile(r"missing required field `(.*?)`")
_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")
_SHOWN = 12


def explain(said: str, kind: Any, path: str, found: object) -> tuple[str, str]:
    """Turn what msgspec said about the value at `path` of a `kind` into the end of a sentence, and a cure.

    Examples
    --------
    >>> from typing import Literal
    >>> explain("Invalid enum value 'clipp'", Literal["reject", "clip"], "", "clipp")
    ("is 'clipp'.", "Did you mean 'clip'? Allowed: 'clip', 'reject'.")
    >>> explain("Expected `int | null`, got `float`", int | None, "", 5.5)
    ('is 5.5.', 'Allowed: a whole number.')

    """
    lacking = _FIELD.search(said)
    if lacking:
        return f"lacks '{lacking.group(1)}'.", "Add it."
    verb = "holds" if path.endswith("]") else "is"
    types = _types_at(kind, path)
    told = next(filter(None, map(_description, types)), "")
    several = any(isinstance(one, inspect.Metadata) and isinstance(one.type, inspect.UnionType) for one in types)
    if told and (several or " matching regex " in said):
        return f"{verb} {_shown(found)}.", f"Allowed: {told}."
    allowed = [value for one in types for each in _options(one) for value in _values(each)]
    if said.startswith(("Invalid enum value", "Invalid literal")) or (allowed and not isinstance(found, dict | list)):
        near = difflib.get_close_matches(str(found)[:80], [str(one) for one in allowed], n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        tables = "".join(f" or {table}" for one in types for each in _options(one) for table in _tables(each))
        return f"{verb} {_shown(found)}.", f"{hint}Allowed: {', '.join(repr(one) for one in allowed[:_SHOWN])}{tables}."
    expected = _EXPECTED.match(said)
    if expected is None:
        return f"{verb} {_shown(found)}: {said[:1].lower()}{said[1:]}.", ""
    return f"{verb} {_shown(found)}.", f"Allowed: {_worded(expected.group(1), expected.group(2))}."


def _worded(types: str, more: str) -> str:
    words = [_WORDS.get(one, one) for one in types.split(" | ") if one != "null"]
    kinds = " or ".join(words)
    length, limit = _LENGTH.search(more), _LIMIT.search(more)
    if length:
        return f"{kinds} {_SIGNS[length.group(1) or '']} {length.group(2)} entries or characters"
    if limit:
        return f"{kinds} {_SIGNS[limit.group(1)]} {limit.group(2)}"
    return f"{kinds}{more.replace(' matching regex ', ' of the form ')}"


def _shown(found: object) -> str:
    text = str(found).lower() if isinstance(found, bool) else repr(found)
    return text if len(text) <= 80 else text[:79] + "…"


def _types_at(kind: Any, path: str) -> list[inspect.Type]:
    """Give what may stand at `path`."""
    types: list[inspect.Type] = [inspect.type_info(kind)]
    for step in _STEP.findall(path):
        types = [below for one in types for below in _below(one, step)]
    return types


def _description(kind: inspect.Type) -> str:
    """Give what the author of a type says is allowed, in words; empty where nothing is said."""
    if isinstance(kind, inspect.UnionType):
        return next(filter(None, map(_description, kind.types)), "")
    told = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return str((told or {}).get("description", ""))


def _below(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
    for one in _options(kind):
        match one:
            case inspect.StructType(fields=fields):
                yield from (field.type for field in fields if field.encode_name == step)
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
                yield item
            case inspect.DictType(value_type=value):
                yield value


def _options(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(kind, inspect.Metadata):
        return _options(kind.type)
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _values(kind: inspect.Type) -> tuple[object, ...]:
    match kind:
        case inspect.LiteralType(values=values):
            return tuple(values)
        case inspect.EnumType(cls=cls):
            return tuple(member.value for member in cls)
    return ()


def _tables(kind: inspect.Type) -> Iterator[str]:
    """Write the tables that may stand there: all that it needs in one, or each choice by itself where it needs none."""
    if isinstance(kind, inspect.StructType):
        needed = [f"{field.encode_name} = …" for field in kind.fields if field.required]
        for keys in [needed] if needed else [[f"{field.encode_name} = …"] for field in kind.fields]:
            yield f"{{ {', '.join(keys)} }}"


def allowed_keys(kind: Any, path: str) -> list[str]:
    """Give the keys that a table at `path` of a `kind` may have."""
    structs = [each for one in _types_at(kind, path) for each in _options(one) if isinstance(each, inspect.StructType)]
    return [field.encode_name for each in structs for field in each.fields]
