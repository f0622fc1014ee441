"""What a newcomer's files met at `mainstay init`: every step that a draft suggests works when it is followed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mainstay.contract import Category, Contract, Integer, Number, Text, load_contract
from mainstay.data import Answers, draft_project, take_snapshot, write_project
from mainstay.data.given import Given, roles_written
from mainstay.data.source import Source, source_of
from mainstay.errors import DataError, InputError
from mainstay.project import open_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.data import Snapshot
    from mainstay.data.draft import Draft


def _draft(folder: Path, header: str, lines: list[str], *, given: Given | None = None) -> tuple[Draft, Contract]:
    (folder / "rows.csv").write_text(header + "\n" + "\n".join(lines) + "\n")
    draft = draft_project(folder / "rows.csv", "y", folder / "model", given=given)
    write_project(draft, folder / "model")
    return draft, load_contract(folder / "model" / "contract.toml")


def _snapshot(folder: Path) -> Snapshot:
    return take_snapshot(open_project(folder), load_contract(folder / "contract.toml"))


def _y(k: int) -> str:
    return "yes" if k * 7 % 5 < 2 else "no"


def test_a_sqlite_file_is_found_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    with closing(sqlite3.connect(tmp_path / "d" / "shop.db")) as connection:
        connection.execute("create table t (x real, y text)")
        connection.executemany("insert into t values (?, ?)", [(k * 0.5, _y(k)) for k in range(120)])
        connection.commit()
    monkeypatch.chdir(tmp_path)
    draft = draft_project(Source("sqlite:///d/shop.db", query="select * from t"), "y", tmp_path / "k" / "model")
    assert 'source = "sqlite:///../../d/shop.db"' in draft.project_toml
    write_project(draft, tmp_path / "k" / "model")
    assert _snapshot(tmp_path / "k" / "model").rows_read == 120
    with pytest.raises(DataError) as raised:
        draft_project(source_of("d/shop.db"), "y", tmp_path / "other")
    assert "init --query" in str(raised.value)


def test_numbers_with_a_text_that_is_a_label_elsewhere_stay_numbers(tmp_path: Path) -> None:
    lines = [
        f"{'unknown' if k % 10 == 0 else k * 7 % 97 / 100},{('unknown', 'single', 'married')[k % 3]},{_y(k)}"
        for k in range(200)
    ]
    draft, contract = _draft(tmp_path, "score,status,y", lines)
    assert contract.column("score") == Number(name="score", min=0, max=1, malformed="allow")
    assert "'unknown' in 20 cells: missing here, a label in other columns" in draft.contract_toml
    assert any("score holds 'unknown' (20 rows, read as missing)" in note for note in draft.notes)
    snapshot = _snapshot(tmp_path / "model")
    assert snapshot.rows_lost == 0
    assert snapshot.train.frame["score"].null_count() + snapshot.test.frame["score"].null_count() == 20


def test_following_the_advice_on_a_stand_in_loses_no_row(tmp_path: Path) -> None:
    lines = [
        f"{999 if k % 9 == 0 else 20 + k % 50},{-1 if k % 8 == 0 else 1000 + k * 37 % 977},{k % 24},{_y(k)}"
        for k in range(240)
    ]
    draft, contract = _draft(tmp_path, "since,income,hour,y", lines)
    assert contract.column("since") == Integer(name="since", min=0, max=999)
    assert contract.column("income") == Integer(name="income", min=-1, max=5000)
    said = draft.contract_toml.replace("\n# ", " ")
    assert "but for the suspected -1: were it missing, min = 0 would do" in said
    assert said.count('to missing in [data] (it counts for every column), and say missing = "allow" here') == 2
    assert any("since holds 999 (27 rows)" in note and "income holds -1 (30 rows)" in note for note in draft.notes)
    folder = tmp_path / "model"
    project = (folder / "mainstay.toml").read_text().replace("[data]", '[data]\nmissing = ["999", "-1"]')
    (folder / "mainstay.toml").write_text(project)
    for name in ("since", "income"):
        text = (folder / "contract.toml").read_text()
        (folder / "contract.toml").write_text(text.replace(f"[{name}]", f'[{name}]\nmissing = "allow"'))
    assert _snapshot(folder).rows_lost == 0


def test_a_given_contract_keeps_its_kinds_and_init_its_eyes(tmp_path: Path) -> None:
    lines = [f"{k * 13 % 999 + 1000},{k % 17},eu,{_y(k)},{_y(k)},{k % 3}" for k in range(200)]
    header = "customer_id,x,region,y,outcome,plan"
    told = Contract(
        (
            Integer(name="customer_id"),
            Number(name="x", min=0, max=20, missing="flag"),
            Category(name="region", values=("eu", "us")),
            Category(name="outcome", values=("yes", "no")),
            Integer(name="plan"),
        )
    )
    draft, contract = _draft(tmp_path, header, lines, given=Given(told))
    roles = {column.name: (column.type, column.role) for column in contract.columns}
    assert roles == {
        "customer_id": ("integer", "id"),
        "x": ("number", "feature"),
        "region": ("category", "ignored"),
        "outcome": ("category", "ignored"),
        "plan": ("integer", "feature"),
    }
    assert 'entity = "customer_id"' in draft.project_toml
    assert any(note.startswith("customer_id is an id, the given contract says no role") for note in draft.notes)
    assert any(note.startswith("region is ignored") and "always 'eu'" in note for note in draft.notes)
    firm = Given(told, frozenset({"customer_id", "outcome"}))
    kept = draft_project(tmp_path / "rows.csv", "y", tmp_path / "other", given=firm)
    assert any(note.startswith("customer_id stays a feature, though: 200 different") for note in kept.notes)
    assert any(note.startswith("leak suspect, kept as the given contract says: outcome") for note in kept.notes)
    assert "but 200 different values" in kept.contract_toml


def test_roles_that_a_contract_writes_down_are_firm(tmp_path: Path) -> None:
    path = tmp_path / "given.toml"
    path.write_text('[a]\ntype = "text"\nrole = "feature"\n["b.c"]\ntype = "number"\n')
    assert roles_written(path) == {"a"}


def test_rows_without_an_outcome_are_counted_at_init(tmp_path: Path) -> None:
    lines = [f"{k % 31},{'' if k % 7 == 0 else _y(k)}" for k in range(210)]
    draft, _ = _draft(tmp_path, "x,y", lines)
    assert "30 of 210 rows have no y: nothing to learn, left out" in draft.notes
    assert "none in 30 rows, left out" in draft.project_toml


def test_how_a_text_is_written_is_said_where_it_is_odd(tmp_path: Path) -> None:
    draft, _ = _draft(tmp_path, "x,,y", [*(f"{k % 31},{k % 11},{_y(k)}" for k in range(100)), '"4"', "5,6"])
    assert any("called by it: column_2" in note for note in draft.notes)
    said = "2 lines have fewer cells than the table has columns, first line 102: the others count as blank"
    assert said in draft.notes


def test_only_a_near_name_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("x,y\n")
    with pytest.raises(DataError, match=r"There is no file .*nofile.csv. Check the path"):
        draft_project(tmp_path / "nofile.csv", "y", tmp_path / "model")
    with pytest.raises(DataError, match=r"Did you mean .*wide.csv\?"):
        draft_project(tmp_path / "Wied.csv", "y", tmp_path / "model")


def test_what_errors_cost_is_said_at_init(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x,y\n" + "\n".join(f"{k % 31},{_y(k)}" for k in range(100)))
    draft = draft_project(tmp_path / "rows.csv", "y", tmp_path / "open")
    assert "# cost = { fp = 1, fn = 5 }" in draft.project_toml
    write_project(draft_project(tmp_path / "rows.csv", "y", tmp_path / "m", Answers(fp=1, fn=5)), tmp_path / "m")
    cost = open_project(tmp_path / "m").money.cost
    assert cost is not None
    assert (cost.fp, cost.fn) == (1, 5)
    for wrong in (Answers(fp=1), Answers(fp=1, fn=5, value=3), Answers(fp=1, fn=float("nan"))):
        with pytest.raises(InputError):
            draft_project(tmp_path / "rows.csv", "y", tmp_path / "never", wrong)
    (tmp_path / "amounts.csv").write_text("x,y\n" + "\n".join(f"{k % 31},{k * 17 % 101}" for k in range(100)))
    with pytest.raises(InputError, match="--fp-cost and --fn-cost can't be used"):
        draft_project(tmp_path / "amounts.csv", "y", tmp_path / "never", Answers(fp=1, fn=5))


def test_free_text_stays_text_where_a_given_contract_says_so(tmp_path: Path) -> None:
    lines = [f"note {k},{k % 31},{_y(k)}" for k in range(120)]
    _, contract = _draft(tmp_path, "remark,x,y", lines, given=Given(Contract((Text(name="remark"),))))
    assert contract.column("remark") == Text(name="remark", role="ignored")
