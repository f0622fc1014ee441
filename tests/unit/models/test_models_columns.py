"""Encoded rows turned back: what the contract encoded comes back as it was served."""

from __future__ import annotations

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Tensor
from mainstay.contract.table import check_table, encode_table
from mainstay.errors import InputError
from mainstay.models.columns import OTHER, Columns, label_text

CONTRACT = Contract(
    (
        Integer(name="tenure", min=0),
        Number(name="price", missing="allow"),
        Category(name="plan", values=("basic", "full"), missing="allow", unknown="other"),
        Category(name="zone", values=("1", "2")),
        Boolean(name="paid", true="Yes", false="No", missing="allow"),
        Boolean(name="sure"),
        Datetime(name="signed"),
        Tensor(name="image", shape=(2, 2)),
    )
)
ROWS = pl.DataFrame(
    {
        "tenure": [3, 40, 0],
        "price": [1.5, None, -2.0],
        "plan": ["full", None, "huge"],
        "zone": ["2", "1", "1"],
        "paid": ["Yes", None, "No"],
        "sure": [True, False, True],
        "signed": ["2024-02-29T12:30:00Z", "1970-01-01T00:00:00Z", "2020-05-05T05:05:05.25Z"],
        "image": [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]], [[0.5, 0.0], [0.0, 0.0]]],
    }
)


@pytest.fixture(scope="module")
def encoded() -> np.ndarray:
    good = check_table(CONTRACT, ROWS).good
    assert good.height == 3
    return encode_table(CONTRACT, good)


def test_arrays_hold_what_was_served(encoded: np.ndarray) -> None:
    arrays = Columns.of(CONTRACT).arrays(encoded)
    assert arrays["tenure"].tolist() == [3.0, 40.0, 0.0]
    assert np.array_equal(arrays["price"], [1.5, np.nan, -2.0], equal_nan=True)
    assert arrays["plan"].tolist() == ["full", None, OTHER]
    assert arrays["zone"].tolist() == ["2", "1", "1"]
    assert arrays["paid"].tolist() == ["Yes", None, "No"]
    assert arrays["sure"].tolist() == [True, False, True]
    assert arrays["image"].shape == (3, 2, 2)
    assert arrays["image"][1].tolist() == [[4.0, 5.0], [6.0, 7.0]]


def test_a_record_is_a_row_of_the_arrays(encoded: np.ndarray) -> None:
    columns = Columns.of(CONTRACT)
    arrays = columns.arrays(encoded)
    for k, row in enumerate(encoded):
        record = columns.record(row)
        assert list(record) == list(CONTRACT.feature_names)
        for name, value in record.items():
            expected = arrays[name][k].tolist() if isinstance(arrays[name][k], np.ndarray) else arrays[name][k]
            assert value == expected or (value is None and expected != expected)  # noqa: PLR0124 - NaN


def test_a_frame_has_the_same_types_for_one_row_as_for_many(encoded: np.ndarray) -> None:
    columns = Columns.of(CONTRACT)
    frame = columns.frame(encoded)
    assert frame["tenure"].dtype == "int64"
    assert frame["price"].dtype == "float64"
    assert frame["plan"].dtype == object
    assert frame["plan"].isna().tolist() == [False, True, False]
    assert frame["sure"].dtype == bool
    assert str(frame["signed"].dtype) == "datetime64[us, UTC]"
    assert frame["signed"][2].isoformat() == "2020-05-05T05:05:05.250000+00:00"
    assert frame["image[1,0]"].tolist() == [2.0, 6.0, 0.0]
    for k, row in enumerate(encoded):
        one = columns.frame(row[None])
        assert (one.dtypes == frame.dtypes).all()
        pd.testing.assert_frame_equal(one.reset_index(drop=True), frame.iloc[[k]].reset_index(drop=True))


def test_what_was_fitted_on_a_frame_sees_the_values_it_knows(encoded: np.ndarray) -> None:
    seen = pd.DataFrame(
        {
            "plan": pd.Categorical(["full", "basic", None], categories=["full", "basic"]),
            "zone": [2, 1, 1],
            "paid": ["Yes ", "No", None],
        }
    )
    columns = Columns.of(CONTRACT).like(seen)
    frame = columns.frame(encoded)
    assert frame["plan"].cat.categories.tolist() == ["full", "basic"]
    assert frame["plan"].cat.codes.tolist() == [0, -1, -1]
    assert frame["zone"].tolist() == [2, 1, 1]
    assert frame["paid"].tolist()[::2] == ["Yes ", "No"]
    assert frame["tenure"].tolist() == [3, 40, 0]


def test_columns_are_saved_and_read_back() -> None:
    columns = Columns.of(CONTRACT)
    assert msgspec.json.decode(msgspec.json.encode(columns), type=Columns) == columns
    assert columns.width == CONTRACT.width
    assert list(columns.categories) == [2, 3]
    assert columns.all[2].codes == 3


def test_rows_of_another_width_are_refused(encoded: np.ndarray) -> None:
    columns = Columns.of(CONTRACT)
    for call in (columns.arrays, columns.frame):
        with pytest.raises(InputError, match="takes 11 numbers a row"):
            call(encoded[:, 1:])


def test_a_label_that_stands_for_any_other_is_refused() -> None:
    with pytest.raises(InputError, match="stands for any other"):
        Columns.of(Contract((Category(name="plan", values=("a", OTHER)),)))


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (np.float64(3.0), "3"), ("01", "01"), (b"x", "b'x'"), (2**70, str(2**70))]
)
def test_labels_are_spelled_one_way(value: object, text: str) -> None:
    assert label_text(value) == text
