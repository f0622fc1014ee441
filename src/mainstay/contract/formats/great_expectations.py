"""Suites of Great Expectations, as its versions 0.x and 1.x write them.

In their world a null breaks no expectation but ``not_be_null``, so a column may be missing unless a suite says it may
not. ``mostly`` and ``severity`` below "critical" ask for a warning, not a refusal: they become "flag" and "other".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contract.formats.dtypes import typed
from mainstay.contract.formats.expressions import Pairs, all_apart, either_pair, equal, is_none_of, not_below, sum_is
from mainstay.contract.formats.settle import settle
from mainstay.contract.formats.shape import items, mapping, number, scalars, text, whole
from mainstay.contract.formats.wanted import Wanted
from mainstay.contract.rules import Rule

if TYPE_CHECKING:
    from mainstay.contract.contract import Contract
    from mainstay.contract.formats.wanted import Kind, Notes

_ANSWERS = frozenset({"column", "mostly", "result_format", "include_config", "catch_exceptions", "batch_id", "windows"})
"""Arguments that say how an expectation is answered or where; `mostly` is read for all alike."""
_CONDITIONS = ("row_condition", "ignore_row_if")
_HARMLESS = (None, "never", "neither")


class _Expectation(msgspec.Struct, frozen=True):
    name: str
    told: Mapping[str, object]
    lenient: bool

    @property
    def column(self) -> str:
        return text(self.told, "column", self.name)


def read_suite(document: Mapping[str, object], notes: Notes) -> Contract:
    """Make a contract of a suite; raises ContractError where it isn't one."""
    columns: dict[str, Wanted] = {}
    rules: list[Rule] = []
    for expected in _kept(document, notes):
        if expected.name in _ON_COLUMNS:
            name = expected.column
            wanted = columns.get(name, Wanted(name=name, nullable=True))
            columns[name] = _ON_COLUMNS[expected.name](wanted, expected, notes)
        elif expected.name in _ON_RECORDS:
            rules += _rules(expected, columns, len(rules), notes)
        elif expected.name in _NAMES:
            for listed in items(expected.told, _NAMES[expected.name], expected.name):
                columns.setdefault(str(listed), Wanted(name=str(listed), nullable=True))
            notes.dropped(_named(expected), "that there are no other columns", "others are ignored")
        else:
            notes.dropped(_named(expected), expected.name, _why_not(expected.name))
    return settle([msgspec.structs.replace(it, required=not it.nullable) for it in columns.values()], rules, notes)


def _kept(document: Mapping[str, object], notes: Notes) -> list[_Expectation]:
    """Read the expectations; where a column has some that refuse and some that only warn, the first hold."""
    listed = enumerate(items(document, "expectations", "the suite"))
    read = [_expectation(mapping(each, f"expectation {place}"), notes) for place, each in listed]
    found = [each for each in read if each is not None]
    strict = {each.column for each in found if each.name in _LIMITS and not each.lenient}
    kept = []
    for each in found:
        if each.name in _LIMITS and each.lenient and each.column in strict:
            notes.dropped(each.column, each.name, "it only warns, where others of the column refuse")
        else:
            kept.append(each)
    return kept


def _expectation(entry: Mapping[str, object], notes: Notes) -> _Expectation | None:
    name = text(entry, "type" if "type" in entry else "expectation_type", "an expectation").lower()
    told = mapping(entry.get("kwargs") or {}, name)
    where = str(told.get("column", ""))
    conditions = [key for key in _CONDITIONS if told.get(key) not in _HARMLESS]
    if conditions:
        notes.dropped(where, name, f"it holds only under its {conditions[0]}")
        return None
    if any(isinstance(value, dict) and "$PARAMETER" in value for value in told.values()):
        notes.dropped(where, name, "it takes a parameter that is known only at run time")
        return None
    mostly = told.get("mostly")
    share = 1.0 if mostly is None else number(told, "mostly", name)
    if share is not None and share < 1:
        notes.dropped(where, f"mostly = {share:g} of {name}", "a contract judges one record; it warns instead")
    severity = entry.get("severity") or "critical"
    if severity != "critical":
        notes.say(where, f"{name} is only a {severity} there; the contract warns instead of refusing where it can.")
    return _Expectation(name, told, lenient=severity != "critical" or (share is not None and share < 1))


def _named(expected: _Expectation) -> str:
    return str(expected.told.get("column", ""))


def _why_not(name: str) -> str:
    if name.startswith("expect_table") or any(word in name for word in _OF_MANY):
        return "it is about many rows at once, and a contract judges one record"
    return "a contract has no word for it"


_OF_MANY: tuple[str, ...] = (
    "_mean_",
    "_median_",
    "_stdev_",
    "_quantile_",
    "_sum_to_be",
    "_max_to",
    "_min_to",
    "proportion",
    "distinct",
)
_OF_MANY += ("unique_value_count", "increasing", "decreasing", "z_scores", "outliers", "divergence", "most_common")
_OF_MANY += (
    "compound_columns",
    "query",
    "chisquare",
    "bootstrapped",
    "parameterized",
    "multicolumn_values_to_be_unique",
)


def _left(expected: _Expectation, notes: Notes, *read: str) -> None:
    """Name each argument that wasn't read and says something."""
    for key, value in expected.told.items():
        if key not in _ANSWERS and key not in read and key not in _CONDITIONS and value not in (None, False):
            notes.dropped(_named(expected), f"{key} = {str(value)[:80]} of {expected.name}")


def _exists(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes)
    return wanted


def _not_null(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes)
    if expected.lenient:
        return msgspec.structs.replace(wanted, missed=True)
    return msgspec.structs.replace(wanted, nullable=False)


def _in_set(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "value_set")
    values = scalars(expected.told, "value_set", expected.name)
    return _leniently(wanted.among(values), expected)


def _between(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "min_value", "max_value", "strict_min", "strict_max", "parse_strings_as_datetimes")
    told = expected.told
    low, high = _limit(told, "min_value", expected.name), _limit(told, "max_value", expected.name)
    narrowed = wanted.limited(above=low) if told.get("strict_min") else wanted.limited(low=low)
    narrowed = narrowed.limited(below=high) if told.get("strict_max") else narrowed.limited(high=high)
    if isinstance(low, str) or isinstance(high, str):
        narrowed = msgspec.structs.replace(narrowed, kind=narrowed.kind or "datetime")
    return _leniently(narrowed, expected)


def _limit(told: Mapping[str, object], key: str, where: str) -> float | int | str | None:
    value = told.get(key)
    return value if isinstance(value, str) else number(told, key, where)


def _of_type(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "type_")
    return typed(wanted, text(expected.told, "type_", expected.name), notes)


def _of_types(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "type_list")
    kinds = [typed(wanted, str(each), notes) for each in items(expected.told, "type_list", expected.name)]
    if len({each.kind for each in kinds}) == 1:
        return kinds[0]
    if kinds and {each.kind for each in kinds} == {"integer", "number"}:
        return msgspec.structs.replace(wanted, kind="number")
    notes.dropped(wanted.name, f"the list of its types {[each.kind for each in kinds]}", "a column has one kind")
    return wanted


def _regex(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "regex")
    return _patterned(_leniently(wanted, expected), text(expected.told, "regex", expected.name), notes)


def _regexes(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "regex_list", "match_on")
    listed = [str(each) for each in items(expected.told, "regex_list", expected.name)]
    if len(listed) == 1:
        return _patterned(_leniently(wanted, expected), listed[0], notes)
    notes.dropped(wanted.name, "the list of its patterns", "a column has one")
    return wanted


def _patterned(wanted: Wanted, pattern: str, notes: Notes) -> Wanted:
    if wanted.pattern and wanted.pattern != pattern:
        notes.dropped(wanted.name, f"the pattern {pattern!r}", f"it has one already, {wanted.pattern!r}")
        return wanted
    return msgspec.structs.replace(wanted, pattern=pattern, kind=wanted.kind or "text")


def _lengths(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "min_value", "max_value", "strict_min", "strict_max")
    told = expected.told
    least, most = whole(told, "min_value", expected.name), whole(told, "max_value", expected.name)
    least = least if least is None else least + bool(told.get("strict_min"))
    most = most if most is None else most - bool(told.get("strict_max"))
    return _leniently(msgspec.structs.replace(wanted.lengths(least, most), kind=wanted.kind or "text"), expected)


def _length(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "value")
    size = whole(expected.told, "value", expected.name)
    return _leniently(msgspec.structs.replace(wanted.lengths(size, size), kind=wanted.kind or "text"), expected)


def _unique(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes)
    if expected.lenient:
        notes.dropped(wanted.name, expected.name, "a repeat is refused or not looked at")
        return wanted
    return msgspec.structs.replace(wanted, unique=True)


def _strftime(wanted: Wanted, expected: _Expectation, notes: Notes) -> Wanted:
    _left(expected, notes, "strftime_format")
    form = text(expected.told, "strftime_format", expected.name)
    return msgspec.structs.replace(wanted, kind="datetime", format=form)


def _leniently(wanted: Wanted, expected: _Expectation) -> Wanted:
    return msgspec.structs.replace(wanted, lenient=wanted.lenient or expected.lenient)


_ON_COLUMNS: Mapping[str, Callable[[Wanted, _Expectation, Notes], Wanted]] = {
    "expect_column_to_exist": _exists,
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_of_type": _of_type,
    "expect_column_values_to_be_in_type_list": _of_types,
    "expect_column_values_to_match_regex": _regex,
    "expect_column_values_to_match_regex_list": _regexes,
    "expect_column_values_to_match_strftime_format": _strftime,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _length,
    "expect_column_values_to_be_unique": _unique,
}
_LIMITS = frozenset(
    {
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_between",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
    }
)
"""Expectations whose breach can be a warning, all of a column alike."""
_NAMES = {
    "expect_table_columns_to_match_ordered_list": "column_list",
    "expect_table_columns_to_match_set": "column_set",
}


def _rules(expected: _Expectation, columns: dict[str, Wanted], before: int, notes: Notes) -> list[Rule]:
    told, where = expected.told, expected.name
    _left(
        expected, notes, "column_A", "column_B", "column_list", "or_equal", "value_pairs_set", "sum_total", "value_set"
    )
    holds, names = _ON_RECORDS[where](told, where)
    kind: Kind = "number" if where in _ON_NUMBERS else ""
    for name in names:
        found = columns.setdefault(name, Wanted(name=name, nullable=True))
        columns[name] = msgspec.structs.replace(found, kind=found.kind or kind)
    words = where.removeprefix("expect_").removeprefix("column_").replace("_", " ")
    otherwise: Literal["flag", "reject"] = "flag" if expected.lenient else "reject"
    return [Rule(name=f"{words} {before + 1}", holds=holds, otherwise=otherwise)]


def _pair(told: Mapping[str, object], where: str) -> tuple[str, str]:
    return text(told, "column_A", where), text(told, "column_B", where)


def _greater(told: Mapping[str, object], where: str) -> tuple[str, list[str]]:
    a, b = _pair(told, where)
    return not_below(a, b, strict=not told.get("or_equal")), [a, b]


def _equal(told: Mapping[str, object], where: str) -> tuple[str, list[str]]:
    a, b = _pair(told, where)
    return equal([a, b]), [a, b]


def _pairs(told: Mapping[str, object], where: str) -> tuple[str, list[str]]:
    a, b = _pair(told, where)
    listed = items(told, "value_pairs_set", where)
    pairs: Pairs = [(each[0], each[1]) for each in listed if isinstance(each, list) and len(each) == 2]
    return either_pair(a, b, pairs), [a, b]


def _listed(told: Mapping[str, object], where: str) -> list[str]:
    return [str(each) for each in items(told, "column_list", where)]


def _sum(told: Mapping[str, object], where: str) -> tuple[str, list[str]]:
    names = _listed(told, where)
    return sum_is(names, number(told, "sum_total", where) or 0), names


def _refused(told: Mapping[str, object], where: str) -> tuple[str, list[str]]:
    name = text(told, "column", where)
    return is_none_of(name, scalars(told, "value_set", where)), [name]


_ON_NUMBERS = ("expect_multicolumn_sum_to_equal", "expect_column_pair_values_a_to_be_greater_than_b")
_ON_RECORDS: Mapping[str, Callable[[Mapping[str, object], str], tuple[str, list[str]]]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_column_values_to_not_be_in_set": _refused,
    "expect_column_pair_values_to_be_in_set": _pairs,
    "expect_multicolumn_sum_to_equal": _sum,
    "expect_multicolumn_values_to_be_equal": lambda told, where: (equal(_listed(told, where)), _listed(told, where)),
    "expect_select_column_values_to_be_unique_within_record": lambda told, where: (
        all_apart(_listed(told, where)),
        _listed(told, where),
    ),
}
