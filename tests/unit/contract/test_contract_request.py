from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from mainstay.contract import BodyError, Boolean, Category, Contract, Integer, Number, Text, compile_request
from mainstay.contract.request import RequestDecoder
from mainstay.errors import ContractError, InputError, Problem, RecordError

CONTRACT = Contract(
    (
        Text(name="customer", role="id"),
        Integer(name="tenure", min=0, max=100),
        Category(name="plan", values=("Month-to-month", "One year", "Two year"), unknown="reject"),
        Boolean(name="partner", true="Yes", false="No"),
        Number(name="charges", min=0.0, missing="allow"),
        Text(name="note", role="ignored"),
    )
)
GOOD = {"customer": "7590-VHVEG", "tenure": 1, "plan": "One year", "partner": "Yes", "charges": 29.85}


def body(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def problems(content: bytes, **settings: Any) -> RecordError:
    with pytest.raises(RecordError) as refused:
        RequestDecoder(CONTRACT, **settings).decode(content)
    return refused.value


def test_a_record_becomes_an_encoded_row_with_its_features_in_the_contracts_order() -> None:
    (row,) = RequestDecoder(CONTRACT).decode(body())
    np.testing.assert_array_equal(row.encoded, [1.0, 1.0, 1.0, 29.85])
    assert row.encoded.dtype == np.float64
    assert list(row.features.items()) == [("tenure", 1), ("plan", "One year"), ("partner", True), ("charges", 29.85)]
    assert (row.entity, row.warnings, row.degraded) == ("7590-VHVEG", (), False)


def test_an_encoded_row_cannot_be_changed_behind_the_log() -> None:
    for row in (RequestDecoder(CONTRACT).decode(body())[0], RequestDecoder(CONTRACT).decode(body(tenure="1"))[0]):
        with pytest.raises(ValueError, match="read-only"):
            row.encoded[0] = 2.0


def test_the_shape_of_the_request_is_told_by_both_ways() -> None:
    decoder = RequestDecoder(CONTRACT)
    for tenure in (1, "1"):
        one, many = body(tenure=tenure), b"[" + body(tenure=tenure) + b"]"
        assert decoder.decode_with_shape(b" \n" + one)[1] is False
        assert decoder.decode_with_shape(b" \n" + many)[1] is True


@pytest.mark.parametrize(
    ("found", "entity"), [("a", "a"), (17, "17"), (17.0, "17"), (None, None), (" ", None), ("x\r\ny", "x\r\ny")]
)
def test_the_entity_is_read_where_it_is_there(found: object, entity: str | None) -> None:
    decoder = RequestDecoder(CONTRACT)
    assert decoder.decode(body(customer=found))[0].entity == entity
    assert decoder.decode_slowly(body(customer=found))[0][0].entity == entity


@pytest.mark.parametrize("found", [True, [1], {"a": 1}, 1.5, "a" * 1001, 2**63])
def test_an_entity_that_is_no_text_is_refused(found: object) -> None:
    assert [problem.field for problem in problems(body(customer=found)).problems] == ["customer"]


def test_every_problem_is_listed_by_record_and_field_with_what_was_found_and_what_is_allowed() -> None:
    records = [GOOD, {**GOOD, "tenure": 101, "plan": "One yaer"}, {**GOOD, "partner": 3}]
    listed = problems(json.dumps(records).encode()).problems
    assert [(problem.record, problem.field, problem.found) for problem in listed] == [
        (1, "tenure", "101"),
        (1, "plan", "One yaer"),
        (2, "partner", "3"),
    ]
    assert listed[0].message == "'101' is above 100; expected a whole number from 0 to 100."
    assert "Did you mean 'One year'?" in listed[1].message
    assert "'Month-to-month', 'One year', 'Two year'" in listed[1].message
    assert "'Yes' or 'No'" in listed[2].message


def test_a_missing_field_names_the_field_that_looks_like_it() -> None:
    record = {("tenur" if name == "tenure" else name): value for name, value in GOOD.items()}
    (problem,) = problems(json.dumps(record).encode()).problems
    assert problem.field == "tenure"
    assert "did you mean that?" in problem.message
    assert "'tenur'" in problem.message


def test_fields_that_are_no_column_and_ignored_columns_refuse_nothing() -> None:
    assert RequestDecoder(CONTRACT).decode(body(Churn="Yes", note=[1], extra={"a": [None]}))[0].features["tenure"] == 1


def test_of_duplicate_fields_the_last_counts_even_where_the_first_is_wrong() -> None:
    for first in (b"2", b'"x"'):
        content = body().replace(b'"tenure": 1', b'"tenure": ' + first + b', "tenure": 3')
        assert RequestDecoder(CONTRACT).decode(content)[0].features["tenure"] == 3


def test_a_hundred_problems_are_listed_and_all_are_counted() -> None:
    refused = problems(json.dumps([{"tenure": -1}] * 60).encode())
    assert len(refused.problems) == 100
    assert refused.total == 180
    assert "179 more problems" in refused.message
    assert problems(b'{"tenure": -1}').message.endswith(" (2 more problems.)")


def test_one_problem_more_is_one() -> None:
    refused = RecordError([Problem(record=0, field="a", found="1", message="is wrong.")], total=2)
    assert refused.message == "Record 0, field 'a': is wrong. (1 more problem.)"


def test_found_values_are_cut_to_eighty_characters_and_can_be_printed() -> None:
    for value in ("ä" * 5000, 10**300, "\ud800" * 90, {"a": "b" * 200}):
        for problem in problems(body(tenure=value)).problems:
            assert len(problem.found) <= 80
            assert len(problem.message) < 400
            problem.message.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"[",
        b"nope",
        b'{"a" 1}',
        b"{'a': 1}",
        b"[1,]",
        b'{"a":1,}',
        b"{} {}",
        b"[{}] x",
        b"\xff\xfe{\x00}",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b'{"tenure": 01}',
        b'{"a": "\n"}',
        b'{"a": "\\x"}',
        b"/* */ {}",
        b'{"plan": "\xc0\xaf"}',
        b"\x00",
    ],
)
def test_a_body_that_is_no_json_is_told_apart_from_a_bad_record(content: bytes) -> None:
    with pytest.raises(BodyError, match="The body isn't"):
        RequestDecoder(CONTRACT).decode(content)


@pytest.mark.parametrize("token", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_token_that_is_no_json_is_named_by_its_field_or_refuses_the_body(token: bytes) -> None:
    (problem,) = problems(body().replace(b"29.85", token)).problems
    assert (problem.field, problem.found) == ("charges", token.decode())
    with pytest.raises(BodyError, match=token.decode()):
        RequestDecoder(CONTRACT).decode(body().replace(b'"customer"', b'"other": ' + token + b', "customer"'))


@pytest.mark.parametrize("number", [b"1e400", b"-1e999", b"9" * 5000, b"9" * 30])
def test_a_number_beyond_every_float_is_named_by_its_field(number: bytes) -> None:
    (problem,) = problems(body().replace(b'"tenure": 1', b'"tenure": ' + number)).problems
    assert problem.field == "tenure"


@pytest.mark.parametrize("deep", [b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000])
def test_deep_nesting_is_refused_wherever_it_stands(deep: bytes) -> None:
    for content in (deep, b'{"extra": ' + deep + b"}", body().replace(b'"One year"', deep)):
        with pytest.raises(InputError):
            RequestDecoder(CONTRACT).decode(content)


def test_half_a_surrogate_pair_in_a_column_is_refused_and_the_whole_pair_is_text() -> None:
    for field in ("customer", "plan", "tenure"):
        (problem,) = problems(body().replace(json.dumps(GOOD[field]).encode(), b'"\\ud83e"')).problems
        assert problem.field == field
    row = RequestDecoder(CONTRACT).decode(body().replace(b'"7590-VHVEG"', b'"\\ud83e\\udd8a"'))[0]
    assert row.entity == "🦊"


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b'"a"', b"true", b"[null]", b"[[]]", b"[1]"])
def test_what_is_no_record_is_refused(content: bytes) -> None:
    assert problems(content).problems[0].field == ""


def test_the_number_of_records_is_capped_before_they_cost_anything() -> None:
    decoder = RequestDecoder(CONTRACT, max_records=3)
    assert len(decoder.decode(b"[" + b",".join([body()] * 3) + b"]")) == 3
    for tenure in (1, "1"):
        four = b"[" + b",".join([body(tenure=tenure)] * 4) + b"]"
        assert "at most 3 records" in problems(four, max_records=3).message
    million = b"[" + b"{}," * 1_000_000 + b"{}]"
    assert "at most 1000 records" in problems(million).message
    assert "at most 1000 records" in problems(b"[" + b"[]," * 1_000_000 + b"{}]").message


def test_braces_in_texts_are_no_records() -> None:
    decoder = RequestDecoder(CONTRACT, max_records=2)
    assert len(decoder.decode(b"[" + body(customer="{" * 900) + b"]")) == 1


def test_a_contract_that_contradicts_itself_is_not_compiled() -> None:
    with pytest.raises(ContractError, match="Column 'a': min is 2, above max = 1"):
        compile_request(Contract((Integer(name="a", min=2, max=1),)))


def test_the_same_contract_is_compiled_once() -> None:
    assert compile_request(CONTRACT) is compile_request(Contract(CONTRACT.columns))
    assert compile_request(CONTRACT, max_records=2) is not compile_request(CONTRACT)


def test_a_record_that_is_a_mapping_already_is_read_as_its_json_is() -> None:
    decoder = RequestDecoder(CONTRACT)
    row, (decoded,) = decoder.read_record(dict(GOOD)), decoder.decode(body())
    assert row.features == decoded.features
    assert row.encoded.tobytes() == decoded.encoded.tobytes()
    with pytest.raises(RecordError, match="tenure"):
        decoder.read_record({**GOOD, "tenure": "x"})


@pytest.mark.parametrize(
    "name", ['say "hi"', "back\\slash", "tab\t", "self", "record", "f0", "", "a.b", "');print(1)#"]
)
def test_any_text_can_be_the_name_of_a_column(name: str) -> None:
    contract = Contract((Integer(name=name), Category(name="plan", values=("a",))))
    (row,) = RequestDecoder(contract).decode(json.dumps({name: 3, "plan": "a"}).encode())
    assert row.features == {name: 3, "plan": "a"}
    with pytest.raises(RecordError):
        RequestDecoder(contract).decode(json.dumps({name: "x", "plan": "a"}).encode())


def test_one_decoder_serves_many_threads() -> None:
    decoder = RequestDecoder(CONTRACT)
    wrong: list[object] = []

    def work(tenure: int) -> None:
        for _ in range(300):
            found = decoder.decode(body(tenure=tenure if tenure % 2 else str(tenure)))[0].features["tenure"]
            if found != tenure:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(tenure,)) for tenure in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_serving_worker_reads_requests_without_loading_polars() -> None:
    code = "import sys, mainstay.contract.request, mainstay.contract as c;"
    code += "d = c.compile_request(c.Contract((c.Category(name='a', values=('1',)),))); d.decode(b'{\"a\": 1}');"
    code += "print([name for name in ('polars', 'pandas', 'sklearn', 'pyarrow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
