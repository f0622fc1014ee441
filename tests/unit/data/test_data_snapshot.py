"""The snapshot: rows in, rows out, and every row between them accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Category, Contract, Integer, Number, load_contract
from mainstay.data import data_findings, take_snapshot
from mainstay.data.simulator import TARGET, TIME
from mainstay.data.source import read_source
from mainstay.errors import ContractError, DataError, ProjectError
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.data import Snapshot

CONTRACT = Contract((Integer(name="age", min=0, max=100), Category(name="plan", values=("a", "b"), unknown="reject")))


def _snapshot(folder: Path, rows: list[str], data: str = "", contract: Contract = CONTRACT) -> Snapshot:
    (folder / "rows.csv").write_text("age,plan,bought\n" + "\n".join(rows) + "\n")
    (folder / "mainstay.toml").write_text(f'[data]\nsource = "rows.csv"\ntarget = "bought"\n{data}\n')
    return take_snapshot(open_project(folder), contract)


def _good(n: int = 100) -> list[str]:
    return [f"{20 + k % 60},{'ab'[k % 2]},{'yes' if k % 3 == 0 else 'no'}" for k in range(n)]


def test_no_row_disappears_without_reason_and_count(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    rows = [*_good(), "130,a,yes", "30,z,no", "x,z,no", ",a,yes", "40,a,", "50,b,"]
    snapshot = _snapshot(project, rows)
    assert snapshot.rows_read == 106
    assert snapshot.rows_lost == 6
    for before, after in zip(snapshot.ledger, snapshot.ledger[1:], strict=False):
        assert before.rows_out == after.rows_in
    assert snapshot.refused == {
        "bought: missing, so nothing can be learned": 2,
        "age: above 100": 1,
        "plan: not one of its values": 2,
        "age: not a whole number": 1,
        "age: missing": 1,
    }
    assert snapshot.quarantine is not None
    refused = pl.read_csv(snapshot.quarantine, infer_schema=False)
    assert refused["row"].to_list() == ["100", "101", "102", "103", "104", "105"]
    assert refused["rules"].to_list()[2] == "age: not a whole number; plan: not one of its values"
    assert refused["age"].to_list()[:3] == ["130", "30", "x"]
    used = sorted([*snapshot.train.index.tolist(), *snapshot.test.index.tolist()])
    assert used == list(range(100))
    loss = next(finding for finding in data_findings(snapshot) if finding.measure == "row_loss")
    assert loss.ok is True
    assert "4 of 104 rows lost" in loss.note
    assert "2 rows without a bought left out, which is no loss" in loss.note


def test_rows_without_an_outcome_are_no_loss_however_many(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, [*_good(), *["40,a,"] * 300])
    assert (snapshot.rows_lost, snapshot.rows_unlabelled) == (300, 300)
    loss = next(finding for finding in data_findings(snapshot) if finding.measure == "row_loss")
    assert (loss.ok, loss.value, loss.n) == (True, 0.0, 100)
    assert "300 rows without a bought" in loss.note
    refused = _snapshot(tmp_path, [*_good(), *["40,a,"] * 300, *["130,a,yes"] * 6])
    loss = next(finding for finding in data_findings(refused) if finding.measure == "row_loss")
    assert (loss.ok, loss.n) == (False, 106)


def test_what_columns_are_called_does_not_decide_the_split(tmp_path: Path) -> None:
    held = []
    for first, second in (("age", "plan"), ("z", "a")):
        folder = tmp_path / first
        folder.mkdir()
        (folder / "rows.csv").write_text(f"{first},{second},bought\n" + "\n".join(_good(300)) + "\n")
        (folder / "mainstay.toml").write_text('[data]\nsource = "rows.csv"\ntarget = "bought"\n')
        contract = Contract((Integer(name=first), Category(name=second, values=("a", "b"))))
        held.append(set(take_snapshot(open_project(folder), contract).test.index.tolist()))
    assert held[0] == held[1]


def test_a_time_split_over_columns_orders_the_rows_most_significant_first(tmp_path: Path) -> None:
    rows = [f"{2023 + k % 2},{1 + k // 2 % 12},{k},{'yes' if k % 3 else 'no'}" for k in range(240)]
    (tmp_path / "rows.csv").write_text("year,month,x,bought\n" + "\n".join([*rows, "2024,,3,yes"]) + "\n")
    data = '[data]\nsource = "rows.csv"\ntarget = "bought"\nsplit_by = { time = ["year", "month"] }\n'
    (tmp_path / "mainstay.toml").write_text(data)
    snapshot = take_snapshot(open_project(tmp_path), Contract((Integer(name="x"),)))
    assert snapshot.time == "year + month"
    assert snapshot.refused == {"month: missing, so its place in time is unknown": 1}
    moments = [snapshot.train, snapshot.test]
    before, after = (set(zip(s.frame["year"].cast(int), s.frame["month"].cast(int), strict=True)) for s in moments)
    assert max(before) < min(after)
    assert len(snapshot.test) == 60  # ten rows to each of 24 months; the last six of 2024


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ("-2.5", r"the rows of rows.csv, and is negative or missing in 3 rows of 100: the first holds -2.5 \(row 7"),
        ("", r"in 3 rows of 100: the first holds nothing \(row 7"),
        ("all 0", "is 0 in all 100"),
    ],
)
def test_what_is_no_weight_is_named_with_its_file_row_and_count(tmp_path: Path, weight: str, sentence: str) -> None:
    cells = ["0"] * 100 if weight == "all 0" else [weight if k in (7, 8, 70) else "1" for k in range(100)]
    rows = [f"{row},{cell}" for row, cell in zip(_good(), cells, strict=True)]
    (tmp_path / "rows.csv").write_text("age,plan,bought,w\n" + "\n".join(rows) + "\n")
    (tmp_path / "mainstay.toml").write_text('[data]\nsource = "rows.csv"\ntarget = "bought"\n')
    weighed = Contract((*CONTRACT.columns, Number(name="w", role="weight", missing="allow")))
    with pytest.raises(DataError, match=sentence):
        take_snapshot(open_project(tmp_path), weighed)


def test_rows_encodings_and_frames_belong_together(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, _good(400), 'segments = ["plan", "age"]\nseed = 3')
    assert 98 <= len(snapshot.test) <= 102  # a quarter of each label, copies kept together
    assert snapshot.quarantine is None
    for side in (snapshot.train, snapshot.test):
        assert side.X.shape == (len(side), 2)
        np.testing.assert_array_equal(side.X[:, 0], 20.0 + side.index % 60)
        np.testing.assert_array_equal(side.X[:, 1], side.index % 2)
        np.testing.assert_array_equal(side.y, side.index % 3 == 0)
        assert side.frame["age"].to_list() == side.X[:, 0].tolist()
        assert side.segments["plan"].tolist() == side.frame["plan"].to_list()
        assert len(set(side.segments["age"])) == 4
        assert all(label.count(" to ") == 1 for label in side.segments["age"])
    assert (snapshot.task.kind, snapshot.task.positive) == ("binary", "yes")
    assert snapshot.train.times is None


@pytest.mark.parametrize(
    ("rows", "data", "error", "sentence"),
    [
        (_good(60)[:40], "", DataError, "Only 40 rows say what 'bought' was"),
        ([*_good(45), *["999,a,yes"] * 30], "", DataError, "Only 45 rows of 75 can be used"),
        ([r.replace("yes", "no") for r in _good()], "", DataError, "Every row has the same 'bought': 'no'"),
        (_good(), 'positive = "maybe"', DataError, "never says 'maybe'"),
        (_good(), 'segments = ["plam"]', ProjectError, "line 4: [data] segments names 'plam', which the source"),
        (_good(), 'split_by = { time = "agee" }', ProjectError, "Did you mean 'age'?"),
        (_good(), 'split_by = { time = "plan" }', ProjectError, "neither a time nor a number"),
        (_good(), "split_by = {}", ProjectError, "name one column"),
        (_good(), "test_share = 0.9", ProjectError, "allowed is 0.05 to 0.5"),
        (_good(), 'sorce = "x"', ProjectError, "Did you mean 'source'?"),
    ],
)
def test_what_cannot_be_learned_from_is_one_sentence(
    tmp_path: Path, rows: list[str], data: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as raised:
        _snapshot(tmp_path, rows, data)
    assert sentence in str(raised.value)


def test_the_target_is_no_feature_and_a_demanded_column_is_there(tmp_path: Path) -> None:
    told = Contract((*CONTRACT.columns, Category(name="bought", values=("yes", "no"))))
    with pytest.raises(ContractError, match="'bought' is the target and a feature"):
        _snapshot(tmp_path, _good(), contract=told)
    more = Contract((*CONTRACT.columns, Number(name="income")))
    with pytest.raises(DataError, match="The source lacks 'income'"):
        _snapshot(tmp_path, _good(), contract=more)


def test_a_split_by_time_puts_the_latest_apart_in_order(small_project: Path) -> None:
    project = open_project(small_project)
    snapshot = take_snapshot(project, load_contract(small_project / "contract.toml"))
    assert (snapshot.split_kind, snapshot.time) == ("time", TIME)
    assert snapshot.train.times is not None
    assert snapshot.test.times is not None
    assert snapshot.train.times[-1] < snapshot.test.times[0]
    assert (np.diff(snapshot.train.times) >= 0).all()
    assert len(snapshot.test) == 500
    assert snapshot.task.target == TARGET


def test_a_split_by_group_keeps_groups_whole(tmp_path: Path) -> None:
    rows = [f"{20 + k % 50},{'ab'[k % 2]},{'yes' if k % 3 else 'no'}" for k in range(500)]
    snapshot = _snapshot(tmp_path, rows, 'split_by = { group = "age" }')
    assert snapshot.train.groups is not None
    assert snapshot.test.groups is not None
    assert not set(snapshot.train.groups) & set(snapshot.test.groups)
    assert "whole groups by age" in snapshot.split


def test_one_group_or_one_instant_leaves_nothing_to_judge(tmp_path: Path) -> None:
    rows = [f"30,{'ab'[k % 2]},{'yes' if k % 3 else 'no'}" for k in range(100)]
    with pytest.raises(DataError, match="no rows are left"):
        _snapshot(tmp_path, rows, 'split_by = { time = "age" }')


def test_fills_are_learned_from_the_training_rows_alone(tmp_path: Path) -> None:
    ages = ["30"] * 74 + [""] * 3 + ["60"] * 73 + ["90"] * 48 + [""] * 2
    (tmp_path / "rows.csv").write_text(
        "day,age,bought\n" + "".join(f"{k},{age},{'yes' if k % 3 else 'no'}\n" for k, age in enumerate(ages))
    )
    (tmp_path / "mainstay.toml").write_text(
        '[data]\nsource = "rows.csv"\ntarget = "bought"\nsplit_by = { time = "day" }\n'
    )
    contract = Contract((Integer(name="age", missing="impute"),))
    snapshot = take_snapshot(open_project(tmp_path), contract)
    assert snapshot.contract.column("age").fill == 30  # the median of the first 150 rows; of all of them it is 60
    assert (snapshot.train.X == 30).sum() == 77
    assert (snapshot.test.X == 30).sum() == 2


def test_layout_changes_neither_fingerprint_nor_split(tmp_path: Path, simulated_csv: Path, small_project: Path) -> None:
    project = open_project(small_project)
    contract = load_contract(small_project / "contract.toml")
    frame = read_source(simulated_csv)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=2).select(sorted(frame.columns))
    shuffled.write_csv(tmp_path / "other.csv", separator=";")
    typed = pl.read_csv(simulated_csv, try_parse_dates=True)
    typed.write_parquet(tmp_path / "typed.parquet")
    plain = take_snapshot(project, contract)
    ids = set(plain.test.frame["customer_id"])
    for path in (tmp_path / "other.csv", tmp_path / "typed.parquet"):
        other = take_snapshot(project, contract, source=path)
        assert other.fingerprint == plain.fingerprint
        assert set(other.test.frame["customer_id"]) == ids
    frame[:-1].write_csv(tmp_path / "less.csv")
    assert take_snapshot(project, contract, source=tmp_path / "less.csv").fingerprint != plain.fingerprint


def test_credit_default_is_read_whole(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    path = shared_data("credit-default/UCI_Credit_Card.csv")
    (tmp_path / "mainstay.toml").write_text(f'[data]\nsource = "{path}"\ntarget = "default.payment.next.month"\n')
    contract = Contract((Number(name="LIMIT_BAL", min=0), Integer(name="AGE", min=0, max=120)))
    snapshot = take_snapshot(open_project(tmp_path), contract)
    assert snapshot.rows_lost == 0
    assert max(snapshot.train.X[:, 0].max(), snapshot.test.X[:, 0].max()) == 1_000_000  # written as 1e+06
    assert int(snapshot.train.y.sum() + snapshot.test.y.sum()) == 6636


def test_source_columns_called_row_and_rules_survive_the_quarantine(tmp_path: Path) -> None:
    lines = [f"{k},r{k},{20 + k % 60},{'yes' if k % 3 else 'no'}" for k in range(100)]
    (tmp_path / "rows.csv").write_text("\n".join(["row,rules,age,bought", *lines, "7,mine,999,yes"]) + "\n")
    (tmp_path / "mainstay.toml").write_text('[data]\nsource = "rows.csv"\ntarget = "bought"\n')
    snapshot = take_snapshot(open_project(tmp_path), Contract((Integer(name="age", max=100),)))
    assert snapshot.quarantine is not None
    refused = pl.read_csv(snapshot.quarantine, infer_schema=False).to_dicts()
    assert refused == [
        {"row_": "100", "rules_": "age: above 100", "row": "7", "rules": "mine", "age": "999", "bought": "yes"}
    ]
