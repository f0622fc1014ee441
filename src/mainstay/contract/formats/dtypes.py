"""The names data frames and databases give to types, as kinds of column."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, get_args

import msgspec

from mainstay.contract.columns.tensor import Element

if TYPE_CHECKING:
    from mainstay.contract.formats.wanted import Kind, Notes, Wanted

_WHOLE = re.compile(r"(u?)int(\d+)?(_|type)?")
_CATEGORY = re.compile(r"(category|categorical|enum).*")
_FORMS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"integer|bigint|smallint|tinyint|long(type)?|byteint"), "integer"),
    (re.compile(r"bool(ean)?(_|type)?"), "boolean"),
    (re.compile(r"float(\d+)?(_|type)?|double(type| precision)?|real|decimal.*|numeric.*|number"), "number"),
    (re.compile(r"(datetime|timestamp).*|date(type)?"), "datetime"),
    (re.compile(r"(str|string|object|utf8|text|unicode|(n|var|nvar)?char).*"), "text"),
)
_ENUM = re.compile(r"Enum\(categories=(\[.*\])\)", re.DOTALL)
_ARRAY = re.compile(r"Array\((\w+), shape=\(([\d, ]+)\)\)")
_ELEMENTS: dict[str, Element] = {str(each): each for each in get_args(Element)}
_LONGEST_NAME = 100_000


def typed(wanted: Wanted, name: str, notes: Notes) -> Wanted:
    """Give a column the type of this name: ``int64``, ``Float32``, ``string[pyarrow]``, ``VARCHAR(20)``.

    Examples
    --------
    >>> from mainstay.contract.formats.wanted import Notes, Wanted
    >>> typed(Wanted(name="age"), "UInt8", Notes()).kind
    'integer'

    """
    if len(name) > _LONGEST_NAME:
        notes.dropped(wanted.name, "the column", "the name of its type is too long to be read")
        return msgspec.structs.replace(wanted, kind="other")
    plain = name.strip().lower()
    whole = _WHOLE.fullmatch(plain)
    if whole:
        return _whole(wanted, name, whole, notes)
    tensor = _ARRAY.fullmatch(name)
    if tensor and tensor[1].lower() in _ELEMENTS:
        shape = tuple(int(size) for size in tensor[2].split(",") if size.strip())
        return msgspec.structs.replace(wanted, kind="tensor", shape=shape, dtype=_ELEMENTS[tensor[1].lower()])
    if _CATEGORY.fullmatch(plain):
        return _labelled(wanted, name, notes)
    kind = next((kind for form, kind in _FORMS if form.fullmatch(plain)), None)
    if kind is None:
        notes.dropped(wanted.name, "the column", f"no kind of column is like its type {name[:80]}")
    elif kind == "number" and ("32" in plain or "16" in plain or plain.startswith(("decimal", "numeric"))):
        notes.say(wanted.name, f"{name[:80]} becomes a number of 64 bits.")
    elif plain.startswith("object"):
        notes.say(wanted.name, f"{name[:80]} can be anything; taken as text.")
    return msgspec.structs.replace(wanted, kind=kind or "other")


def _whole(wanted: Wanted, name: str, found: re.Match[str], notes: Notes) -> Wanted:
    wanted = msgspec.structs.replace(wanted, kind="integer")
    if found[2] and found[2] != "64":
        notes.say(wanted.name, f"{name} becomes a whole number of 64 bits; give it min and max where that matters.")
    return wanted.limited(low=0) if found[1] else wanted


def _labelled(wanted: Wanted, name: str, notes: Notes) -> Wanted:
    wanted = msgspec.structs.replace(wanted, kind="category")
    told = _ENUM.fullmatch(name)
    if told is None:
        return wanted
    try:
        labels = ast.literal_eval(told[1])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        notes.dropped(wanted.name, f"the type {name[:80]}", "its labels can't be read")
        return wanted
    return wanted.among(tuple(str(each) for each in labels))
