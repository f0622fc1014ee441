"""`contract.toml`: read with the line of every mistake, written with nothing that goes without saying."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from mainstay.contract.columns import AnyColumn, Column
from mainstay.contract.conflicts import conflicts
from mainstay.contract.contract import Contract, contradictions
from mainstay.contract.rules import Rule
from mainstay.errors import ContractError, ProjectError
from mainstay.project import Located, read_located

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "contract.toml"
RULES = "rule"
"""Name of the tables ``[[rule]]``."""
KINDS: Mapping[str, type[AnyColumn]] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyColumn)}

_COLUMN, _RULE = re.compile(r"(?m)^\s*\[\s*[\"']?rule[\"']?\s*\]"), re.compile(r"(?m)^\s*\[\[\s*rule\s*\]\]")
_COMMON = frozenset(field.name for field in msgspec.structs.fields(Column))
"""Settings that every kind has; they are written after a kind's own."""


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
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        raise _told(error, text) from None


def loads(text: str, name: str = FILE) -> Contract:
    """Read a contract from the text of a file called `name`; raises as `load_contract` does."""
    try:
        return _decode(Located(Path(name), text))
    except ProjectError as error:
        raise _told(error, text) from None


def _told(error: ProjectError, text: str) -> ContractError:
    """Say it as an error of the contract; that of a file whose column is called as the rules are, in plain words."""
    if "isn't valid TOML" in error.message and _COLUMN.search(text) and _RULE.search(text):
        said = "A column called 'rule' and rules can't be in one file: [rule] and [[rule]] have one name."
        return ContractError(said, "Call the column something else in the source, or go without rules.")
    return ContractError(error.message, error.cure)


def dumps(contract: Contract) -> str:
    """Write a contract as TOML: one table per column and per rule, only what deviates from a default.

    Raises
    ------
    ContractError
        Where a column is called "rule" and there are rules, too: no file can hold both.

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
    if contract.rules and RULES in contract.names:
        said = "A column called 'rule' and rules can't be in one file."
        raise ContractError(said, "Call the column something else in the source, or go without rules.")
    rules = (_lines(f"[[{RULES}]]", msgspec.to_builtins(rule)) for rule in contract.rules)
    return "\n".join([*(_table(column) for column in contract.columns), *rules])


def _decode(located: Located) -> Contract:
    rules = located.decode_entries(RULES, Rule) if isinstance(located.tables.get(RULES), list) else ()
    names = [name for name, table in located.tables.items() if not (name == RULES and isinstance(table, list))]
    contract = Contract(tuple(_column(located, name) for name in names), rules)
    for name, key, message in contradictions(contract):
        raise located.error(name, key, message, _cure(message))
    for column in contract.columns:
        if column.fill is not None and not column.imputes:
            said = f"is {column.fill!r}, but nothing is ever filled in: no policy of it is 'impute'."
            raise located.error(column.name, "fill", said, 'Say missing = "impute", or remove this line.')
    for found in conflicts(contract.columns, rules):
        raise located.error(RULES, found.key, found.message, found.cure, place=found.place)
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
    for key, value in table.items():
        if isinstance(value, dt.date):  # TOML has dates of its own, and a limit of a time may well be written so
            table[key] = value.isoformat()
    return msgspec.structs.replace(located.decode(name, kind, elsewhere=_whose), name=name)


def _whose(setting: str) -> str:
    """Say which kinds of column have a setting; empty where none has."""
    kinds = [
        f"'{name}'" for name, kind in KINDS.items() if setting in {each.name for each in msgspec.structs.fields(kind)}
    ]
    return f"Columns of type {' and '.join(kinds)} have it." if kinds else ""


def _cure(message: str) -> str:
    """Fit the cure: a contradiction of two settings can be mended at either, and some say themselves what to do."""
    if "say 'impute'" in message:
        return ""
    two = " = " in message or "as that of" in message
    return "Mend one of the two." if two else "Mend this line."


def _table(column: AnyColumn) -> str:
    settings = {key: value for key, value in msgspec.to_builtins(column).items() if key != "name"}
    ordered = sorted(settings, key=lambda key: key in _COMMON)
    return _lines(f"[{_key(column.name)}]", {key: settings[key] for key in ordered})


def _lines(header: str, settings: Mapping[str, object]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in settings.items()]
    return "\n".join([header, *lines, ""])


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
    return name if bare else _value(name)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)
