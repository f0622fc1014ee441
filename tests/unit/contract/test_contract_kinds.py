"""Every kind of column is held to the same checks; a new kind is found by itself and must bring examples."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any, get_args

import jsonschema  # type: ignore[import-untyped]
import msgspec
import numpy as np
import polars as pl
import pytest

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
    dumps,
    from_json,
    json_schema,
    loads,
    to_json,
)
from mainstay.contract.contract import contradictions
from mainstay.contract.reading import is_missing, read
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract.columns.base import Family

EXAMPLES: tuple[AnyColumn, ...] = (
    Integer(name="it"),
    Integer(name="it", min=-1, max=12, outside="clip"),
    Number(name="it", min=0.0, max=1e6),
    Number(name="it", max=2.5, outside="flag", missing="allow"),
    Boolean(name="it", true="Yes", false="No"),
    Boolean(name="it", true=1, false=0, missing="impute", fill=1),
    Category(name="it", values=("1", "2", "One year"), unknown="reject"),
    Category(name="it", values=("a", "b")),
    Text(name="it"),
    Text(name="it", min_length=2, max_length=4, pattern="[A-Z0-9 ]+"),
    Text(name="it", max_length=3, outside="flag", missing="allow"),
    Datetime(name="it"),
    Datetime(name="it", min="2000-01-01", max="2024-02-29T12:00:00+02:00", outside="clip"),
    Datetime(name="it", format="%m/%d/%y", min="1990-01-01"),
    Tensor(name="it", shape=(3,)),
    Tensor(name="it", shape=(3,), dtype="uint8", min=1, max=200),
    Tensor(name="it", shape=(2, 2), dtype="float64", min=-1.0, max=0.1, outside="clip"),
    Tensor(name="it", shape=(3,), dtype="float32", max=0.1, missing="allow"),
    Tensor(name="it", shape=(1, 2, 1), dtype="int64"),
)
AWKWARD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 12, 13, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1),
    *(0.0, -0.0, 1.0, 2.5, 0.1, 12.0, 1e300, 5e-324, math.nan, math.inf, -math.inf),
    *(
        "",
        " ",
        "Yes",
        "No",
        "yes",
        "true",
        "1",
        "2",
        "001",
        " 12 ",
        "1.0",
        "a",
        "One year",
        "AB 1",
        "ABCDE",
        "nan",
        "🦊",
    ),
    *(
        "2024-02-29",
        "2023-02-29",
        "2024-02-29T12:00:00Z",
        "2024-02-29 12:00:00.123456789+05:30",
        "02/29/24",
        "2/3/1999",
    ),
    *("1999-12-31T23:59:59.999999Z", "0001-01-01", "9999-12-31T23:59-01:00", "x" * 1001),
    *(dt.datetime(2024, 2, 29, 12, 0, 0, 7), dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.date(1999, 1, 1)),  # noqa: DTZ001 - without a zone on purpose
    *(
        [],
        [1, 2, 3],
        [1.0, 2.5, 255.0],
        [0, 0, 256],
        [1, 2],
        [0.1, -0.0, 1e39],
        [math.nan, 1.0, 2.0],
        [math.inf, 0.0, 0.0],
    ),
    *(
        [[0.1, 0.2], [0.3, -7.0]],
        [[1, 2], [3]],
        [[1, 2], [3, 4]],
        [[[1], [2]]],
        [[0.1, 0.0], [-1.0, -0.5]],
        [0.1, 0.0, -2.5],
        [[[1.0], [2.0]]],
        [[[2**63 - 1], [-(2**63)]]],
    ),
    *([1, None, 3], [True, False, True], ["1", "2", "3"], [[1, 2, 3]]),
)


def shown(column: AnyColumn) -> str:
    return f"{column.type} {msgspec.to_builtins(column)}"


def cells_of(value: Any) -> pl.Series | None:
    """Put one value in a column as a table would hold it; None where no table could."""
    if isinstance(value, int) and not isinstance(value, bool):
        return pl.Series("it", [value], dtype=pl.UInt64() if value >= 2**63 else pl.Int64())
    try:
        return pl.Series("it", [value])
    except (TypeError, OverflowError):
        return None


def family_of(kind: pl.DataType) -> Family:
    if kind.is_integer():
        return "integer"
    if kind.is_float():
        return "float"
    if isinstance(kind, pl.List):
        return "nested"
    families: dict[type[pl.DataType], Family] = {pl.Boolean: "boolean", pl.Date: "time", pl.Datetime: "time"}
    return families.get(type(kind), "text")


def present() -> Iterator[tuple[Any, pl.Series]]:
    for value in AWKWARD:
        cells = cells_of(value)
        if cells is not None and not is_missing(value):
            yield value, cells


def test_every_kind_brings_examples() -> None:
    assert {type(column) for column in EXAMPLES} == set(get_args(AnyColumn))


@pytest.mark.parametrize("column", EXAMPLES, ids=shown)
def test_a_value_and_a_cell_are_read_encoded_and_limited_alike(column: Any) -> None:
    for value, cells in present():
        parsed = None if isinstance(value, str) and len(value) > 1000 else column.parse(value)
        family = family_of(cells.dtype)
        if family not in column.families:
            assert parsed is None, value
            continue
        read_cells = cells.to_frame().select(column.parse_cells(pl.col("it"), family).cast(column.stored()).alias("it"))
        assert read_cells["it"].to_list() == [parsed], value
        assert column.encode_cells(read_cells["it"]).tobytes() == np.array([column.codes(parsed)]).tobytes(), value
        if parsed is None:
            continue
        broken = [rule for rule, mark in column.beyond_cells(pl.col("it")) if read_cells.select(mark).item()]
        assert broken == ([column.beyond(parsed)] if column.beyond(parsed) else []), value
        if column.when_beyond == "clip":
            assert read_cells.select(column.clip_cells(pl.col("it")))["it"].to_list() == [column.clip(parsed)], value
            assert not column.beyond(column.clip(parsed)), value


@pytest.mark.parametrize("column", EXAMPLES, ids=shown)
def test_a_request_and_a_table_accept_the_same_and_encode_it_alike(column: AnyColumn) -> None:
    contract = Contract((column,))
    for value, cells in present():
        checked = check_table(contract, cells.to_frame())
        try:
            row = compile_request(contract).read_record({"it": value})
        except RecordError:
            assert checked.good.is_empty(), value
            continue
        assert checked.good.height == 1, value
        assert encode_table(contract, checked.good).tobytes() == row.encoded.tobytes(), value
        assert as_served(contract, checked.good)["it"].to_list() == [row.features["it"]], value


@pytest.mark.parametrize("column", EXAMPLES, ids=shown)
def test_what_was_served_is_read_again_from_the_log(column: AnyColumn) -> None:
    contract = Contract((column,))
    for value, _ in present():
        try:
            row = compile_request(contract).read_record({"it": value})
        except RecordError:
            continue
        (again,) = compile_request(contract).decode(msgspec.json.encode(row.features))
        assert again.encoded.tobytes() == row.encoded.tobytes(), value
        assert again.features == row.features, value


@pytest.mark.parametrize("column", EXAMPLES, ids=shown)
def test_the_schema_takes_what_is_taken_of_values_sent_as_they_should_be(column: AnyColumn) -> None:
    schema = json_schema(Contract((column,)))
    json.dumps(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    plain = {"integer": int, "number": int | float, "boolean": bool, "tensor": list}.get(column.type, str)
    taken = []
    for value in AWKWARD:
        if not isinstance(value, plain) or (isinstance(value, bool) and plain is not bool):
            continue
        reading = read(column, value)
        if reading.rule or reading.note or is_missing(value):
            continue
        taken.append(value)
        if not (isinstance(value, list) and any(isinstance(it, float) and not math.isfinite(it) for it in value)):
            assert validator.is_valid({"it": value}), value
    assert taken
    assert validator.is_valid({"it": None}) == column.nullable
    assert ("it" in schema["required"]) == column.required  # type: ignore[operator]
    assert not validator.is_valid({"it": {}})


@pytest.mark.parametrize("column", EXAMPLES, ids=shown)
def test_a_kind_survives_its_file_and_json_and_says_what_it_allows(column: AnyColumn) -> None:
    assert not list(contradictions(Contract((column,))))
    assert loads(dumps(Contract((column,)))) == Contract((column,))
    assert from_json(to_json(Contract((column,)))) == Contract((column,))
    words = column.allowed()
    assert words == words.strip()
    assert words[0].islower()
    assert column.wrong
    assert len(column.slot_names) == column.width == len(column.codes(None)) == len(set(column.slot_names))
    assert all(math.isnan(code) for code in column.codes(None))


@pytest.mark.parametrize("kind", get_args(AnyColumn), ids=lambda kind: kind.__name__)
def test_a_kind_refuses_the_roles_it_can_not_have(kind: type[AnyColumn]) -> None:
    example = next(column for column in EXAMPLES if type(column) is kind)
    for role in ("feature", "target", "id", "time", "group", "weight", "segment", "ignored"):
        found = [
            key for key, _ in msgspec.structs.replace(example, missing="reject", fill=None, role=role).contradictions()
        ]
        assert ("role" in found) == (role not in kind.can_be)


@pytest.mark.parametrize(
    ("column", "key"),
    [
        (Integer(min=2, max=1), "min"),
        (Number(min=math.inf), "min"),
        (Boolean(true="x", false="x"), "true"),
        (Category(values=()), "values"),
        (Text(min_length=3, max_length=2), "min_length"),
        (Text(max_length=1001), "max_length"),
        (Text(pattern="(a+)*"), "pattern"),
        (Text(pattern="[0-9]+", fill="x", missing="impute"), "fill"),
        (Datetime(min="soon"), "min"),
        (Datetime(min="2024-01-02", max="2024-01-01"), "min"),
        (Datetime(format="%d"), "format"),
        (Datetime(min="2024-01-01", fill="2023-01-01"), "fill"),
        (Tensor(), "shape"),
        (Tensor(shape=(0,)), "shape"),
        (Tensor(shape=(1,) * 9), "shape"),
        (Tensor(shape=(2**11, 2**10)), "shape"),
        (Tensor(shape=(2,), dtype="int8", max=200.0), "max"),
        (Tensor(shape=(2,), dtype="int8", max=1.5), "max"),
        (Tensor(shape=(2,), min=math.nan), "min"),
        (Tensor(shape=(2,), min=2.0, max=1.0), "min"),
        (Tensor(shape=(2,), fill=0), "fill"),
        (Tensor(shape=(2,), missing="impute"), "missing"),
        (Tensor(shape=(2,), outside="impute"), "outside"),
        (Tensor(shape=(2,), unique=True), "unique"),
    ],
)
def test_settings_that_contradict_each_other_are_found(column: AnyColumn, key: str) -> None:
    assert key in dict(column.contradictions())


def test_a_table_of_arrays_and_of_other_time_units_is_read_alike() -> None:
    image = Tensor(name="it", shape=(2, 2), dtype="float32")
    rows = [[[0.1, 2.0], [3.0, 4.0]], None, [[1.0, math.nan], [0.0, 0.0]]]
    nested = pl.Series("it", rows, dtype=pl.List(pl.List(pl.Float64)))
    arrays = pl.Series("it", rows, dtype=pl.Array(pl.Float64, (2, 2)))
    for cells in (nested, arrays, nested.cast(pl.List(pl.List(pl.Float32)))):
        checked = check_table(Contract((image,)), cells.to_frame())
        assert checked.counts == {"it: missing": 1, "it: not a tensor of its shape and type": 1}
        assert encode_table(Contract((image,)), checked.good).tolist() == [[float(np.float32(0.1)), 2.0, 3.0, 4.0]]


def test_a_vector_of_512_floats_is_decoded_in_less_than_a_hundred_microseconds() -> None:
    import timeit  # noqa: PLC0415 - for this measurement alone

    contract = Contract((Tensor(name="it", shape=(512,)),))
    body = json.dumps({"it": [n / 7 for n in range(512)]}).encode()
    decode = compile_request(contract).decode
    assert decode(body)[0].encoded.shape == (512,)
    best = min(timeit.repeat(lambda: decode(body)[0].encoded, number=20, repeat=15)) / 20
    assert best < 400e-6  # 60 µs alone on a machine; this one is shared
