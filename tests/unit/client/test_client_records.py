from __future__ import annotations

import datetime as dt
import decimal
import json
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from mainstay.client import FieldsError, RefusedError
from mainstay.client.records import encode_record, encode_records, listed

COLUMNS: dict[str, list[Any]] = {"tenure": [3, 4], "charge": [29.5, None], "plan": ["basic", None]}
ROWS = [{"tenure": 3, "charge": 29.5, "plan": "basic"}, {"tenure": 4, "charge": None, "plan": None}]


@pytest.mark.parametrize("frame", [pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS), pa.table(COLUMNS), iter(ROWS)])
def test_tables_and_iterables_become_the_same_records(frame: Any) -> None:
    assert json.loads(encode_records(listed(frame))) == ROWS


@pytest.mark.parametrize("missing", [float("nan"), np.nan, pd.NA, pd.NaT, None, np.float64("nan"), np.float32("nan")])
def test_what_is_missing_becomes_null(missing: Any) -> None:
    assert encode_record({"charge": missing}) == b'{"charge":null}'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(1), True),
        (np.arange(3), [0, 1, 2]),
        (decimal.Decimal("1.50"), 1.5),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (pd.Timestamp("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05+00:00"),
        (MappingProxyType({"a": 1}), {"a": 1}),
    ],
)
def test_what_other_libraries_write_becomes_what_json_has(value: Any, written: Any) -> None:
    assert json.loads(encode_record({"x": value})) == {"x": written}


@pytest.mark.parametrize(
    "value",
    [float("inf"), -float("inf"), [1.0, float("inf")], np.float64("inf"), np.array([np.inf]), object(), 1j, "\ud800"],
)
def test_what_json_cannot_carry_is_refused_by_record_and_field(value: Any) -> None:
    with pytest.raises(FieldsError) as caught:
        encode_records([{"charge": 1.0}, {"charge": value}], 10)
    (problem,) = caught.value.errors
    assert (problem.record, problem.field) == (11, "charge")
    assert caught.value.problems == caught.value.errors
    assert "is a o" not in str(caught.value)


@pytest.mark.parametrize("given", [3, "text", b"bytes", ["text"], [3]])
def test_what_is_no_record_is_told(given: Any) -> None:
    with pytest.raises(RefusedError, match="is no record"):
        listed(given)


@pytest.mark.parametrize("part", [pd.DataFrame(COLUMNS).iloc[0], pd.DataFrame(COLUMNS)["tenure"]])
def test_a_row_or_column_of_pandas_is_told_what_to_give_instead(part: Any) -> None:
    with pytest.raises(RefusedError, match=r"A Series is no record.*row\.to_dict\(\)"):
        listed(part)
