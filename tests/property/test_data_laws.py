"""Laws of the data room, on generated tables."""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import Category, Contract, Integer, Number, load_contract
from mainstay.data.draft import draft_project, write_project
from mainstay.data.fingerprint import fingerprint
from mainstay.data.ranges import draft_range
from mainstay.data.sieve import Sieve
from mainstay.data.snapshot import take_snapshot
from mainstay.data.source import read_source
from mainstay.data.split import hold_out_groups, hold_out_latest, hold_out_random
from mainstay.errors import DataError, InputError
from mainstay.project import open_project

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
CELLS = st.one_of(st.none(), WORDS, st.integers(-999, 999).map(str), st.floats(-1e6, 1e6).map(repr))
NAMES = st.lists(WORDS, min_size=2, max_size=5, unique=True)
CONTRACT = Contract(
    (
        Integer(name="age", min=0, max=100),
        Number(name="price", min=0.0, missing="allow"),
        Category(name="plan", values=("a", "b"), unknown="reject"),
    )
)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    names = draw(NAMES)
    rows = draw(st.integers(1, 12))
    return pl.DataFrame(
        {name: pl.Series(draw(st.lists(CELLS, min_size=rows, max_size=rows)), dtype=pl.String) for name in names}
    )


@given(tables(), st.randoms(use_true_random=False))
def test_the_fingerprint_sees_content_and_nothing_else(frame: pl.DataFrame, random: object) -> None:
    names = list(frame.columns)
    random.shuffle(names)  # type: ignore[attr-defined]
    moved = pl.DataFrame([frame.get_column(name) for name in names]).sample(fraction=1.0, shuffle=True, seed=1)
    assert fingerprint(moved) == fingerprint(frame)
    assert fingerprint(moved.iter_slices(3)) == fingerprint(frame)
    assert fingerprint(pl.concat([frame, frame[:1]])) != fingerprint(frame)
    changed = frame.with_columns(pl.lit("something else").alias(names[0]))
    assert fingerprint(changed) != fingerprint(frame)


@given(tables(), st.sampled_from([",", ";", "\t", "|"]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_as_csv_is_read_back(frame: pl.DataFrame, separator: str) -> None:
    buffer = io.BytesIO()
    frame.write_csv(buffer, separator=separator, quote_style="always")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(buffer.getvalue())
        back = read_source(path)
    assert back.columns == frame.columns
    assert back.rows() == frame.rows()


@given(
    st.one_of(st.binary(max_size=400), st.text("ab,;\t|\"'\n\r \x00é1", max_size=300).map(lambda text: text.encode()))
)
@settings(deadline=None)
def test_any_bytes_are_a_table_or_one_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content)
        try:
            frame = read_source(path)
        except DataError as error:
            told = error.cure
        else:
            told = "read"
            assert frame.height > 0
            assert len(set(frame.columns)) == frame.width >= 2
    assert told


VALUES = st.one_of(
    st.sampled_from(
        ["", "NA", "?", "yes", "no", "1", "0", "2", "001", "1e5", "-3", "2.50", "1,5", "2024-01-31", "1/2/2024"]
    ),
    WORDS,
    st.integers(-(10**20), 10**20).map(str),
)


@st.composite
def sources(draw: st.DrawFn) -> tuple[pl.DataFrame, str]:
    names = draw(NAMES)
    pools = {name: draw(st.lists(VALUES, min_size=1, max_size=6)) for name in names}
    lots = np.random.default_rng(draw(st.integers(0, 99)))
    rows = 90
    frame = pl.DataFrame(
        {
            n: pl.Series(lots.choice(np.array(pool, dtype=object), rows).tolist(), dtype=pl.String)
            for n, pool in pools.items()
        }
    )
    return frame.with_columns(pl.Series(f"{names[0]} y", lots.choice(["yes", "no"], rows).tolist())), f"{names[0]} y"


@given(sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_table_drafts_into_a_project_that_works_or_one_sentence(source: tuple[pl.DataFrame, str]) -> None:
    frame, target = source
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        frame.write_csv(Path(name) / "t.csv", quote_style="always")
        try:
            draft = draft_project(Path(name) / "t.csv", target, folder)
        except InputError:
            return
        write_project(draft, folder)
        snapshot = take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))
        assert snapshot.rows_read == 90
        assert snapshot.rows_lost <= 2


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["5", "50", "500", "x", "", None]),
        st.sampled_from(["1.5", "-1", "cheap", None]),
        st.sampled_from(["a", "b", "c", None]),
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS, st.data())
@settings(deadline=None)
def test_no_row_disappears(rows: list[tuple[str | None, ...]], data: st.DataObject) -> None:
    frame = pl.DataFrame(rows, schema={"age": pl.String, "price": pl.String, "plan": pl.String}, orient="row")
    doubtful = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    sieve, checked = Sieve.of(frame, "rows").refuse("target", doubtful, "target: missing").check(CONTRACT)
    out = sieve.quarantined
    numbers = out.to_series(-2).to_list() if out.height else []
    assert sorted([*sieve.index.tolist(), *numbers]) == list(range(len(rows)))
    assert checked.good.height == sieve.frame.height == len(sieve.index)
    assert frame[sieve.index.tolist()].equals(sieve.frame)
    lost = sum(line.rows_in - line.rows_out for line in sieve.ledger)
    assert lost == out.height
    assert all(before.rows_out == after.rows_in for before, after in zip(sieve.ledger, sieve.ledger[1:], strict=False))
    if out.height:
        assert all(out.to_series(-1).to_list())
        assert frame[numbers].rows() == out.select(frame.columns).rows()


@given(st.lists(st.integers(0, 40), min_size=2, max_size=200), st.floats(0.05, 0.5), st.integers(-5, 5))
def test_a_random_split_looks_at_content_alone(contents: list[int], share: float, seed: int) -> None:
    digests = [str(content).encode() for content in contents]
    strata = np.array(contents) % 2
    held = hold_out_random(digests, strata, share, seed)
    order = np.random.default_rng(0).permutation(len(contents))
    again = hold_out_random([digests[k] for k in order], strata[order], share, seed)
    assert sorted(np.array(contents)[held].tolist()) == sorted(np.array(contents)[order][again].tolist())


@given(st.lists(st.integers(0, 30), min_size=2, max_size=100), st.floats(0.05, 0.5))
def test_time_and_groups_are_never_cut(keys: list[int], share: float) -> None:
    times = np.array(keys, dtype=float)
    later = hold_out_latest(times, share)
    if len(set(keys)) > 1:
        assert later.any()
        assert not later.all()
        assert times[~later].max() < times[later].min()
        groups = np.array([str(key) for key in keys])
        held = hold_out_groups(groups, share, seed=1)
        assert not set(groups[held]) & set(groups[~held])
        assert held.any()
        assert not held.all()


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_drafted_range_leaves_room(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    least, most = draft_range(low, high)
    assert least <= low <= high <= most
    assert least < most
    assert math.isfinite(least)
    assert math.isfinite(most)
    if low >= 0:
        assert least == 0
    elif abs(low) < 1e307:
        assert least <= 1.29 * low
    if 0 < high < 1e307:
        assert most >= 1.29 * high
