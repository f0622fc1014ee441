"""The fast way to read a request: a type and a few functions generated from the contract.

msgspec decodes the body straight into a typed struct, refusing what a column can't take; that struct is the `Row`,
whose numbers and features generated functions give without a loop when they are asked for. Nothing here decides what
is right: whatever doesn't fit makes its record fall to the reference, so there is one place that says no, and it says
why.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np

from mainstay.contract.columns.base import BLANKS
from mainstay.contract.row import Row
from mainstay.contract.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contract.columns.base import Column, Quick
    from mainstay.contract.contract import Contract
    from mainstay.contract.rules import RuleCheck

    Fields = Sequence[tuple[Column, Quick]]

_AWKWARD = re.compile(r'["\\\x00-\x1f]')
"""What msgspec doesn't take in the name of a field; contracts that use it are served by the reference alone."""

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What leaves a record to the reference."""

_KEPT = "(kept)"


class FastRow(Row):
    """A record as msgspec decoded it; what the attributes of `Row` tell is computed when it is asked for."""

    __slots__ = ()
    warnings: tuple[str, ...] = ()
    degraded = False
    fallback = False
    deeds = ()

    if TYPE_CHECKING:

        def gaps(self) -> Sequence[str]:
            """Name the optional columns that are missing."""


def compile_fast(contract: Contract) -> type[FastRow] | None:
    """Compile the fast way to read one record: a type for msgspec to decode into.

    Decoding raises one of `REFUSALS` for every record that deviates from the contract in any way.

    Returns
    -------
    type
        None where the contract has no fast way: then all is left to the reference.

    """
    fields: list[tuple[Column, Quick | None]] = [(column, column.quick()) for column in contract.features]
    ids: list[tuple[Column, Quick | None]] = [(column, column.quick()) for column in contract.ids]
    ready = [(column, quick) for column, quick in fields if quick is not None]
    named = [(column, quick) for column, quick in ids if quick is not None]
    unready = len(ready) < len(fields) or len(named) < len(ids)
    if unready or any(_AWKWARD.search(name) for name in contract.names):
        return None
    return _record_type(contract, ready, named)


def _record_type(contract: Contract, fields: Fields, ids: Fields) -> type[FastRow]:
    """Make the struct msgspec decodes into: attributes f0, f1, ..., who0, ... under the columns' own names."""
    members: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names = {}
    for place, (column, quick) in enumerate(fields):
        names[f"f{place}"] = column.name
        optional = is_optional(column)
        members.append((f"f{place}", quick.type | None, None) if optional else (f"f{place}", quick.type))
    for place, (column, quick) in enumerate(ids):
        names[f"who{place}"] = column.name
        members.append((f"who{place}", quick.type | None, None))
    names["kept"] = _KEPT + "_" * max(map(len, contract.names))  # as no column is called; only null fits
    members.append(("kept", None, None))
    namespace = _generate(contract, fields, ids)
    record = msgspec.defstruct(
        "Record", members, bases=(FastRow, msgspec.Struct), namespace=namespace, rename=names, gc=False, kw_only=True
    )
    return cast("type[FastRow]", record)


def _generate(contract: Contract, fields: Fields, ids: Fields) -> dict[str, Any]:
    """Generate what the struct can do.

    Column names reach the source only as `repr` of a string, which is a literal whatever the string holds.
    """
    known: dict[str, Any] = {
        "frombuffer": np.frombuffer,
        "pack": struct.Struct(f"{contract.width}d").pack,
        "nan": math.nan,
        "identify": _identify,
    }
    codes = [_code(place, column, quick, known) for place, (column, quick) in enumerate(fields)]
    served = [
        f"{column.name!r}: {_served(place, column, quick, known)}" for place, (column, quick) in enumerate(fields)
    ]
    lines = [
        "def encoded(self):",
        "    kept = self.kept",
        "    if kept is None:",
        f"        self.kept = kept = frombuffer(pack({', '.join(codes)}))",
        "    return kept",
        "def features(self):",
        f"    return {{{', '.join(served)}}}",
        "def entity(self):",
        f"    return {'identify(self.who0)' if ids else 'None'}",
        "def gaps(self):",
        f"    return {_gaps(fields)}",
        *_settling(contract, fields, ids, known),
    ]
    exec("\n".join(lines), known)  # noqa: S102 - the source holds only numbered names and string literals
    made: dict[str, Any] = {name: property(known[name]) for name in ("encoded", "features", "entity")}
    made["gaps"] = known["gaps"]
    return made | ({"__post_init__": known["settle"]} if "settle" in known else {})


def _gaps(fields: Fields) -> str:
    """Write the expression of the optional columns that are missing, which says in one test that none is."""
    places = [(f"self.f{place}", column.name) for place, (column, _) in enumerate(fields) if is_optional(column)]
    if not places:
        return "()"
    found = " or ".join(f"{it} is None" for it, _ in places)
    names = ", ".join(f"*(({name!r},) if {it} is None else ())" for it, name in places)
    return f"[{names}] if {found} else ()"


def is_optional(column: Column) -> bool:
    """Say whether a record without the column has a fast way."""
    return column.when_missing == "allow"


def _settling(contract: Contract, fields: Fields, ids: Fields, known: dict[str, Any]) -> list[str]:
    """Write what msgspec calls once it has decoded a record: what its types can't hold against it."""
    lines = []
    for word, part in (("f", fields), ("who", ids)):
        for place, (column, quick) in enumerate(part):
            if quick.read is None:
                continue
            it = f"{word}{place}"
            known[f"read_{it}"] = _reader(quick.read)
            guard = f"if self.{it} is not None: " if is_optional(column) else ""
            lines.append(f"    {guard}self.{it} = read_{it}(self.{it})")
    if contract.rules:
        checks = compile_rules(contract.columns, contract.rules)
        known["obey"] = _obey(checks)
        needed = {name for check in checks for name in check.expression.names}
        values = [
            f"{column.name!r}: {_served(place, column, quick, known)}"
            for place, (column, quick) in enumerate(fields)
            if column.name in needed
        ]
        lines.append(f"    obey({{{', '.join(values)}}})")
    return ["def settle(self):", *lines] if lines else []


def _reader(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def settled(found: object) -> object:
        if isinstance(found, str):
            found = found.strip(BLANKS)
        value = None if found == "" else read(found)
        if value is None:
            raise ValueError
        return value

    return settled


def _obey(checks: Sequence[RuleCheck]) -> Callable[[dict[str, Any]], None]:
    def obey(values: dict[str, Any]) -> None:
        for check in checks:
            if check.broken(values):
                raise ValueError

    return obey


def _served(place: int, column: Column, quick: Quick, known: dict[str, Any]) -> str:
    """Write the expression of one served value."""
    if quick.served is None:
        return f"self.f{place}"
    known[f"s{place}"] = {None: None, **quick.served} if is_optional(column) else quick.served
    return f"s{place}[self.f{place}]"


def _code(place: int, column: Column, quick: Quick, known: dict[str, Any]) -> str:
    """Write the expression of one code."""
    if quick.read is not None:
        known[f"k{place}"] = column.codes
        return f"*k{place}(self.f{place})"
    table = quick.codes
    if table is None and quick.served is not None:
        table = {found: column.code(value) for found, value in quick.served.items()}
    value = f"self.f{place}"
    optional = is_optional(column)
    if table is not None:
        known[f"k{place}"] = {None: math.nan, **table} if optional else table
        return f"k{place}[{value}]"
    return f"(nan if {value} is None else {value})" if optional else value


def _identify(found: str | int | None) -> str | None:
    if type(found) is str:
        return found.strip(BLANKS) or None
    return None if found is None else str(found)
