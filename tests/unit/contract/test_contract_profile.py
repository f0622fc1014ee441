from __future__ import annotations

import msgspec
import numpy as np
import pytest

from mainstay.contract import (
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Profile,
    Tensor,
    Text,
    count_like,
    count_watched,
    merge,
    profile_rows,
    watch,
)
from mainstay.errors import ContractError


def one(values: list[float], column: Number | Integer | Boolean | Category | None = None) -> Profile:
    return profile_rows(Contract((column or Number(name="it"),)), np.array(values, dtype=np.float64).reshape(-1, 1))


def test_numbers_are_cut_into_bins_of_equal_count() -> None:
    profile = one([float(value) for value in range(1, 1001)])
    (column,) = profile.columns
    assert column.edges == tuple(float(50 * place) for place in range(1, 20))
    assert column.counts == (50,) * 20
    assert profile.rows == 1000


def test_a_value_that_many_rows_share_has_a_bin_of_its_own() -> None:
    (column,) = one([0.0] * 500 + [float(value) for value in range(1, 501)]).columns
    assert column.edges[0] == 0.0
    assert column.counts[0] == 500


def test_a_constant_is_seen_moving_either_way() -> None:
    reference = one([5.0] * 10)
    assert reference.columns[0].counts == (0, 10, 0)
    moved = count_like(reference, np.array([[4.0], [5.0], [6.0], [6.0]]))
    assert moved.columns[0].counts == (1, 1, 2)


def test_missing_values_are_counted_apart() -> None:
    (column,) = one([1.0, np.nan, 2.0, np.nan]).columns
    assert (sum(column.counts), column.missing) == (2, 2)
    (nothing,) = one([np.nan, np.nan]).columns
    assert (nothing.edges, nothing.counts, nothing.missing) == ((), (0,), 2)


def test_labels_have_a_count_each_and_the_rest_is_other() -> None:
    (column,) = one([0.0, 1.0, 1.0, 2.0, np.nan], Category(name="it", values=("a", "b"))).columns
    assert dict(zip(column.labels, column.counts, strict=True)) == {"a": 1, "b": 2, "(other)": 1}
    (flag,) = one([0.0, 1.0, 1.0], Boolean(name="it")).columns
    assert dict(zip(flag.labels, flag.counts, strict=True)) == {"false": 1, "true": 2, "(other)": 0}


def test_no_rows_have_a_profile_too() -> None:
    profile = profile_rows(Contract((Number(name="n"), Boolean(name="b"))), np.empty((0, 2)))
    assert [sum(column.counts) for column in profile.columns] == [0, 0]
    assert merge(profile, profile) == profile


def test_profiles_of_other_bins_are_not_added() -> None:
    with pytest.raises(ContractError, match="cut 'it' differently"):
        merge(one([1.0, 2.0]), one([2.0, 3.0]))
    both = profile_rows(Contract((Number(name="a"), Number(name="b"))), np.ones((2, 2)))
    with pytest.raises(ContractError, match="different features"):
        merge(both, one([1.0]))


def test_a_profile_survives_json_to_the_bit() -> None:
    profile = one([0.1, 0.2, 1e300, -5e-324, 7.0])
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile
    assert profile.column("it") == profile.columns[0]
    with pytest.raises(ContractError, match="no feature called 'nope'"):
        profile.column("nope")


def test_a_tensor_is_watched_by_its_norm_and_mean_and_a_text_not_at_all() -> None:
    contract = Contract((Text(name="note"), Number(name="a"), Tensor(name="image", shape=(2, 2)), Datetime(name="at")))
    rows = np.array([[np.nan, 1.0, 3.0, 0.0, 4.0, 0.0, 86400.0], [np.nan, 2.0, *[np.nan] * 4, 0.0]])
    profile = profile_rows(contract, rows)
    assert [column.name for column in profile.columns] == ["a", "image (norm)", "image (mean)", "at"]
    watched = watch(profile, rows)
    assert watched[0].tolist() == [1.0, 5.0, 1.75, 86400.0]
    assert np.isnan(watched[1, 1:3]).all()
    assert profile.column("image (norm)").missing == 1
    assert count_watched(profile, watched) == count_like(profile, rows) == profile
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


def test_a_profile_from_before_there_were_tensors_is_counted_by_its_places() -> None:
    content = b'{"columns":[{"name":"a","kind":"numeric","counts":[1,1],"edges":[1.0]}],"rows":2}'
    old = msgspec.json.decode(content, type=Profile)
    assert count_like(old, np.array([[0.0], [5.0], [6.0]])).columns[0].counts == (1, 2)
