"""Which lines fit the columns of a table exactly, and mending those that don't.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from mainstay.events.table import fields, schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import Contract
    from mainstay.events.log import Stream

_ODD = re.compile(r'["\\\x00-\x1f]')
MORE = "mainstay.more"
"""Field of a mended line for what fits no column; becomes the column ``more``."""

Kinds = tuple[tuple[str, pl.DataType], ...]
_PLAIN: dict[type[pl.DataType], Any] = {
    pl.Int64: fields.Whole,
    pl.Float64: float,
    pl.Boolean: bool,
    pl.String: str,
    pl.Datetime: fields.Moment,
}

_GUESSED: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean(), str: pl.String()}


class _Features(msgspec.Struct, rename={"features": fields.FEATURES}):
    features: dict[str, Any] = {}


_features = msgspec.json.Decoder(_Features)


@dataclass(frozen=True)
class Shape:
    """What the lines of one version look like.

    Parameters
    ----------
    stream : str
        Which stream they are of.
    features, inputs : tuple of (str, DataType)
        Names and types of the features, and of what feature code derives from them.
    personal : frozenset of str
        Features that may be left out of all lines, since they are kept encrypted, or not at all.
    is_loose : bool
        Whether any of them may be missing from a line.

    """

    stream: Stream
    features: Kinds = ()
    inputs: Kinds = ()
    personal: frozenset[str] = frozenset()
    is_loose: bool = False

    @classmethod
    def of(cls, stream: Stream, features: Contract | None, inputs: Contract | None) -> Shape:
        """Take names and types from contracts."""
        personal = frozenset(each.name for each in features.features if each.personal) if features else frozenset()
        return cls(stream, _kinds(features), _kinds(inputs), personal)

    @classmethod
    def seen(cls, stream: Stream, lines: Sequence[bytes]) -> Shape:
        """Take names and types from the lines themselves, where nobody knows their version's contract any more."""
        found: dict[str, pl.DataType | None] = {}
        for line in lines:
            try:
                values = _features.decode(line).features
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            for name, value in values.items():
                kind = _GUESSED.get(type(value))
                if value is not None:
                    found[name] = kind if found.get(name, kind) in (kind, pl.Int64()) else found[name]
        return cls(stream, tuple((name, kind) for name, kind in found.items() if kind is not None))

    def forms(self) -> tuple[Shape, ...]:
        """Give the shapes that lines have as a rule: without the personal features, with them, with gaps."""
        whole = replace(self, personal=frozenset())
        if not self.personal:
            return whole, self.loosened()
        others = tuple(each for each in self.features if each[0] not in self.personal)
        return replace(whole, features=others), whole, self.loosened()

    def loosened(self) -> Shape:
        """Give the shape that every mended line has."""
        return replace(self, personal=frozenset(), is_loose=True)

    def names(self, objects: Sequence[Any], column: str) -> list[str | None]:
        """Give the names that each line held of its features or inputs, as JSON."""
        if self.is_loose:
            held = [getattr(each, column) for each in objects]
            return [None if each is None else _json(list(msgspec.to_builtins(each))) for each in held]
        every = _json([name for name, _ in getattr(self, column)])
        return [None if getattr(each, column) is None else every for each in objects]


def fields_of(shape: Shape, scores: Sequence[str]) -> dict[str, schemas.Kind]:
    """Give the type of each field that is read by columns."""
    every = fields.FIELDS[shape.stream].items()
    kinds: dict[str, schemas.Kind] = {field: schemas.KINDS[each.kind] for field, each in every if not each.is_json}
    nested: dict[str, dict[str, pl.DataType]] = {
        fields.FEATURES: dict(shape.features),
        fields.INPUTS: dict(shape.inputs),
        fields.SCORES: dict.fromkeys(scores, pl.Float64()),
    }
    return kinds | {field: pl.Struct(inner) for field, inner in nested.items() if inner}


@lru_cache(maxsize=256)
def decoder(shape: Shape) -> msgspec.json.Decoder[Any]:
    """Make what decodes a line that fits exactly, and nothing else."""
    members: list[Any] = []
    rename = {}
    for field, each in fields.FIELDS[shape.stream].items():
        rename[each.column] = field
        members.append((each.column, each.type) if _is_needed(each) else (each.column, each.type, None))
    for number, field in enumerate(fields.IGNORED):
        rename[f"_{number}"] = field
        members.append((f"_{number}", Any, None))
    if shape.is_loose:
        members.append(("more", str | None, None))
        rename["more"] = MORE
    if shape.stream == "predictions":
        rename |= {column: field for field, column in fields.NESTED.items()}
        features, inputs = _struct(shape.features, shape.is_loose), _struct(shape.inputs, shape.is_loose)
        members.append(("features", features | None, None) if shape.is_loose else ("features", features))
        members += [("inputs", inputs | None, None), ("scores", dict[str, float] | None, None)]
    line = msgspec.defstruct("Line", members, rename=rename, forbid_unknown_fields=True, kw_only=True, gc=False)
    return msgspec.json.Decoder(line)


def decoded(lines: bytes, shape: Shape) -> list[Any] | None:
    """Decode lines that all fit exactly; None where any doesn't."""
    try:
        objects = decoder(shape).decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    for column, kinds in (("features", shape.features), ("inputs", shape.inputs)):
        if _is_odd(kinds) and not all(_agrees(getattr(each, column), dict(kinds), shape.is_loose) for each in objects):
            return None
    return objects


def mend(line: bytes, shape: Shape) -> bytes | None:
    """Make a line fit: what no column takes becomes one text. None where it is no event at all."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict):
        return None
    clean: dict[str, Any] = {}
    more: dict[str, Any] = {}
    known = fields.FIELDS[shape.stream]
    for field, value in found.items():
        if field in known:
            (clean if _fits(value, known[field].type) else more)[field] = value
        elif field in fields.NESTED and shape.stream == "predictions" and isinstance(value, dict):
            clean[field], left = _parted(value, _types(field, shape))
            more |= {field: left} if left else {}
        elif field not in fields.IGNORED:
            more[field] = value
    if any(_is_needed(each) and field not in clean for field, each in known.items()):
        return None
    return msgspec.json.encode(clean | ({MORE: _json(more)} if more else {}))


def _parted(values: dict[str, Any], types: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    fit = {
        name: value for name, value in values.items() if _fits(value, float if types is None else types.get(name, ...))
    }
    return fit, {name: value for name, value in values.items() if name not in fit}


def _types(field: str, shape: Shape) -> dict[str, Any] | None:
    if field == fields.SCORES:
        return None
    kinds = shape.features if field == fields.FEATURES else shape.inputs
    return {name: _python(kind) | None for name, kind in kinds}


def _fits(value: object, kind: Any) -> bool:
    if kind is ...:
        return False
    try:
        msgspec.convert(value, kind, strict=True)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _is_needed(field: fields.Field) -> bool:
    return field.column in ("id", "time")


def _is_odd(kinds: Kinds) -> bool:
    """Whether any name is one that msgspec takes for no field's: such values are checked one by one."""
    return any(_ODD.search(name) for name, _ in kinds)


def _agrees(values: dict[str, Any] | None, kinds: dict[str, pl.DataType], is_loose: bool) -> bool:
    if values is None:
        return True
    has_all = is_loose or values.keys() == kinds.keys()
    return has_all and all(
        name in kinds and _fits(value, _python(kinds[name]) | None) for name, value in values.items()
    )


def _struct(kinds: Kinds, is_loose: bool) -> Any:
    if _is_odd(kinds):
        return dict[str, Any]
    members: list[Any] = []
    for number, (_, kind) in enumerate(kinds):
        wanted = _python(kind) | None
        members.append(
            (f"f{number}", wanted | msgspec.UnsetType, msgspec.UNSET) if is_loose else (f"f{number}", wanted)
        )
    rename = {f"f{number}": name for number, (name, _) in enumerate(kinds)}
    return msgspec.defstruct("Values", members, rename=rename, forbid_unknown_fields=True, kw_only=True, gc=False)


def _python(kind: pl.DataType) -> Any:
    if isinstance(kind, pl.List):
        return list[_python(schemas.table_kind(kind.inner)) | None]  # type: ignore[misc]  # made at run time
    return _PLAIN[kind.base_type()]


def _kinds(contract: Contract | None) -> Kinds:
    if contract is None:
        return ()
    return tuple((each.name, schemas.table_kind(each.stored())) for each in contract.features)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
