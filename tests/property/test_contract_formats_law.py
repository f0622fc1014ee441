"""A contract that goes out as JSON Schema and comes back takes the same records."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract import (
    AnyColumn,
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Tensor,
    Text,
    compile_request,
    json_schema,
)
from mainstay.contract.body import BodyError
from mainstay.contract.formats import read_foreign
from mainstay.errors import MainstayError, RecordError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from mainstay.contract.columns.tensor import Element

plain = st.characters(exclude_categories=["Cs", "Cc"])
labels = st.text(plain, min_size=1, max_size=4).filter(lambda text: bool(text.strip()))
digits = st.integers(-3, 12).map(str)
limits = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5)


def ordered(low: Any, high: Any) -> tuple[Any, Any]:
    return (low, high) if low is None or high is None or low <= high else (high, low)


@st.composite
def integers(draw: DrawFn) -> Integer:
    low, high = ordered(draw(limits), draw(limits))
    return Integer(min=low, max=high)


@st.composite
def floats(draw: DrawFn) -> Number:
    some = st.none() | st.floats(-10, 10) | st.floats(allow_nan=False, allow_infinity=False)
    low, high = ordered(draw(some), draw(some))
    return Number(min=low, max=high)


@st.composite
def booleans(draw: DrawFn) -> Boolean:
    pairs: list[tuple[str | int, str | int]] = [("true", "false"), ("Yes", "No"), (1, 0), ("0", "1"), (2, 1)]
    true, false = draw(st.sampled_from(pairs) | st.tuples(labels, labels).filter(lambda pair: pair[0] != pair[1]))
    return Boolean(true=true, false=false)


@st.composite
def categories(draw: DrawFn) -> Category:
    values = draw(st.lists(labels | digits, min_size=1, max_size=5, unique=True))
    return Category(values=tuple(values), unknown="reject")


@st.composite
def texts(draw: DrawFn) -> Text:
    low, high = ordered(draw(st.none() | st.integers(0, 4)), draw(st.none() | st.integers(0, 4)))
    pattern = draw(st.sampled_from(["", "[a-z]+", "a|bc", r"\d{2,3}(-x)?", "a.c", r"\$\^", "^ab$"]))
    return Text(min_length=low, max_length=high, pattern=pattern)


@st.composite
def tensors(draw: DrawFn) -> Tensor:
    low, high = ordered(draw(st.none() | st.integers(0, 5)), draw(st.none() | st.integers(0, 5)))
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    dtype: Element = draw(st.sampled_from(["float64", "int64", "uint8", "int16"]))
    return Tensor(shape=shape, dtype=dtype, min=low, max=high)


def columns() -> SearchStrategy[AnyColumn]:
    return integers() | floats() | booleans() | categories() | texts() | tensors() | st.just(Datetime())


@st.composite
def contracts(draw: DrawFn) -> Contract:
    names = draw(st.lists(labels, min_size=1, max_size=4, unique=True))
    missing = st.sampled_from(["reject", "allow"])
    return Contract(tuple(msgspec.structs.replace(draw(columns()), name=it, missing=draw(missing)) for it in names))


numbers = st.integers(-6, 14) | st.integers() | st.floats(-12, 12) | st.floats()
values = st.none() | st.booleans() | numbers | labels | digits
values |= st.sampled_from(["", " ", "true", "Yes", "No", "ab", "abc", "a\nc", "12-x", "$^", "2024-02-29", "1e5"])
values |= st.datetimes().map(lambda moment: moment.isoformat())


def tidy(column: AnyColumn) -> SearchStrategy[Any]:
    """Give values a column is likely to take."""
    if isinstance(column, Category):
        return st.sampled_from(column.values)
    if isinstance(column, Boolean):
        return st.sampled_from([True, False, column.true, column.false])
    if isinstance(column, Tensor):
        nested: SearchStrategy[Any] = st.integers(-1, 6) | st.integers(250, 260) | st.floats(-1, 6)
        for size in reversed(column.shape):
            nested = st.lists(nested, min_size=size, max_size=size)
        return nested
    return values


@st.composite
def cases(draw: DrawFn) -> tuple[Contract, dict[str, Any]]:
    contract = draw(contracts())
    record = {column.name: draw(tidy(column) | values) for column in contract.columns if draw(st.integers(0, 9))}
    return contract, record


def accepts(contract: Contract, record: dict[str, Any]) -> bool:
    try:
        compile_request(contract).decode(json.dumps(record).encode())
    except (RecordError, BodyError):
        return False
    return True


def there_and_back(contract: Contract) -> Contract:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schema.json"
        path.write_text(json.dumps(json_schema(contract)), encoding="utf-8")
        return read_foreign(path).contract


@given(cases())
def test_what_one_takes_the_other_takes(case: tuple[Contract, dict[str, Any]]) -> None:
    contract, record = case
    back = there_and_back(contract)
    assert accepts(contract, record) == accepts(back, record), back
    assert back.names == contract.names


any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | labels,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(labels, inner, max_size=3),
    max_leaves=8,
)
WORDS = """type enum const minimum maximum exclusiveMinimum pattern minLength items minItems maxItems anyOf oneOf allOf
$ref format multipleOf not nullable properties required"""
ARGUMENTS = """column min_value max_value value_set regex mostly column_A column_B value_pairs_set column_list sum_total
type_list strict_min"""
TOLD = "integer number string boolean array object null date # #/properties/a"
words, arguments, told = (st.sampled_from(text.split()) for text in (WORDS, ARGUMENTS, TOLD))
schemas = st.recursive(
    st.dictionaries(words, any_json | told, max_size=4),
    lambda inner: st.dictionaries(words, inner | st.lists(inner, max_size=3) | any_json | told, max_size=4),
    max_leaves=6,
)
expectations = st.sampled_from(
    [
        *(f"expect_column_values_to_{it}" for it in ("be_between", "be_in_set", "match_regex", "be_in_type_list")),
        *("expect_column_to_exist", "expect_column_pair_values_to_be_in_set", "expect_multicolumn_sum_to_equal", "x"),
    ]
)
kwargs = st.dictionaries(arguments, any_json | labels, max_size=4)
suites = st.lists(st.fixed_dictionaries({"type": expectations}, optional={"kwargs": kwargs}), max_size=3)
checks = st.sampled_from(["dtype", "nullable", "in_range", "isin", "str_matches", "str_length", "checks", "notin", "x"])
tables = st.dictionaries(labels, st.dictionaries(checks, any_json | told, max_size=4), max_size=3)


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), schemas, max_size=2).map(lambda it: {"properties": it})
    | schemas
    | suites.map(lambda it: {"expectations": it})
    | tables.map(lambda it: {"columns": it})
)
def test_whatever_a_file_holds_it_is_read_or_refused_by_a_sentence(document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        try:
            found = read_foreign(path)
        except MainstayError as error:
            assert error.cure  # noqa: PT017 - either outcome is right, silence isn't
            return
        compile_request(found.contract)
