"""The fast way to read a request: a decoder and an encoder generated from the contract.

msgspec decodes the body straight into a typed struct, refusing what a column can't take, and a generated function
turns the struct into a `Row` without a loop. Nothing here decides what is right: whatever doesn't fit makes the whole
request fall to the reference semantics, so there is one place that says no, and it says why.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contract.columns.base import BLANKS
from mainstay.contract.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract.columns.base import Column, Quick
    from mainstay.contract.contract import Contract

_AWKWARD = re.compile(r'["\\\x00-\x1f]')
"""What msgspec doesn't take in the name of a field; contracts that use it are served by the reference alone."""

_REFUSALS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError)


def compile_fast(contract: Contract) -> Callable[[bytes, int], list[Row] | None]:
    """Compile the fast way.

    Returns
    -------
    callable
        From a body and the most records it may hold to its rows; None for whatever is left to the reference.

    """
    fields = [(column, column.quick()) for column in contract.features]
    entity = contract.entity
    entity_field = entity.quick() if entity else None
    ready = [(column, quick) for column, quick in fields if quick is not None]
    unready = len(ready) < len(fields) or (entity is not None and entity_field is None)
    if unready or any(_AWKWARD.search(name) for name in contract.names):
        return _never
    record = _record_type(ready, entity, entity_field)
    return _decoder(record, _row_maker(ready, has_entity=entity is not None))


def _never(_body: bytes, _max_records: int) -> None:
    return None


def _decoder(record: type, make: Callable[[Any], Row]) -> Callable[[bytes, int], list[Row] | None]:
    one: Callable[[bytes], Any] = msgspec.json.Decoder(record).decode
    many: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]

    def decode(body: bytes, max_records: int) -> list[Row] | None:
        try:
            if body.startswith(b"{"):
                return [make(one(body))]
            # Every record opens a brace: a cheap bound on what decoding can cost, before it costs anything.
            if body.count(b"{") > max_records:
                return None
            return [make(each) for each in many(body)] or None
        except _REFUSALS:
            return None

    return decode


def _record_type(fields: list[tuple[Any, Quick]], entity: Column | None, entity_field: Quick | None) -> type:
    """Make the struct msgspec decodes into: attributes f0, f1, ... under the columns' own names."""
    members: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names = {}
    for place, (column, quick) in enumerate(fields):
        names[f"f{place}"] = column.name
        optional = column.when_missing == "allow"
        members.append((f"f{place}", quick.type | None, None) if optional else (f"f{place}", quick.type))
    if entity is not None and entity_field is not None:
        names["entity"] = entity.name
        members.append(("entity", entity_field.type | None, None))
    return msgspec.defstruct("Record", members, rename=names, gc=False, kw_only=True)


def _row_maker(fields: list[tuple[Any, Quick]], *, has_entity: bool) -> Callable[[Any], Row]:
    """Generate the function from struct to row.

    Column names reach the source only as `repr` of a string, which is a literal whatever the string holds.
    """
    namespace: dict[str, Any] = {
        "Row": Row,
        "frombuffer": np.frombuffer,
        "pack": struct.Struct(f"{len(fields)}d").pack,
        "nan": math.nan,
        "identify": _identify,
    }
    lines = ["def make(record):"]
    codes, served = [], []
    for place, (column, quick) in enumerate(fields):
        lines += _field_lines(place, quick, namespace, optional=column.when_missing == "allow")
        codes.append(f"c{place}" if quick.codes is not None or column.when_missing == "allow" else f"v{place}")
        served.append(f"{column.name!r}: v{place}")
    entity = "identify(record.entity)" if has_entity else "None"
    lines.append(f"    return Row(frombuffer(pack({', '.join(codes)})), {{{', '.join(served)}}}, {entity})")
    exec("\n".join(lines), namespace)  # noqa: S102 - the source holds only numbered names and string literals
    make: Callable[[Any], Row] = namespace["make"]
    return make


def _field_lines(place: int, quick: Quick, namespace: dict[str, Any], *, optional: bool) -> list[str]:
    value, code = f"v{place} = x", f"c{place} = v{place}" if optional else ""
    if quick.served is not None:
        namespace[f"s{place}"] = quick.served
        value = f"v{place} = s{place}[x]"
    if quick.codes is not None:
        namespace[f"k{place}"] = quick.codes
        code = f"c{place} = k{place}[x]"
    steps = [value, *([code] if code else [])]
    if not optional:
        direct = [step.replace("[x]", f"[record.f{place}]").replace("= x", f"= record.f{place}") for step in steps]
        return [f"    {step}" for step in direct]
    return [
        f"    x = record.f{place}",
        f"    if x is None: v{place} = None; c{place} = nan",
        f"    else: {'; '.join(steps)}",
    ]


def _identify(found: str | int | None) -> str | None:
    if type(found) is str:
        return found if found.strip(BLANKS) else None
    return None if found is None else str(found)
