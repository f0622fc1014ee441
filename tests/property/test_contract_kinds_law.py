"""The law of the contract for texts, times, tensors and rules: a request and a one-row table agree, to the bit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import Contract, Datetime, Number, Rule, Tensor, Text
from mainstay.contract.request import RequestDecoder
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from mainstay.contract import Row
    from mainstay.contract.columns.base import Excess, Gap

GAPS: SearchStrategy[Gap] = st.sampled_from(["reject", "allow", "flag", "fallback"])
EXCESS: SearchStrategy[Literal["reject", "flag", "fallback"]] = st.sampled_from(["reject", "flag", "fallback"])
WIDE: SearchStrategy[Excess] = st.sampled_from(["reject", "flag", "fallback", "clip"])
MOMENTS = [
    "2024-02-29",
    "2023-02-29",
    "2024-02-29T23:59:59.999999Z",
    "1999-12-31 01:02:03.5+05:30",
    "0001-01-01",
    "soon",
    "",
]
MOMENTS += ["02/29/24", "2/29/24", "9999-12-31T23:59:59-00:01", " 2024-01-01 ", "2024-01-01T24:00"]
TEXTS = ["", " ", "a", "A1", "AB12", "AB123456", "é", "🦊🦊", "12", "x" * 1001, "a\nb", "\u017f"]
floats = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.sampled_from([0.1, 1e39, -0.0, 16777217.0])
elements = floats | st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 300)


@st.composite
def contracts(draw: DrawFn) -> Contract:
    limited = draw(st.booleans())
    whole = draw(st.booleans())
    columns = (
        Number(name="n", missing=draw(GAPS), malformed=draw(GAPS)),
        Text(
            name="text",
            min_length=2 if limited else None,
            max_length=draw(st.sampled_from([None, 4])),
            pattern=draw(st.sampled_from(["", "[A-Z]{1,3}[0-9]*", r"\w+", "(a|b|é|🦊)*"])),
            outside=draw(EXCESS),
            missing=draw(GAPS),
            malformed=draw(GAPS),
        ),
        Datetime(
            name="when",
            format=draw(st.sampled_from(["", "%m/%d/%y"])),
            min="1999-12-31" if limited else None,
            max=draw(st.sampled_from([None, "2024-02-29T12:00:00Z"])),
            outside=draw(WIDE),
            missing=draw(GAPS),
            malformed=draw(GAPS),
        ),
        Tensor(
            name="image",
            shape=draw(st.sampled_from([(2,), (1, 2), (2, 1)])),
            dtype=draw(st.sampled_from(["int64", "uint8"] if whole else ["float32", "float64"])),
            min=0.0 if limited else None,
            max=draw(st.sampled_from([None, 100.0])),
            outside=draw(WIDE),
            missing=draw(GAPS),
            malformed=draw(GAPS),
        ),
    )
    otherwise: Literal["reject", "flag", "fallback"] = draw(st.sampled_from(["reject", "flag", "fallback"]))
    rules = (Rule(name="r", holds="n >= 0 or when > 946684800 and text != 'a'", otherwise=otherwise),)
    return Contract(columns, rules if draw(st.booleans()) else ())


@st.composite
def records(draw: DrawFn, shape: tuple[int, ...]) -> dict[str, Any]:
    flat = draw(st.lists(elements, min_size=2, max_size=2))
    nested = {(2,): flat, (1, 2): [flat], (2, 1): [[flat[0]], [flat[1]]]}[shape]
    return {
        "n": draw(st.none() | floats | st.just("x")),
        "text": draw(st.none() | st.sampled_from(TEXTS) | st.text(st.sampled_from("AB12é "), max_size=6)),
        "when": draw(
            st.none() | st.sampled_from(MOMENTS) | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
        ),
        "image": draw(st.none() | st.just(nested) | st.lists(st.integers(0, 3), max_size=3)),
    }


def law(contract: Contract, record: dict[str, Any]) -> None:
    kinds = {"text": pl.String(), "when": pl.String()}
    columns = []
    for name, value in record.items():
        try:
            columns.append(pl.Series(name, [value], dtype=kinds.get(name)))
        except TypeError:  # a list of whole and other numbers: a table's are of one type
            columns.append(pl.Series(name, [value], strict=False))
    checked = check_table(contract, pl.DataFrame(columns))
    body = json.dumps(record).encode()
    answers: list[Row | None] = []
    for decode in (RequestDecoder(contract).decode_with_shape, RequestDecoder(contract).decode_slowly):
        try:
            answers.append(decode(body)[0][0])
        except RecordError:
            answers.append(None)
    fast, slow = answers
    assert (fast is None) == (slow is None) == checked.good.is_empty(), (record, checked.counts)
    if fast is None or slow is None:
        return
    encoded = encode_table(contract, checked.good).tobytes()
    assert fast.encoded.tobytes() == slow.encoded.tobytes() == encoded
    assert fast.features == slow.features == as_served(contract, checked.good).row(0, named=True)
    assert [fast.fallback] == [slow.fallback] == checked.fallback.to_list()
    assert bool(fast.warnings) == bool(slow.warnings) == bool(checked.flags)


@given(st.data())
@settings(deadline=None)
def test_texts_times_tensors_and_rules_keep_the_law(data: st.DataObject) -> None:
    contract = data.draw(contracts())
    tensor = contract.columns[-1]
    assert isinstance(tensor, Tensor)
    law(contract, data.draw(records(tensor.shape)))


@pytest.mark.full
@given(st.data())
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_five_thousand_texts_times_tensors_and_rules_keep_the_law(data: st.DataObject) -> None:
    contract = data.draw(contracts())
    tensor = contract.columns[-1]
    assert isinstance(tensor, Tensor)
    law(contract, data.draw(records(tensor.shape)))
