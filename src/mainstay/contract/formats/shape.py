"""Reading a parsed file of another tool: each value is what it should be, or a sentence says where it isn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contract.formats.wanted import Scalar


def mapping(value: object, where: str) -> Mapping[str, object]:
    """Take a mapping with text as keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(where, "a mapping with names as keys", value)
    return cast("Mapping[str, object]", value)


def items(told: Mapping[str, object], key: str, where: str) -> list[object]:
    """Take a list."""
    value = told.get(key)
    if not isinstance(value, list):
        raise _wrong(f"{key} of {where}", "a list", value)
    return value


def text(told: Mapping[str, object], key: str, where: str) -> str:
    """Take a text."""
    value = told.get(key)
    if not isinstance(value, str):
        raise _wrong(f"{key} of {where}", "a text", value)
    return value


def number(told: Mapping[str, object], key: str, where: str) -> int | float | None:
    """Take a number, or None where there is none."""
    value = told.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _wrong(f"{key} of {where}", "a number", value)
    return value


def whole(told: Mapping[str, object], key: str, where: str) -> int | None:
    """Take a whole number, or None where there is none."""
    value = number(told, key, where)
    if value is not None and value != value // 1:
        raise _wrong(f"{key} of {where}", "a whole number", value)
    return None if value is None else int(value)


def scalars(told: Mapping[str, object], key: str, where: str) -> tuple[Scalar, ...]:
    """Take a list of plain values; null among them is left out."""
    values = items(told, key, where)
    for value in values:
        if value is not None and not isinstance(value, bool | int | float | str):
            raise _wrong(f"{key} of {where}", "a list of plain values", value)
    return tuple(value for value in values if isinstance(value, bool | int | float | str))


def _wrong(where: str, expected: str, found: object) -> ContractError:
    shown = "missing" if found is None else f"{str(found)[:80]!r}"
    return ContractError(f"This file can't be read: {where} is {shown}, expected {expected}.", "Mend it at its source.")
