"""Schemas of pandera, as its `to_yaml` and `to_json` write them: checks as keys of a column, or below ``checks``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contract.formats.dtypes import typed
from mainstay.contract.formats.expressions import is_none_of
from mainstay.contract.formats.settle import settle
from mainstay.contract.formats.shape import mapping, scalars, text, whole
from mainstay.contract.formats.wanted import Wanted
from mainstay.contract.rules import Rule
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from mainstay.contract.contract import Contract
    from mainstay.contract.formats.wanted import Limit, Notes, Scalar

_ABOUT_A_TABLE = {
    "coerce": "values are read by the contract's own rules, numbers written as text among them",
    "ordered": "a record's fields have no order",
    "unique_column_names": "a record's fields have no order and no doubles",
    "add_missing_columns": "an absent field is a missing value",
    "drop_invalid_rows": "refused rows are kept in a quarantine file",
    "report_duplicates": "the first of equal rows is kept",
    "dtype": "every column has a type of its own",
}
_PLAIN = frozenset({"schema_type", "version", "api", "dataframe_library", "columns", "name", "title", "description"})
_ABOUT_A_COLUMN = frozenset({"title", "description", "dtype", "nullable", "checks", "name", "unique", "required"})
_OPTIONS = frozenset(
    {"check_name", "raise_warning", "ignore_na", "n_failure_cases", "groupby", "groups", "error", "name"}
)


class _Check(msgspec.Struct, frozen=True):
    """One check of a column: its name, its arguments, and whether it only warns."""

    name: str
    told: Mapping[str, object]
    warns: bool = False


def read_pandera(document: Mapping[str, object], notes: Notes) -> Contract:
    """Make a contract of a schema; raises ContractError where it isn't one."""
    named = [
        (name, entry) for name, entry in _named(document.get("columns"), notes) if not _is_pattern(name, entry, notes)
    ]
    columns = [_column(name, entry, notes) for name, entry in named]
    rules = [rule for name, entry in named for rule in _rules(name, entry)]
    _leave_the_table(document, notes)
    unique = document.get("unique")
    alone = unique if isinstance(unique, str) else unique[0] if isinstance(unique, list) and len(unique) == 1 else None
    if isinstance(unique, list) and len(unique) > 1:
        notes.dropped("", f"unique = {unique}", "a contract has no word for columns that are unique together")
    return settle([msgspec.structs.replace(it, unique=it.unique or it.name == alone) for it in columns], rules, notes)


def _named(columns: object, notes: Notes) -> Iterator[tuple[str, Mapping[str, object]]]:
    listed = [(each.get("name"), each) for each in columns] if isinstance(columns, list) else None
    for name, entry in mapping(columns, "columns").items() if listed is None else listed:
        if isinstance(name, str):
            yield name, mapping(entry or {}, f"column '{name}'")
        else:
            notes.dropped("", f"the column {name}", "its name is no text")


def _is_pattern(name: str, entry: Mapping[str, object], notes: Notes) -> bool:
    if entry.get("regex"):
        notes.dropped(name, "a column for every name that is like it", "a contract names each column")
    return bool(entry.get("regex"))


def _leave_the_table(document: Mapping[str, object], notes: Notes) -> None:
    for key, why in _ABOUT_A_TABLE.items():
        if document.get(key) not in (None, False, "all"):
            notes.dropped("", f"{key} = {_shown(document[key])}", why)
    if document.get("strict") is True:
        notes.dropped("", "strict = true", "columns the contract doesn't name are ignored")
    for key in ("index", "multiindex"):
        if document.get(key):
            notes.dropped("", key, "rows are known by a column with role = 'id'")
    for check in _checks(document.get("checks"), "the schema"):
        notes.dropped("", f"the check {check.name} of whole rows", "write it as a [[rule]]")
    known = _PLAIN | _ABOUT_A_TABLE.keys() | {"strict", "index", "multiindex", "checks", "unique"}
    for key in document.keys() - known:
        notes.dropped("", key)


def _column(name: str, entry: Mapping[str, object], notes: Notes) -> Wanted:
    where = f"column '{name}'"
    wanted = Wanted(
        name=name,
        required=entry.get("required", True) is not False,
        nullable=bool(entry.get("nullable")),
        unique=bool(entry.get("unique")),
        fill=_default(entry, where),
        description=str(entry.get("description") or entry.get("title") or ""),
    )
    dtype = entry.get("dtype")
    if isinstance(dtype, str):
        wanted = typed(wanted, dtype, notes)
    for key in ("coerce", "drop_invalid_rows", "report_duplicates"):
        if entry.get(key) not in (None, False, "all"):
            notes.dropped(name, f"{key} = {_shown(entry[key])}", _ABOUT_A_TABLE[key])
    return _checked(wanted, _checks_of(name, entry), notes)


def _checks_of(name: str, entry: Mapping[str, object]) -> list[_Check]:
    plain = _ABOUT_A_COLUMN | _ABOUT_A_TABLE.keys() | {"regex", "default"}
    below = list(_checks(entry.get("checks"), f"column '{name}'"))
    return below + [_check(key, value) for key, value in entry.items() if key not in plain]


def _rules(name: str, entry: Mapping[str, object]) -> Iterator[Rule]:
    """Write what a column may not be as rules."""
    for check in _checks_of(name, entry):
        if check.name in _REFUSED:
            value = _value(check)
            refused = scalars({"value": value if isinstance(value, list) else [value]}, "value", check.name)
            otherwise: Literal["flag", "reject"] = "flag" if check.warns else "reject"
            if refused:
                yield Rule(name=f"{name} {check.name}", holds=is_none_of(name, refused), otherwise=otherwise)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:80]


def _default(entry: Mapping[str, object], where: str) -> Scalar | None:
    fill = entry.get("default")
    if fill is None or isinstance(fill, bool | int | float | str):
        return fill
    raise ContractError(f"This file can't be read: default of {where} is {str(fill)[:80]!r}.", "Mend it at its source.")


def _checks(told: object, where: str) -> Iterator[_Check]:
    """Read checks as older versions write them: by name, or a list that names each in its options."""
    if isinstance(told, list):
        for each in told:
            entry = mapping(each, f"a check of {where}")
            options = mapping(entry.get("options") or {}, f"options of a check of {where}")
            arguments = {key: value for key, value in entry.items() if key != "options"}
            yield _check(text(options, "check_name", f"a check of {where}"), {**arguments, **options})
    elif told:
        for name, value in mapping(told, f"checks of {where}").items():
            yield _check(name, value)


def _check(name: str, value: object) -> _Check:
    told = dict(mapping(value, name)) if isinstance(value, dict) else {"value": value}
    told.update(mapping(told.pop("options", None) or {}, f"options of {name}"))
    return _Check(name, told, warns=bool(told.get("raise_warning")))


def _checked(wanted: Wanted, checks: list[_Check], notes: Notes) -> Wanted:
    limits = [check for check in checks if check.name in _LENIENT]
    lenient = bool(limits) and all(check.warns for check in limits)
    for check in checks:
        read = _CHECKS.get(check.name)
        if check.name in _REFUSED:
            continue
        if read is None:
            notes.dropped(wanted.name, f"the check {check.name}")
        elif check.warns and not (lenient and check.name in _LENIENT):
            notes.dropped(wanted.name, f"the check {check.name}", "it only warns, where others of the column refuse")
        else:
            wanted = read(wanted, check, notes)
            _leave_options(wanted, check, notes)
    return msgspec.structs.replace(wanted, lenient=lenient)


def _leave_options(wanted: Wanted, check: _Check, notes: Notes) -> None:
    if check.told.get("ignore_na") is False:
        notes.dropped(wanted.name, f"ignore_na = false of {check.name}", "whether it may be missing is asked once")
    if check.told.get("groupby"):
        notes.dropped(wanted.name, f"groupby of {check.name}", "a contract judges one record")


def _value(check: _Check) -> object:
    """Give the one argument of a check, whatever it is called."""
    values = [value for key, value in check.told.items() if key not in _OPTIONS]
    return values[0] if len(values) == 1 else None


def _limit(check: _Check, value: object) -> Limit:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return value
    raise ContractError(
        f"This file can't be read: {check.name} is {str(value)[:80]!r}, expected a limit.", "Mend it at its source."
    )


def _in_range(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    del notes
    low, high = _limit(check, check.told.get("min_value")), _limit(check, check.told.get("max_value"))
    wanted = wanted.limited(above=low) if check.told.get("include_min") is False else wanted.limited(low=low)
    return wanted.limited(below=high) if check.told.get("include_max") is False else wanted.limited(high=high)


def _equal_to(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    del notes
    return wanted.among(scalars({"value": [_value(check)]}, "value", check.name))


def _is_in(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    del notes
    return wanted.among(scalars({"value": _value(check)}, "value", check.name))


def _matches(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    """Read a pattern; `str_matches` begins at the start of a text, `str_contains` anywhere."""
    pattern = str(_value(check))
    if check.name == "str_matches" and not pattern.startswith("^"):
        pattern = f"^{pattern}" if "|" not in pattern else f"^({pattern})"
    if wanted.pattern:
        notes.dropped(wanted.name, f"the pattern {pattern!r}", f"it has one already, {wanted.pattern!r}")
        return wanted
    return msgspec.structs.replace(wanted, pattern=pattern)


def _literal(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    """Read a start or an end as a pattern."""
    signs = "".join(f"\\{sign}" if sign in r"\.^$*+?{}[]|()-/" else sign for sign in str(_value(check)))
    pattern = f"^{signs}" if check.name == "str_startswith" else f"{signs}$"
    return _matches(wanted, _Check("str_contains", {"value": pattern}), notes)


def _length(wanted: Wanted, check: _Check, notes: Notes) -> Wanted:
    del notes
    exact = whole(check.told, "exact_value", check.name)
    if exact is None and not check.told.keys() & {"min_value", "max_value", "exact_value"}:
        exact = whole(check.told, "value", check.name)
    if exact is not None:
        return wanted.lengths(exact, exact)
    return wanted.lengths(whole(check.told, "min_value", check.name), whole(check.told, "max_value", check.name))


_REFUSED = frozenset({"notin", "not_equal_to"})
"""Checks that become rules."""

_LENIENT = frozenset(
    {"in_range", "isin", "greater_than", "greater_than_or_equal_to", "less_than", "less_than_or_equal_to", "equal_to"}
)
"""Checks whose breach can be a warning: a range, or a list of labels."""

_CHECKS: Mapping[str, Callable[[Wanted, _Check, Notes], Wanted]] = {
    "in_range": _in_range,
    "greater_than": lambda wanted, check, _: wanted.limited(above=_limit(check, _value(check))),
    "greater_than_or_equal_to": lambda wanted, check, _: wanted.limited(low=_limit(check, _value(check))),
    "less_than": lambda wanted, check, _: wanted.limited(below=_limit(check, _value(check))),
    "less_than_or_equal_to": lambda wanted, check, _: wanted.limited(high=_limit(check, _value(check))),
    "equal_to": _equal_to,
    "isin": _is_in,
    "str_matches": _matches,
    "str_contains": _matches,
    "str_startswith": _literal,
    "str_endswith": _literal,
    "str_length": _length,
}
