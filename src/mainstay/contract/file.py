"""`contract.toml`: read with the line of every mistake, written with nothing that goes without saying."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from mainstay.contract.columns import AnyColumn
from mainstay.contract.contract import Contract, contradictions
from mainstay.errors import ContractError, ProjectError
from mainstay.project import Located, read_located

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "contract.toml"
KINDS: Mapping[str, type[AnyColumn]] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyColumn)}


def load_contract(path: Path) -> Contract:
    """Read a contract file.

    Raises
    ------
    ContractError
        Where it can't be read, a setting is wrong or two contradict each other; names file, line and cure.

    """
    try:
        return _decode(read_located(path))
    except ProjectError as error:
        raise ContractError(error.message, error.cure) from None


def loads(text: str, name: str = FILE) -> Contract:
    """Read a contract from the text of a file called `name`; raises as `load_contract` does."""
    try:
        return _decode(Located(Path(name), text))
    except ProjectError as error:
        raise ContractError(error.message, error.cure) from None


def dumps(contract: Contract) -> str:
    """Write a contract as TOML: one table per column, only what deviates from a default.

    Examples
    --------
    >>> from mainstay.contract import Integer
    >>> print(dumps(Contract((Integer(name="tenure", min=0, max=100, unit="months"),))), end="")
    [tenure]
    type = "integer"
    min = 0
    max = 100
    unit = "months"

    """
    return "\n".join(_table(column) for column in contract.columns)


def _decode(located: Located) -> Contract:
    contract = Contract(tuple(_column(located, name) for name in located.tables))
    for name, key, message in contradictions(contract):
        raise located.error(name, key, message, "Mend one of them.")
    if not contract.features:
        raise ContractError(
            f"{located.path.name} has no feature.", "Describe at least one column a model can learn from."
        )
    return contract


def _column(located: Located, name: str) -> AnyColumn:
    table = located.table(name)
    spelled = table.get("type")
    kind = KINDS.get(spelled) if isinstance(spelled, str) else None
    if kind is None:
        near = difflib.get_close_matches(str(spelled)[:80], KINDS, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Kinds of column: {', '.join(KINDS)}."
        raise located.error(name, "type", "is missing." if spelled is None else f"is {spelled!r}.", hint)
    if "name" in table:
        raise located.error(name, "name", "can't be set: a column is called as its table.", "Remove this line.")
    return msgspec.structs.replace(located.decode(name, kind), name=name)


def _table(column: AnyColumn) -> str:
    settings = {key: value for key, value in msgspec.to_builtins(column).items() if key != "name"}
    common = ("role", "missing", "fill", "unit", "description", "owner", "source", "personal", "sensitive")
    ordered = sorted(settings, key=lambda key: key in common)
    lines = [f"{key} = {_value(settings[key])}" for key in ordered]
    return "\n".join([f"[{_key(column.name)}]", *lines, ""])


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
    return name if bare else _value(name)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)
