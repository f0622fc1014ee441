"""The fingerprint: the same for any layout of the same rows, another for other rows."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from mainstay.data.canonical import canonical_cells
from mainstay.data.fingerprint import digest_rows, fingerprint

UTC = dt.UTC


@pytest.mark.parametrize(
    "cells",
    [
        [1, 1.0, "1", "1.0", " 1 ", "1e0", "+1", "001", np.float32(1), np.uint8(1)],
        [1.5, "1.5", "1.50", "15e-1", "0.15e1"],
        [0.1, "0.1", np.float32(0.1)],
        [0, "-0.0", -0.0, "0e5"],
        [2**53 + 1, str(2**53 + 1)],
        [2.0**60, "1152921504606846976", 2**60, "1.152921504606847e18"],
        [1e300, "1e300", "1E+300"],
        [True, "true", "True", "TRUE"],
        [None, "", "  ", float("nan"), "NaN"],
        [
            dt.date(2024, 1, 31),
            dt.datetime(2024, 1, 31),  # noqa: DTZ001 - a column without a zone
            dt.datetime(2024, 1, 31, tzinfo=UTC),
            "2024-01-31",
            "2024-01-31 00:00",
            "2024-01-31T00:00:00Z",
            "2024-01-31 00:00:00.000000",
            "2024-01-31T02:00:00+02:00",
            "2024-01-31T02:00:00+0200",
        ],
    ],
)
def test_one_value_is_one_value_however_it_is_written(cells: list[object]) -> None:
    told = {canonical_cells(pl.DataFrame({"x": _series(cell)}), ["x"]).item() for cell in cells}
    assert len(told) == 1


def _series(cell: object) -> pl.Series:
    if isinstance(cell, np.float32):
        return pl.Series([float(cell)], dtype=pl.Float32)
    return pl.Series([cell], dtype=pl.String if cell is None else None)


def test_different_values_are_different() -> None:
    cells = [
        *("1", "2", "1.5", "a", "A", "true", "yes", "", "'1", "#1", "@1", "\x1f", "a\x1fb", "2024-01-31", "31.01.2024"),
        *(
            "2024-01-31T00:00:01",
            "2024-13-45",
            "inf",
            "-inf",
            str(2**53),
            str(2**53 + 1),
            "2024-01-31T00:00:00.1234567",
        ),
    ]
    told = canonical_cells(pl.DataFrame({"x": cells}), ["x"]).to_series().to_list()
    assert len(set(told)) == len(cells)
    alone = [canonical_cells(pl.DataFrame({"x": [cell]}), ["x"]).item() for cell in cells]
    assert alone == told  # what stands beside a cell changes nothing


def test_a_cell_can_not_pass_for_two() -> None:
    tables = [
        pl.DataFrame({"a": ["x\x1f'y"], "b": ["z"]}),
        pl.DataFrame({"a": ["x"], "b": ["y\x1f'z"]}),
        pl.DataFrame({"a": ["x"], "b": ["y"]}),
        pl.DataFrame({"a": ["x", "x"], "b": ["y", "y"]}),
        pl.DataFrame({"a": ["y"], "b": ["x"]}),
        pl.DataFrame({"a": ["x"], "c": ["y"]}),
        pl.DataFrame({"a": ["x"]}),
    ]
    for one, other in combinations(tables, 2):
        assert fingerprint(one) != fingerprint(other)


def test_batches_and_order_do_not_matter_and_copies_count() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"n": rng.normal(size=997).round(2).astype(str), "k": rng.integers(0, 9, 997)})
    whole = fingerprint(frame)
    for size in (1, 100, 996):
        shuffled = frame.sample(fraction=1.0, shuffle=True, seed=size)
        assert fingerprint(shuffled.iter_slices(size)) == whole
    assert fingerprint(pl.concat([frame, frame])) != whole
    assert fingerprint(pl.concat([frame, frame[:1]])) != fingerprint(pl.concat([frame, frame[1:2]]))


def test_digests_are_spread_evenly() -> None:
    digests = digest_rows(pl.DataFrame({"x": range(4096)}), ["x"])
    assert digests.shape == (4096, 2)
    bits = np.unpackbits(digests.view(np.uint8), axis=1).mean(axis=0)
    assert np.abs(bits - 0.5).max() < 5 * 0.5 / np.sqrt(4096)
