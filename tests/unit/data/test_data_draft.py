"""Drafting: what `mainstay init` writes is valid at once, and every guess says what it counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text, load_contract
from mainstay.contract.rules import Rule
from mainstay.data import Answers, DataSettings, SplitBy, draft_project, resolve_source, take_snapshot, write_project
from mainstay.data.glimpse import take_glimpse
from mainstay.data.layout import source_lines
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import DELAY, ENTITY, TARGET, TIME, simulate
from mainstay.data.source import Source, open_source, source_of
from mainstay.errors import DataError, InputError
from mainstay.measures.money import Cost
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mainstay.data import Snapshot


def _init(
    source: Path | Source, target: str, folder: Path, answers: Answers | None = None
) -> tuple[Contract, DataSettings, Snapshot]:
    write_project(draft_project(source, target, folder, answers), folder)
    project = open_project(folder)
    contract = load_contract(folder / "contract.toml")
    return contract, project.section("data", DataSettings), take_snapshot(project, contract)


def _table(path: Path, columns: Mapping[str, Sequence[object]], n: int = 120) -> Path:
    bought = ["yes" if lot < 0.35 else "no" for lot in np.random.default_rng(3).random(n)]
    spread = {name: [values[k % len(values)] for k in range(n)] for name, values in columns.items()}
    pl.DataFrame({**spread, "x": [(k * 37) % 101 / 10 for k in range(n)], "bought": bought}, strict=False).write_csv(
        path
    )
    return path


@pytest.mark.parametrize(
    ("name", "target", "size"),
    [
        ("telco-churn/Telco-Customer-Churn.csv", "Churn", (7043, 19)),
        ("credit-default/UCI_Credit_Card.csv", "default.payment.next.month", (30000, 23)),
        ("bike-sharing/hour.csv", "cnt", (17379, 12)),
        ("california-housing/housing.csv", "median_house_value", (20640, 9)),
        ("wine-quality/winequality-red.csv", "quality", (1599, 11)),
        ("wine-quality/winequality-white.csv", "quality", (4898, 11)),
        ("ab-cookie-cats/cookie_cats.csv", "retention_7", (90189, 3)),
    ],
)
def test_real_tables_draft_into_projects_that_lose_no_row(
    shared_data: Callable[[str], Path], tmp_path: Path, name: str, target: str, size: tuple[int, int]
) -> None:
    rows, features = size
    contract, settings, snapshot = _init(shared_data(name), target, tmp_path / "model")
    assert settings.target == target
    assert len(contract.features) == features
    assert snapshot.rows_read == rows
    assert snapshot.rows_lost == 0
    assert target not in contract.names


def test_telco(telco_csv: Path, tmp_path: Path) -> None:
    contract, settings, snapshot = _init(telco_csv, "Churn", tmp_path / "churn")
    assert contract.column("customerID") == Text(name="customerID", role="id")
    assert contract.column("SeniorCitizen") == Boolean(name="SeniorCitizen", true=1, false=0, sensitive=True)
    assert contract.column("Partner") == Boolean(name="Partner", true="Yes", false="No")
    assert contract.column("tenure") == Integer(name="tenure", min=0, max=100)
    assert contract.column("TotalCharges") == Number(name="TotalCharges", min=0, max=20000, missing="allow")
    assert contract.column("Contract") == Category(name="Contract", values=("Month-to-month", "One year", "Two year"))
    assert (settings.positive, settings.entity, settings.split_by) == ("Yes", "customerID", "random")
    assert (snapshot.train.y.mean() - 0.2654) < 0.001
    text = (tmp_path / "churn" / "contract.toml").read_text()
    assert 'missing = "allow"  # 11 of 7 043 cells blank' in text
    project = open_project(tmp_path / "churn")
    assert project.name == "churn"
    assert project.problem.empty == ("decision", "action", "owner", "limitations")
    assert not project.money.known


def test_bike_sharing(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    answers = Answers(under=3, over=1)
    contract, settings, snapshot = _init(shared_data("bike-sharing/hour.csv"), "cnt", tmp_path / "bikes", answers)
    assert snapshot.task.kind == "regression"
    assert {name: contract.column(name).role for name in ("instant", "casual", "registered", "dteday")} == {
        "instant": "ignored",
        "casual": "ignored",
        "registered": "ignored",
        "dteday": "time",
    }
    assert contract.column("dteday") == Datetime(name="dteday", role="time", format="%m/%d/%Y")
    assert isinstance(contract.column("season"), Category)
    assert isinstance(contract.column("hr"), Category)
    assert settings.split_by == SplitBy(time=("dteday", "hr"))
    text = (tmp_path / "bikes" / "contract.toml").read_text()
    assert "# leak suspect: casual + registered is the target in 17 379 of 17 379 rows" in text
    assert "# counts the rows from 1 to 17 379 without a gap" in text
    assert open_project(tmp_path / "bikes").money.cost == Cost(under=3, over=1)
    sides = (snapshot.train.frame, snapshot.test.frame)
    before, after = ([*zip(side["dteday"], side["hr"].cast(int), strict=True)] for side in sides)
    assert max(before) < min(after)


def test_exponents_are_read_as_numbers(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    path = shared_data("credit-default/UCI_Credit_Card.csv")
    contract, settings, _ = _init(path, "default.payment.next.month", tmp_path / "credit")
    assert isinstance(contract.column("LIMIT_BAL"), Number)
    assert isinstance(contract.column("AGE"), Integer)
    assert settings.positive == "1"
    assert (
        "all whole, but 4 150 cells are written with an exponent" in (tmp_path / "credit" / "contract.toml").read_text()
    )


def test_a_table_without_a_header_is_told(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="first line looks like data"):
        draft_project(shared_data("german-credit/german.csv"), "class", tmp_path / "german")


def test_the_simulated_project_is_complete(simulated_csv: Path, small_project: Path) -> None:
    project = open_project(small_project)
    settings = project.section("data", DataSettings)
    contract = load_contract(small_project / "contract.toml")
    assert project.problem.empty == ()
    assert project.money.value == SAMPLE_ANSWERS.value
    assert resolve_source(project, settings).path == simulated_csv.resolve()
    assert (settings.entity, settings.split_by) == (ENTITY, SplitBy(time=TIME))
    assert {column.name: column.type for column in contract.features} == {
        "plan": "category",
        "contract": "category",
        "tenure_months": "integer",
        "monthly_price": "number",
        "support_calls": "integer",
        "channel": "category",
        "autopay": "boolean",
        "usage_hours": "number",
    }
    assert contract.column("usage_hours").missing == "allow"


def test_the_truth_in_another_form_is_ignored_with_its_evidence(tmp_path: Path) -> None:
    simulate(3000, seed=2).write_parquet(tmp_path / "all.parquet")
    contract, _, snapshot = _init(tmp_path / "all.parquet", TARGET, tmp_path / "churn", SAMPLE_ANSWERS)
    assert contract.column(DELAY).role == "ignored"
    assert contract.column(TIME) == Datetime(name=TIME, role="time")
    assert snapshot.rows_lost == 0


@pytest.mark.parametrize(
    ("cells", "kind", "role", "comment"),
    [
        (["001", "002", "030"], Category, "feature", "start with a zero, so they are codes"),
        (["a"], Text, "ignored", "constant"),
        ([None], Text, "ignored", "blank in all 120 rows"),
        ([f"note {k}" for k in range(120)], Text, "ignored", "120 different texts in 120 rows"),
        (["1,5", "2,25", "3"], Text, "ignored", "decimal comma"),
        ([1, 2], Category, "feature", "two codes, 1 and 2"),
        (["true", "false"], Boolean, "feature", "true in 60, false in 60"),
        (["Y", "N", "N"], Boolean, "feature", "Y in 40, N in 80"),
        (["m", "f"], Category, "feature", "2 different labels in 120 rows"),
        ([0.5, 1.5, 2.5], Number, "feature", "3 different numbers from 0.5 to 2.5"),
        (["10.0", "20.0", "30.0"], Integer, "feature", "all whole, though written as decimals"),
        (["2024-01-01", "2024-02-01"], Datetime, "ignored", "times from 2024-01-01 to 2024-02-01"),
        (["12", "?", "17", "90"], Integer, "feature", "3 different numbers from 12 to 90, all whole"),
    ],
)
def test_each_kind_of_column_is_recognised(
    tmp_path: Path, cells: list[object], kind: type, role: str, comment: str
) -> None:
    source = _table(tmp_path / "rows.csv", {"c": cells})
    contract, _, snapshot = _init(source, "bought", tmp_path / "model")
    assert isinstance(contract.column("c"), kind)
    assert contract.column("c").role == role
    assert comment in (tmp_path / "model" / "contract.toml").read_text().replace("\n# ", " ")
    assert snapshot.rows_lost == 0


def test_huge_whole_numbers_keep_to_64_bits(tmp_path: Path) -> None:
    big = pl.Series("big", [(2**63 - 1) - 7 * (k % 50) for k in range(120)])
    answers = pl.Series("bought", np.random.default_rng(3).random(120) < 0.4)
    pl.DataFrame([big, answers]).write_parquet(tmp_path / "rows.parquet")
    contract, _, snapshot = _init(tmp_path / "rows.parquet", "bought", tmp_path / "model")
    assert contract.column("big") == Integer(name="big", min=0, max=2**63 - 1)
    assert snapshot.rows_lost == 0


def test_a_question_mark_among_numbers_stands_for_missing(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"age": ["12", "?", "17", "90"], "job": ["a", "b", "b"]})
    contract, settings, snapshot = _init(source, "bought", tmp_path / "model")
    assert settings.missing == ("?",)
    assert contract.column("age").missing == "allow"
    assert snapshot.train.frame["age"].null_count() + snapshot.test.frame["age"].null_count() == 30
    assert """missing = ["?"]  # guessed: '?' in 30 cells""" in (tmp_path / "model" / "mainstay.toml").read_text()


def test_a_few_mistakes_among_numbers_go_to_quarantine_and_the_draft_says_so(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"age": [str(k) for k in range(119)] + ["oops"]})
    contract, _, snapshot = _init(source, "bought", tmp_path / "model")
    assert isinstance(contract.column("age"), Number | Integer)
    assert snapshot.refused == {"age: not a whole number": 1}
    assert (
        "1 cell is no number ('oops'): their rows go to quarantine"
        in (tmp_path / "model" / "contract.toml").read_text()
    )


def test_repeated_customers_are_split_by_group(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"customer_id": [f"c{k}" for k in range(60)]})
    _, settings, _ = _init(source, "bought", tmp_path / "model")
    assert (settings.entity, settings.split_by) == ("customer_id", SplitBy(group="customer_id"))


def test_strange_names_survive(tmp_path: Path) -> None:
    odd: dict[str, list[object]] = {
        'a "b"': ["x", "y"],
        "c.d [e] # f": ["u", "v"],
        "größe": [1, 2, 3, 4],
        "name": ["p", "q"],
        "count": ["k", "l"],
    }
    contract, _, snapshot = _init(_table(tmp_path / "rows.csv", odd), "bought", tmp_path / "model")
    assert contract.names[:5] == tuple(odd)
    assert snapshot.rows_lost == 0


def test_nothing_is_overwritten_and_nothing_half_written(
    simulated_csv: Path, small_project: Path, tmp_path: Path
) -> None:
    before = (small_project / "mainstay.toml").read_text()
    with pytest.raises(InputError, match=r"already holds a project: mainstay\.toml is there"):
        draft_project(simulated_csv, TARGET, small_project)
    assert (small_project / "mainstay.toml").read_text() == before
    assert sorted(path.name for path in small_project.iterdir()) == [".gitignore", "contract.toml", "mainstay.toml"]
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, not a folder"):
        draft_project(simulated_csv, TARGET, tmp_path / "file")


def test_a_source_nearby_is_named_relatively_and_the_folder_can_have_any_name(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"c": ["a", "b"]})
    draft = draft_project(source, "bought", tmp_path / "my shop (new)")
    assert 'source = "../rows.csv"' in draft.project_toml
    assert 'name = "my-shop-new"' in draft.project_toml
    far = draft_project(source, "bought", tmp_path / "a" / "b" / "c" / "d")
    assert f'source = "{source}"' in far.project_toml


def test_a_table_of_leaks_alone_has_nothing_to_learn_from(tmp_path: Path) -> None:
    pl.DataFrame({"y": [k % 2 for k in range(100)], "again": ["ny"[k % 2] for k in range(100)]}).write_csv(
        tmp_path / "t.csv"
    )
    with pytest.raises(DataError, match=r"No column of t\.csv can be learned from .*leak suspect"):
        draft_project(tmp_path / "t.csv", "y", tmp_path / "model")


def _text(folder: Path, name: str = "contract.toml") -> str:
    return (folder / name).read_text(encoding="utf-8").replace("\n# ", " ")


def test_a_column_that_is_there_twice_is_used_once(tmp_path: Path) -> None:
    plans = [f"plan {k % 5}" for k in range(120)]
    source = _table(tmp_path / "rows.csv", {"plan": plans, "again": plans, "other": list(reversed(plans))})
    contract, _, _ = _init(source, "bought", tmp_path / "model")
    assert {c.name: c.role for c in contract.columns if c.name != "x"} == {
        "plan": "feature",
        "again": "ignored",
        "other": "feature",
    }
    assert "the same as plan in every row: once is enough" in _text(tmp_path / "model")


def test_a_time_split_over_columns_is_named_and_suggested_for_the_split(tmp_path: Path) -> None:
    days = [k // 24 % 28 + 1 for k in range(120)]
    source = _table(
        tmp_path / "rows.csv", {"year": [2024], "month": [3], "day": days, "hour": [k % 24 for k in range(120)]}
    )
    contract, settings, snapshot = _init(source, "bought", tmp_path / "model")
    assert settings.split_by == SplitBy(time=("year", "month", "day", "hour"))
    assert contract.column("day") == Integer(name="day", min=1, max=31)
    assert contract.column("hour") == Integer(name="hour", min=0, max=23)
    assert "year + month + day + hour are a time together" in _text(tmp_path / "model")
    said = (tmp_path / "model" / "mainstay.toml").read_text()
    assert 'split_by = { time = ["year", "month", "day", "hour"] }  # guessed: a time together (120 different)' in said
    assert max(snapshot.train.index) < min(snapshot.test.index)


def test_the_hour_beside_a_day_is_named(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    _init(shared_data("bike-sharing/hour.csv"), "cnt", tmp_path / "bikes")
    assert "dteday + hr are a time together: the day, and the hour of it" in _text(tmp_path / "bikes")
    assert "(731 different; hr is the hour of it)" in _text(tmp_path / "bikes", "mainstay.toml")


def test_the_group_is_the_other_choice_where_time_decides(tmp_path: Path) -> None:
    source = _table(
        tmp_path / "rows.csv",
        {"customer_id": [f"c{k}" for k in range(60)], "at": [f"2024-03-{k % 28 + 1:02d}" for k in range(120)]},
    )
    _, settings, _ = _init(source, "bought", tmp_path / "model")
    assert settings.split_by == SplitBy(time="at")
    said = (tmp_path / "model" / "mainstay.toml").read_text()
    assert '# split_by = { group = "customer_id" }  # the other choice: 60 different' in said


def test_decimal_commas_are_read_and_thousands_are_told(tmp_path: Path) -> None:
    prices = [f"{k % 3 + 1}.{k + 100},{k % 100:02d}" for k in range(120)]
    bought = ["yes" if lot < 0.35 else "no" for lot in np.random.default_rng(3).random(120)]
    frame = {"price": prices, "area": [f"{k % 50},5" for k in range(120)], "bought": bought}
    pl.DataFrame(frame).write_csv(tmp_path / "rows.csv", separator=";")
    contract, settings, snapshot = _init(tmp_path / "rows.csv", "bought", tmp_path / "model")
    assert settings.decimal == ","
    assert contract.column("area") == Number(name="area", min=0, max=100)
    assert snapshot.rows_lost == 0
    assert max(snapshot.train.frame["price"].to_list()) > 3000
    source = _table(tmp_path / "us.csv", {"price": [f"{k % 9 + 1},{k % 3}00" for k in range(120)]})
    contract, settings, _ = _init(source, "bought", tmp_path / "other")
    assert settings.decimal == ""
    assert contract.column("price").role == "ignored"
    assert "a comma between thousands, such as '1,000': write them without" in _text(tmp_path / "other")


def test_a_file_without_a_header_gets_the_names_it_is_given(tmp_path: Path) -> None:
    lines = [f"{k % 40},{'ab'[k % 2]},{'yes' if k % 3 else 'no'}" for k in range(90)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    source = replace(source_of(tmp_path / "rows.csv"), header=False)
    contract, settings, snapshot = _init(source, "column_3", tmp_path / "model")
    assert (settings.header, settings.names, snapshot.rows_read) == (False, (), 90)
    assert contract.names == ("column_1", "column_2")
    named = replace(source, names=("tenure", "plan", "stays"))
    contract, settings, snapshot = _init(named, "stays", tmp_path / "other")
    assert settings.names == ("tenure", "plan", "stays")
    assert contract.names == ("tenure", "plan")
    assert snapshot.rows_read == 90
    with pytest.raises(DataError, match="has 3 columns, and 2 names are given"):
        draft_project(replace(source, names=("a", "b")), "b", tmp_path / "third")
    with pytest.raises(DataError, match="seems to have a header"):
        draft_project(replace(source_of(_table(tmp_path / "t.csv", {"c": ["a", "b"]})), header=False), "c", tmp_path)


def test_a_large_source_is_sampled_and_says_so(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"plan": ["a", "b"], "k": list(range(20_000))}, n=20_000)
    looked = take_glimpse(open_source(source_of(source)), most=8_000)
    assert looked.rows == 20_000
    assert 1000 < looked.frame.height <= 4_000
    assert "20 000 rows, 4 columns (comma-separated, UTF-8); counted in" in looked.size


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (Answers(under=3), "--under can't be used: 'bought' is a yes/no question"),
        (Answers(under=3, over=1), "--under and --over can't be used"),
    ],
)
def test_money_of_another_kind_is_refused(tmp_path: Path, answers: Answers, sentence: str) -> None:
    source = _table(tmp_path / "rows.csv", {"c": ["a", "b"]})
    with pytest.raises(InputError) as raised:
        draft_project(source, "bought", tmp_path / "model", answers)
    assert sentence in raised.value.message
    with pytest.raises(InputError, match="--value can't be used: 'x' is an amount"):
        draft_project(source, "x", tmp_path / "model", Answers(value=3))


def test_a_given_contract_stands_in_place_of_the_guesses(tmp_path: Path) -> None:
    source = _table(tmp_path / "rows.csv", {"age": [30, 40, 50], "plan": ["a", "b"]})
    told = Contract(
        (Integer(name="age", min=18, max=99, outside="clip"), Number(name="elsewhere")),
        (Rule(name="r", holds="age < 90", otherwise="flag"), Rule(name="s", holds="elsewhere > 1")),
    )
    write_project(draft_project(source, "bought", tmp_path / "model", given=told), tmp_path / "model")
    contract = load_contract(tmp_path / "model" / "contract.toml")
    assert contract.column("age") == told.columns[0]
    assert contract.column("plan") == Category(name="plan", values=("a", "b"))
    assert contract.names == ("age", "plan", "x")
    assert [rule.name for rule in contract.rules] == ["r"]
    assert "as the given contract says" in _text(tmp_path / "model")


def test_a_password_stays_in_the_environment(tmp_path: Path) -> None:
    source = Source("postgresql://me:secret@db/shop", query="select 1")
    lines = source_lines(source, tmp_path)
    assert lines == [
        'source = "${MAINSTAY_SOURCE}"  # it holds a password: export MAINSTAY_SOURCE=…',
        'query = "select 1"',
    ]


def test_thousands_of_columns_are_drafted(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    kinds = {"n": dice.normal(size=60).round(3), "i": dice.integers(0, 90, 60), "c": dice.choice(["a", "b", "c"], 60)}
    frame = {f"{kind}{k}": np.roll(cells, k) for k in range(700) for kind, cells in kinds.items()}
    bought = ["yes" if lot < 0.35 else "no" for lot in dice.random(60)]
    pl.DataFrame(frame | {"bought": bought}).write_csv(tmp_path / "wide.csv")
    draft = draft_project(tmp_path / "wide.csv", "bought", tmp_path / "model")
    assert "60 rows, 2 101 columns" in draft.notes[0]
