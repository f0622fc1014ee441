"""The law of the contract: a request and a one-row table agree on every record, to the bit."""

from __future__ import annotations

import contextlib
import json
import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import (
    AnyColumn,
    Boolean,
    Category,
    Contract,
    Integer,
    Number,
    Row,
    Text,
    compile_request,
    count_like,
    dumps,
    from_json,
    loads,
    merge,
    profile_rows,
    to_json,
)
from mainstay.contract.body import BodyError
from mainstay.contract.contract import contradictions
from mainstay.contract.request import RequestDecoder
from mainstay.contract.table import as_served, check_table, encode_table, learn_fills
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Record = dict[str, Any]

TRICKY_NAMES = [
    "0",
    "a.b",
    'say "hi"',
    "it's",
    "two words",
    " padded ",
    "größe",
    "年齢",
    "self",
    "class",
    "None",
    "r",
    "x",
]
TRICKY_NAMES += [
    "record",
    "f0",
    "v0",
    "entity",
    "name",
    "type",
    "row",
    "rules",
    "a]b",
    "#",
    "back\\slash",
    "tab\tbed",
    "",
]
TRICKY_TEXTS = ["001", "12", " 12 ", "-0", "+1", "1_000", "0x10", "½", "1e5", "1e400", "-1e-400", ".5", "5.", ".", "-"]
TRICKY_TEXTS += [
    "",
    " ",
    "\t\n",
    "\x0b",
    "\u00a0",
    "NaN",
    "nan",
    "inf",
    "Infinity",
    "null",
    "true",
    "True",
    "Yes",
    "No",
    "yes",
]
TRICKY_TEXTS += [
    "1",
    "0",
    "1.0",
    "🦊",
    "١٢",
    "9" * 19,
    "9" * 30,
    "9223372036854775807",
    "-9223372036854775809",
    "a" * 1001,
]
TRICKY_TEXTS += ["1,5", "1 2", "0" * 25 + "1", "One year", "\x00", "é", "e\u0301", "x\r\ny", "1\n", "12\u2003"]
TRICKY_NUMBERS = [0, -1, 1, 2, 12, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
TRICKY_FLOATS = [0.0, -0.0, 1.0, 12.0, 12.5, 2.0**53, 2.0**63, -(2.0**63), 1e300, 5e-324, 1.7976931348623157e308]
TRICKY_FLOATS += [math.nan, math.inf, -math.inf]

names = st.sampled_from(TRICKY_NAMES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
whole = st.sampled_from(TRICKY_NUMBERS) | st.integers(-(2**63), 2**64 - 1) | st.integers(-5, 130)
floats = st.sampled_from(TRICKY_FLOATS) | st.floats() | st.floats(-10, 200)
texts = (
    st.sampled_from(TRICKY_TEXTS)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.from_regex(r"[ \t]?-?[0-9]{0,4}\.?[0-9]{0,20}([eE][+-]?[0-9]{1,3})?[ \n]?", fullmatch=True)
    | floats.map(repr)
    | whole.map(str)
)
values = st.none() | st.booleans() | whole | floats | texts
labels = texts.map(lambda text: text.strip(" \t\n\r\x0b\x0c")).filter(
    lambda text: 0 < len(text) <= 1000 and text[:1] != "$"
)

missing_policies: SearchStrategy[Literal["reject", "impute", "allow"]] = st.sampled_from(["reject", "impute", "allow"])


@st.composite
def integers(draw: DrawFn) -> Integer:
    low, high = sorted(draw(st.tuples(st.integers(-5, 100), st.integers(-5, 100)) | st.just((-(2**63), 2**63 - 1))))
    return Integer(
        min=draw(st.sampled_from([low, None])),
        max=draw(st.sampled_from([high, None])),
        outside=draw(st.sampled_from(["reject", "clip", "flag", "impute", "fallback"])),
        missing=draw(missing_policies),
        fill=draw(st.sampled_from([None, low])),
    )


@st.composite
def numbers(draw: DrawFn) -> Number:
    low, high = sorted(draw(st.tuples(st.floats(-5, 100), st.floats(-5, 100))))
    return Number(
        min=draw(st.sampled_from([low, None])),
        max=draw(st.sampled_from([high, None])),
        outside=draw(st.sampled_from(["reject", "clip", "flag", "impute", "fallback"])),
        missing=draw(missing_policies),
        fill=draw(st.sampled_from([None, low])),
    )


@st.composite
def booleans(draw: DrawFn) -> Boolean:
    pairs: SearchStrategy[tuple[str | int, str | int]] = st.sampled_from(
        [("Yes", "No"), (1, 0), (0, 1), ("1", "0"), ("true", "false"), (2, 1), ("false", "true")]
    )
    texts_of_two = st.tuples(labels, labels).filter(lambda pair: pair[0] != pair[1])
    true, false = draw(pairs | texts_of_two)
    fill = draw(st.sampled_from([None, true]))
    return Boolean(true=true, false=false, missing=draw(missing_policies), fill=fill)


@st.composite
def categories(draw: DrawFn) -> Category:
    found = tuple(draw(st.lists(labels, min_size=1, max_size=4, unique=True)))
    return Category(
        values=found,
        unknown=draw(st.sampled_from(["other", "reject", "impute", "fallback"])),
        missing=draw(missing_policies),
        fill=draw(st.sampled_from([None, found[-1]])),
    )


def described(draw: DrawFn, column: AnyColumn, name: str) -> AnyColumn:
    role = draw(st.sampled_from(["feature", "feature", "feature", "ignored"]))
    unit = draw(st.sampled_from(["", "months", 'a "unit"\n']))
    return msgspec.structs.replace(column, name=name, unit=unit, role=role)


@st.composite
def contracts(draw: DrawFn) -> Contract:
    called = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    kinds: SearchStrategy[AnyColumn] = integers() | numbers() | booleans() | categories()
    first = draw(kinds)
    columns: list[AnyColumn] = [msgspec.structs.replace(first, name=called[0])]
    columns += [described(draw, draw(kinds), name) for name in called[1:-1]]
    lasts: list[AnyColumn] = [Text(role="id"), Integer(role="id", min=0), Text(role="ignored")]
    last = draw(st.sampled_from(lasts))
    return Contract((*columns, msgspec.structs.replace(last, name=called[-1])))


def tidy(column: AnyColumn) -> SearchStrategy[object]:
    """Give values a column is made for, so that half of the records have a chance."""
    if isinstance(column, Category):
        return st.sampled_from(column.values)
    if isinstance(column, Boolean):
        return st.booleans() | st.sampled_from([column.true, column.false])
    if isinstance(column, Integer):
        low = -5 if column.min is None else column.min
        return st.integers(low, max(low, 2**63 - 1 if column.max is None else column.max))
    if isinstance(column, Number):
        least = None if column.min is None else column.min + 0.0  # hypothesis finds nothing between 0.0 and -0.0
        most = None if column.max is None else column.max + 0.0
        return st.floats(least, most, allow_nan=False, allow_infinity=False) | st.integers(0, 100)
    return labels


@st.composite
def cases(draw: DrawFn) -> tuple[Contract, Record]:
    contract = draw(contracts())
    mixed = draw(st.booleans())
    record = {column.name: draw(tidy(column) | values if mixed else tidy(column)) for column in contract.columns}
    return contract, record


def as_json(record: Record) -> bytes:
    """Write a record as a client would: what JSON has no word for is null."""
    plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in record.items()}
    return json.dumps(plain, ensure_ascii=False).encode()


def as_table(record: Record) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series([value], dtype=kind_of(value)) for name, value in record.items()})


def kind_of(value: object) -> pl.DataType | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return pl.UInt64() if value >= 2**63 else pl.Int64()
    return None


def same_features(left: Record, right: Record) -> bool:
    return list(left) == list(right) and all(
        type(a) is type(b) and (a == b or a is None) for a, b in zip(left.values(), right.values(), strict=True)
    )


def answer(decode: Any, body: bytes) -> Row | str:
    try:
        rows, was_array = decode(body)
    except BodyError:
        return "no JSON"
    except RecordError as error:
        return str(sorted((problem.field, problem.message) for problem in error.problems))
    assert not was_array
    assert len(rows) == 1
    row: Row = rows[0]
    return row


def law(case: tuple[Contract, Record]) -> None:
    contract, record = case
    body = as_json(record)
    checked = check_table(contract, as_table(record))
    accepted = answer(RequestDecoder(contract).decode_with_shape, body)
    assert checked.good.height + checked.failing.height == 1
    if isinstance(accepted, str):
        if accepted != "no JSON":
            assert checked.good.height == 0, (accepted, checked.good)
            assert checked.counts
        return
    assert checked.good.height == 1, (checked.failing, accepted)
    encoded = encode_table(contract, checked.good)
    assert encoded.tobytes() == accepted.encoded.tobytes(), (encoded, accepted.encoded)
    assert same_features(as_served(contract, checked.good).row(0, named=True), accepted.features)
    ignored = {f"{column.name}: {column.wrong}" for column in contract.columns if column.role == "ignored"}
    assert bool(accepted.warnings) == bool(checked.flags.keys() - ignored)


@given(cases())
def test_a_request_and_a_one_row_table_agree_on_every_record_to_the_bit(case: tuple[Contract, Record]) -> None:
    law(case)


@pytest.mark.full
@given(cases())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_requests_and_one_row_tables_agree_to_the_bit(case: tuple[Contract, Record]) -> None:
    law(case)
    same_answers(case[0], as_json(case[1]))


def same_answers(contract: Contract, body: bytes) -> None:
    decoder = RequestDecoder(contract)
    fast, slow = answer(decoder.decode_with_shape, body), answer(decoder.decode_slowly, body)
    if isinstance(fast, str) or isinstance(slow, str):
        assert fast == slow
        return
    assert fast.encoded.tobytes() == slow.encoded.tobytes()
    assert same_features(fast.features, slow.features)
    assert (fast.entity, fast.warnings, fast.degraded) == (slow.entity, slow.warnings, slow.degraded)


@given(cases())
def test_the_fast_way_and_the_reference_give_the_same_answer(case: tuple[Contract, Record]) -> None:
    contract, record = case
    same_answers(contract, as_json(record))


@given(cases(), st.binary(max_size=3), st.integers(0, 400), st.integers(0, 3))
def test_a_damaged_body_gets_the_same_answer_from_both_ways_and_never_another_error(
    case: tuple[Contract, Record], junk: bytes, at: int, cut: int
) -> None:
    contract, record = case
    body = as_json(record)
    at = at % (len(body) + 1)
    damaged = body[:at] + junk + body[at + cut :]
    decoder = RequestDecoder(contract)
    for decode in (decoder.decode_with_shape, decoder.decode_slowly):
        with contextlib.suppress(BodyError, RecordError):
            decode(damaged)


@given(contracts())
def test_a_contract_survives_its_file_and_its_json(contract: Contract) -> None:
    assert not list(contradictions(contract))
    assert from_json(to_json(contract)) == contract
    # A file is refused a fill that no policy uses; a bundle keeps one, for the contracts of versions made before.
    said = msgspec.structs.replace(contract, columns=tuple(map(_without_idle_fill, contract.columns)))
    assert loads(dumps(said)) == said


def _without_idle_fill(column: AnyColumn) -> AnyColumn:
    return column if column.imputes else msgspec.structs.replace(column, fill=None)


@given(contracts(), st.data())
def test_a_table_of_many_rows_is_the_sum_of_its_rows(contract: Contract, data: st.DataObject) -> None:
    cell = st.none() | texts
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(contract.names, cell)), min_size=1, max_size=8))
    kinds = dict.fromkeys(contract.names, pl.String())
    checked = check_table(contract, pl.DataFrame(rows, schema=kinds))
    alone = [check_table(contract, pl.DataFrame([row], schema=kinds)) for row in rows]
    assert checked.rows.to_list() == [place for place, one in enumerate(alone) if one.good.height]
    assert sum(checked.counts.values()) == sum(sum(one.counts.values()) for one in alone)
    assert checked.failing.height + checked.good.height == len(rows)
    kept = checked.good.filter(~checked.fallback)
    again = check_table(contract, kept)
    assert again.good.equals(kept), "what was accepted once is accepted again, unchanged"


@given(st.lists(st.lists(st.floats(-10, 10) | st.just(math.nan), max_size=30), min_size=4, max_size=4))
def test_profiles_merge_in_any_order_to_the_profile_of_all_rows(parts: list[list[float]]) -> None:
    contract = Contract((Number(name="n", missing="allow"),))
    first, *others = [np.array(part, dtype=np.float64).reshape(-1, 1) for part in parts]
    reference = profile_rows(contract, first)
    a, b, c = [count_like(reference, part) for part in others]
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge(merge(c, a), b)
    assert merge(merge(a, b), c) == count_like(reference, np.concatenate(others))
    assert count_like(reference, first) == reference


@given(contracts(), st.data())
def test_learned_fills_keep_the_contract_sound_and_leave_nothing_missing(
    contract: Contract, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*[st.none() | texts for _ in contract.names]), min_size=1, max_size=6))
    good = check_table(
        contract, pl.DataFrame(rows, schema=dict.fromkeys(contract.names, pl.String()), orient="row")
    ).good
    learned = learn_fills(contract, good)
    assert not list(contradictions(learned))
    encoded = encode_table(learned, good)
    for place, column in enumerate(learned.features):
        if column.missing == "impute" and column.fill is not None:
            assert not np.isnan(encoded[:, place]).any()
    assert compile_request(learned) is compile_request(learned)
