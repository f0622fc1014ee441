"""JSON Schema of one record, from draft 4 to 2020-12.

Read are the keywords that say what one field may be; references are followed within the file alone. Whatever else is
there is named, so that nothing is dropped silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

import msgspec

from mainstay.contract.formats.expressions import is_multiple
from mainstay.contract.formats.settle import settle
from mainstay.contract.formats.shape import items, mapping, number, scalars, text, whole
from mainstay.contract.formats.wanted import Wanted
from mainstay.contract.rules import Rule
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.contract.columns.tensor import Element
    from mainstay.contract.contract import Contract
    from mainstay.contract.formats.wanted import Kind, Notes, Scalar

Schema = dict[str, object]

_ABOUT = {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment"}
_ABOUT |= {"$id", "id", "$schema", "$defs", "definitions", "$anchor", "$vocabulary", "contentEncoding", "nullable"}
_ABOUT |= {"contentMediaType", "discriminator", "xml", "externalDocs"}
"""Keywords that describe, and refuse nothing (`nullable` is OpenAPI 3.0's, and read with the type)."""
_OLD = ("draft-03", "draft-04", "draft-06", "draft-07")
"""Drafts in which whatever stands beside a $ref is ignored."""
_KINDS: Mapping[str, Kind] = {
    "integer": "integer",
    "number": "number",
    "string": "text",
    "boolean": "boolean",
    "array": "tensor",
}
_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "minItems", "maxItems", "uniqueItems", "prefixItems", "contains", "additionalItems"),
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
}
"""Keywords that bind values of one type, and say nothing about others."""
_MOST_PARTS = 100_000
_DEEPEST = 60


def read_json_schema(document: Mapping[str, object], notes: Notes) -> Contract:
    """Make a contract of the schema of one record; raises ContractError where it isn't one."""
    return _Reader(document, notes).read()


class _Reader:
    def __init__(self, document: Mapping[str, object], notes: Notes) -> None:
        self.document = document
        self.notes = notes
        self.old = any(draft in str(document.get("$schema", "")) for draft in _OLD)
        self.parts_read = 0
        self.rules: list[Rule] = []

    def read(self) -> Contract:
        parts = list(self.parts(self.document, ""))
        if self._types(parts) == {"array"}:
            self.notes.say("", "the schema is of an array of records; its items are read.")
            parts = [each for part in parts if "items" in part for each in self.parts(part["items"], "")]
        properties: dict[str, list[object]] = {}
        required: set[str] = set()
        for part in parts:
            for name, schema in mapping(part.get("properties") or {}, "properties").items():
                properties.setdefault(name, []).append(schema)
            required |= {str(name) for name in items(part, "required", "the schema")} if "required" in part else set()
            self._leave(part, "", {"type", "properties", "required", "additionalProperties"})
            if part.get("additionalProperties") not in (None, True):
                self.notes.dropped("", "additionalProperties", "fields the contract doesn't name are ignored")
        for name in sorted(required - properties.keys()):
            self.notes.dropped(name, "required", "the schema doesn't say what it is")
        columns = [self.column(name, schemas, required=name in required) for name, schemas in properties.items()]
        return settle([column for column in columns if column is not None], self.rules, self.notes)

    def column(self, name: str, schemas: list[object], *, required: bool) -> Wanted | None:
        parts = [part for schema in schemas for part in self.parts(schema, name)]
        nullable = all(_takes_null(part) for part in parts)
        parts = [each for part in parts for each in self.chosen(part, name)]
        types = self._types(parts) - {"null"}
        told = (str(part[key]) for key in ("description", "title") for part in parts if part.get(key))
        about = next((each for each in told if each.replace(" ", "_").lower() != name.lower()), "")
        wanted = Wanted(name=name, required=required, nullable=nullable, description=about)
        if types == {"object"}:
            self.notes.dropped(name, "the field", "it is an object, and a record is flat")
            return None
        if types == {"array"}:
            return self.tensor(wanted, parts)
        wanted = self._kind(wanted, types, parts)
        for part in parts:
            wanted = self.narrowed(wanted, part, types)
        return wanted

    def narrowed(self, wanted: Wanted, part: Schema, types: set[str]) -> Wanted:
        """Hold a column to one part of its schema."""
        name = wanted.name
        if "enum" in part or "const" in part:
            values = scalars({"enum": [part["const"]]} if "const" in part else part, "enum", f"'{name}'")
            wanted = wanted.among(tuple(value for value in values if not types or _type_of(value) & types))
        wanted = _ranged(wanted, part)
        wanted = wanted.lengths(whole(part, "minLength", f"'{name}'"), whole(part, "maxLength", f"'{name}'"))
        if "pattern" in part:
            pattern = text(part, "pattern", f"'{name}'")
            if wanted.pattern not in ("", pattern):
                self.notes.dropped(name, f"the pattern {pattern!r}", f"it has one already, {wanted.pattern!r}")
            else:
                wanted = msgspec.structs.replace(wanted, pattern=pattern)
        wanted = self._formatted(wanted, part)
        if part.get("multipleOf") is not None:
            self._multiple(wanted, part)
        read = {"type", "enum", "const", "pattern", "minLength", "maxLength", "format", "multipleOf"}
        self._leave(part, name, read | set(_RANGE), types)
        return wanted

    def tensor(self, wanted: Wanted, parts: list[Schema]) -> Wanted | None:
        """Read an array whose every dimension has one size."""
        shape: list[int] = []
        while self._types(parts) == {"array"} and len(shape) <= _DEEPEST:
            least = max((whole(part, "minItems", wanted.name) or 0 for part in parts), default=0)
            most = [size for part in parts if (size := whole(part, "maxItems", wanted.name)) is not None]
            inner = [part["items"] for part in parts if isinstance(part.get("items"), dict | bool)]
            if not least or not most or least != min(most) or not inner:
                self.notes.dropped(
                    wanted.name, "the field", "it is an array whose size isn't fixed (minItems, maxItems)"
                )
                return None
            for part in parts:
                self._leave(part, wanted.name, {"type", "items", "minItems", "maxItems"})
            shape.append(least)
            parts = [each for schema in inner for each in self.parts(schema, wanted.name)]
        types = self._types(parts)
        if types not in ({"number"}, {"integer"}, {"integer", "number"}):
            self.notes.dropped(wanted.name, "the field", "it is an array of something else than numbers")
            return None
        plain: Element = "int64" if types == {"integer"} else "float64"
        dtype = next((name for part in parts if (name := _ELEMENTS.get(str(part.get("format"))))), plain)
        wanted = msgspec.structs.replace(wanted, kind="tensor", shape=tuple(shape), dtype=dtype)
        for part in parts:
            wanted = _ranged(wanted, part)
            self._leave(part, wanted.name, {"type", "format", *_RANGE}, types)
        return wanted

    def parts(self, schema: object, where: str, seen: tuple[str, ...] = ()) -> Iterator[Schema]:
        """Give the plain schemas that all hold: references followed, allOf taken apart."""
        self.parts_read += 1
        if self.parts_read > _MOST_PARTS or len(seen) > _DEEPEST:
            raise ContractError("This schema refers to itself too often.", "Write out what a record may hold.")
        if isinstance(schema, bool):
            if not schema:
                self.notes.dropped(where, "false, which nothing keeps to")
            return
        plain = dict(mapping(schema, f"'{where}'" if where else "the schema"))
        reference = plain.pop("$ref", None)
        if reference is not None:
            yield from self._referred(str(reference), where, seen)
            if self.old:
                return
        if "allOf" in plain:
            for each in items(plain, "allOf", f"'{where}'" if where else "the schema"):
                yield from self.parts(each, where, (*seen, "allOf"))
        plain.pop("allOf", None)
        yield plain

    def chosen(self, part: Schema, where: str) -> Iterator[Schema]:
        """Give a schema without its anyOf, where only one choice but null is left, or each is one value."""
        rest = {key: value for key, value in part.items() if key not in {"anyOf", "oneOf"}}
        yield rest
        for key in part.keys() - rest.keys():
            choices = [list(self.parts(each, where)) for each in items(part, key, f"'{where}'")]
            left = [choice for choice in choices if not _only_null(choice)]
            alone = [choice[0] for choice in left if len(choice) == 1]
            if len(left) == 1:
                for each in left[0]:
                    yield from self.chosen(each, where)
            elif len(alone) == len(left) and all("const" in each or "enum" in each for each in alone):
                yield {"enum": [value for each in alone for value in _listed(each)]}
            else:
                self.notes.dropped(where, key, "a column has one kind")

    def _referred(self, reference: str, where: str, seen: tuple[str, ...]) -> Iterator[Schema]:
        if reference in seen:
            self.notes.dropped(where, f"$ref {reference}", "it refers to itself")
        elif not reference.startswith("#"):
            self.notes.dropped(where, f"$ref {reference}", "nothing is fetched; put it under $defs")
        else:
            yield from self.parts(self._found(reference), where, (*seen, reference))

    def _found(self, reference: str) -> object:
        at: object = self.document
        for step in unquote(reference[1:]).split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(at, dict) and key in at:
                at = at[key]
            elif isinstance(at, list) and key.isdigit() and int(key) < len(at):
                at = at[int(key)]
            else:
                raise ContractError(f"The schema refers to {reference}, which isn't there.", "Mend the reference.")
        return at

    def _types(self, parts: list[Schema]) -> set[str]:
        """Give the types all parts allow; none where no part says."""
        told: list[set[str]] = []
        for part in parts:
            if "type" in part:
                kind = part["type"]
                told.append(set(map(str, kind)) if isinstance(kind, list) else {str(kind)})
        if not told:
            return set()
        allowed = told[0]
        for each in told[1:]:
            wider = allowed | ({"integer"} if "number" in allowed else set())
            allowed = wider & (each | ({"integer"} if "number" in each else set()))
        return allowed

    def _kind(self, wanted: Wanted, types: set[str], parts: list[Schema]) -> Wanted:
        if {"integer", "number"} <= types:
            types = types - {"integer"}
        if len(types) == 1:
            kind = _KINDS.get(next(iter(types)))
            if kind is None:
                told = f"no kind of column is like its type {next(iter(types))[:80]}"
                self.notes.dropped(wanted.name, "the field", told)
            return msgspec.structs.replace(wanted, kind=kind or "other")
        listed = any("enum" in part or "const" in part for part in parts)
        if types == {"string", "integer"} or (listed and types <= {"string", "integer", "number"} and types):
            return msgspec.structs.replace(wanted, kind="" if listed else "text")
        if types and not listed:
            kinds = [_KINDS[each] for each in ("number", "integer", "string", "boolean") if each in types]
            self.notes.dropped(
                wanted.name, f"the types {sorted(types)}", f"a column has one kind; taken as {kinds[:1]}"
            )
            return msgspec.structs.replace(wanted, kind=kinds[0] if kinds else "")
        return wanted

    def _formatted(self, wanted: Wanted, part: Schema) -> Wanted:
        form = part.get("format")
        if form == "date-time" and wanted.kind in {"text", ""}:
            return msgspec.structs.replace(wanted, kind="datetime")
        if form == "date" and wanted.kind in {"text", ""}:
            return msgspec.structs.replace(wanted, kind="datetime", format="%Y-%m-%d")
        if form is not None and str(form) not in {"int64", "double", "string"}:
            self.notes.dropped(wanted.name, f"the format {form}")
        return wanted

    def _multiple(self, wanted: Wanted, part: Schema) -> None:
        step = number(part, "multipleOf", f"'{wanted.name}'")
        if wanted.kind == "integer" and isinstance(step, int):
            rule = Rule(name=f"{wanted.name} is a multiple of {step}", holds=is_multiple(wanted.name, step))
            self.rules += [rule] if step != 1 else []
        else:
            self.notes.dropped(wanted.name, f"multipleOf = {step}", "decimals have no exact multiples")

    def _leave(self, part: Schema, where: str, read: set[str], types: set[str] | None = None) -> None:
        """Name every keyword that was neither read nor is mere description nor binds another type."""
        bound = {key for kind, keys in _ONLY_FOR.items() for key in keys if types and not _covers(types, kind)}
        for key in part:
            if key not in read | _ABOUT | bound | {"anyOf", "oneOf"} and not key.startswith("x-"):
                self.notes.dropped(where, key)
            elif not where and key in {"anyOf", "oneOf"}:
                self.notes.dropped(where, key, "a record has one shape")


_RANGE = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ELEMENTS: dict[str, Element] = {
    "float": "float32",
    "float32": "float32",
    "float64": "float64",
    "int32": "int32",
    "uint8": "uint8",
}


def _ranged(wanted: Wanted, part: Schema) -> Wanted:
    """Read a range; draft 4 marks an end as excluded with true, later ones name it apart."""
    where = f"'{wanted.name}'"
    least, most = number(part, "minimum", where), number(part, "maximum", where)
    over, under = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    wanted = wanted.limited(above=least) if over is True else wanted.limited(low=least)
    wanted = wanted.limited(below=most) if under is True else wanted.limited(high=most)
    if not isinstance(over, bool):
        wanted = wanted.limited(above=number(part, "exclusiveMinimum", where))
    return wanted if isinstance(under, bool) else wanted.limited(below=number(part, "exclusiveMaximum", where))


def _takes_null(part: Schema) -> bool:
    """Whether a part of a schema lets null through."""
    kind = part.get("type")
    if kind is not None and "null" not in (kind if isinstance(kind, list) else [kind]) and not part.get("nullable"):
        return False
    if ("enum" in part or "const" in part) and None not in _listed(part):
        return False
    choices = part.get("anyOf", part.get("oneOf"))
    return not isinstance(choices, list) or any(isinstance(it, dict) and _takes_null(it) for it in choices)


def _only_null(choice: list[Schema]) -> bool:
    return any(
        part.get("type") in ("null", ["null"]) or (("enum" in part or "const" in part) and _listed(part) == [None])
        for part in choice
    )


def _listed(part: Schema) -> list[Scalar | None]:
    values = [part["const"]] if "const" in part else part.get("enum")
    return cast("list[Scalar | None]", values if isinstance(values, list) else [])


def _type_of(value: Scalar) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, str):
        return {"string"}
    return {"number", "integer"} if float(value).is_integer() else {"number"}


def _covers(types: set[str], kind: str) -> bool:
    return kind in types or (kind == "number" and "integer" in types)
