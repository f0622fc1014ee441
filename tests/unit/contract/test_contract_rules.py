"""Rules across columns: read with their lines, held against records and tables alike, refused where senseless."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mainstay.contract import (
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Rule,
    compile_request,
    dumps,
    from_json,
    load_contract,
    loads,
    to_json,
)
from mainstay.contract.rule_cells import as_cells
from mainstay.contract.rules import compile_rules
from mainstay.contract.table import check_table, learn_fills
from mainstay.errors import ContractError, RecordError
from mainstay.measures.expression import parse

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = """\
[tenure]
type = "integer"
min = 0
max = 100

[charges]
type = "number"

[plan]
type = "category"
values = ["month", "year"]
unknown = "reject"

[customer]
type = "text"
role = "id"

[age]
type = "number"
min = 0.0
missing = "allow"
"""


def with_rules(*rules: str) -> str:
    tables = [f'\n[[rule]]\nname = "r{place}"\nholds = "{rule}"\n' for place, rule in enumerate(rules)]
    return COLUMNS + "".join(tables)


def test_a_contract_with_rules_survives_its_file_and_its_json() -> None:
    contract = loads(with_rules("tenure <= 50 or plan == 'year'", "charges / tenure < 20"))
    assert contract.rules[0] == Rule(name="r0", holds="tenure <= 50 or plan == 'year'")
    assert loads(dumps(contract)) == contract == from_json(to_json(contract))
    assert dumps(contract).endswith('[[rule]]\nname = "r1"\nholds = "charges / tenure < 20"\n')


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            ["tenur > 3"],
            "line 25: [[rule]] holds can't be read. Character 1: there is no 'tenur'. Did you mean 'tenure'?",
        ),
        (["tenure > 3", "plan < 3"], "line 29: [[rule]] holds can't be read. Character 6: a text < a number can't"),
        (["tenure = 3"], "Write == to compare."),
        (["tenure + 1"], "comes to a value, not to yes or no"),
        (["1 < 2"], "speaks of no column"),
        (["customer == '1'"], "'customer' has the role 'id'"),
        (["tenure > 200"], "line 25: [[rule]] holds can never hold: tenure > 200, but tenure has min = 0, max = 100."),
        (["plan == 'week'"], "can never hold: plan == 'week', but plan has values = ['month', 'year']"),
        (["tenure > 50 and tenure < 40"], "can never hold"),
        (["tenure > 4 and tenure < 5"], "can never hold"),
        (
            ["is_missing(tenure)"],
            "can never hold: is_missing(tenure), but tenure has min = 0, max = 100, missing = 'reject'",
        ),
        (["age < 0 and charges > 1"], "can never hold"),
        (["tenure * 2 > 300"], "can never hold"),
        (
            ["tenure > 10", "tenure < 5"],
            "line 29: [[rule]] holds is 'tenure < 5', which excludes 'tenure > 10' of the rule 'r0'",
        ),
        (["charges > 10", "charges <= 10"], "which excludes"),
        (["plan == 'year'", "plan in ['month']"], "which excludes"),
        (["age > 5", "age < 4"], "which excludes"),
    ],
)
def test_a_senseless_rule_is_refused_with_its_line(rules: list[str], said: str) -> None:
    with pytest.raises(ContractError) as refused:
        loads(with_rules(*rules))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "rules",
    [
        ["charges >= 10", "charges <= 10"],
        ["age > 5", "is_missing(age) or age < 9"],
        ["is_missing(age)", "age > 5"],
        ["tenure * 2 > 100", "tenure * 2 < 100"],
        ["tenure == 50 or plan == 'year'", "tenure == 40 or plan == 'month'"],
    ],
)
def test_rules_that_can_be_kept_are_taken(rules: list[str]) -> None:
    assert len(loads(with_rules(*rules)).rules) == len(rules)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            '[[rule]]\nname = "a"\nhold = "tenure > 1"\n',
            "line 25: [[rule]] has no setting called 'hold'. Did you mean 'holds'?",
        ),
        ('[[rule]]\nname = "a"\n', "line 23: [[rule]] lacks 'holds'."),
        ('[[rule]]\nname = " "\nholds = "tenure > 1"\n', "[[rule]] name is empty"),
        (
            '[[rule]]\nname = "a"\nholds = "tenure > 1"\notherwise = "drop"\n',
            "line 26: [[rule]] otherwise is 'drop'. Allowed: 'fallback', 'flag', 'reject'.",
        ),
        (
            '[[rule]]\nname = "a"\nholds = "tenure > 1"\n[[rule]]\nname = "a"\nholds = "tenure > 2"\n',
            "line 27: [[rule]] name is 'a', as another",
        ),
        (
            '[[rule]]\nname = "a"\nholds = "tenure > 1"\n[rule]\ntype = "integer"\n',
            "A column called 'rule' and rules can't be in one file",
        ),
        (
            '[rule]\ntype = "integer"\n[[rule]]\nname = "a"\nholds = "tenure > 1"\n',
            "A column called 'rule' and rules can't be in one file",
        ),
    ],
)
def test_a_wrong_table_is_told_by_line(tmp_path: Path, table: str, said: str) -> None:
    path = tmp_path / "contract.toml"
    path.write_text(f"{COLUMNS}\n{table}", encoding="utf-8")
    with pytest.raises(ContractError) as refused:
        load_contract(path)
    assert said in str(refused.value)


def test_a_column_may_be_called_rule_where_there_are_none() -> None:
    contract = Contract((Integer(name="rule"),))
    assert loads(dumps(contract)) == contract
    with pytest.raises(ContractError, match="can't be in one file"):
        dumps(Contract((Integer(name="rule"),), (Rule(name="a", holds="rule > 1"),)))


def test_a_bundle_whose_rules_contradict_is_refused() -> None:
    contract = Contract((Integer(name="a", max=3),), (Rule(name="high", holds="a > 5"),))
    with pytest.raises(ContractError, match="Rule 'high': holds can never hold"):
        from_json(to_json(contract))


CONTRACT = Contract(
    (
        Number(name="price", min=0.0, max=100.0, outside="clip"),
        Integer(name="amount"),
        Number(name="total", missing="allow"),
        Datetime(name="ordered"),
        Datetime(name="sent", missing="allow"),
    ),
    (
        Rule(name="sum", holds="total == price * amount"),
        Rule(name="order of times", holds="sent - ordered >= 0", otherwise="flag"),
        Rule(name="huge", holds="amount < 1000", otherwise="fallback"),
    ),
)


def record(**changes: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "price": 2.5,
        "amount": 4,
        "total": 10,
        "ordered": "2024-01-01",
        "sent": "2024-01-02T00:00Z",
    }
    return plain | changes


@pytest.mark.parametrize(
    ("found", "refused", "told", "fallen"),
    [
        (record(), False, False, False),
        (record(total=11), True, False, False),
        (record(total=None), False, False, False),
        (record(price=1000, amount=2, total=200), False, True, False),
        (record(sent="2023-01-01"), False, True, False),
        (record(sent=None), False, False, False),
        (record(amount=2000, total=5000), False, True, True),
    ],
)
def test_a_record_and_a_table_keep_to_the_same_rules(
    found: dict[str, object],
    refused: bool,
    told: bool,
    fallen: bool,
) -> None:
    checked = check_table(CONTRACT, pl.DataFrame([found]))
    assert checked.good.is_empty() == refused
    try:
        (row,) = compile_request(CONTRACT).decode(json.dumps(found).encode())
    except RecordError as error:
        assert refused
        assert "sum" in str(error)  # noqa: PT017 - the way of a refused case
        return
    assert not refused
    assert (bool(row.warnings), row.fallback) == (told, fallen)
    assert checked.fallback.to_list() == [fallen]
    assert bool(checked.flags) == told


def test_times_count_as_seconds_to_the_microsecond() -> None:
    (check,) = compile_rules((Datetime(name="a"), Datetime(name="b")), (Rule(name="r", holds="b - a < 0.001"),))
    first = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    for micros in (999, 1001):
        later = first + dt.timedelta(microseconds=micros)
        frame = pl.DataFrame({"a": [first], "b": [later]})
        cell = frame.select(check.broken_cells({"a": pl.col("a"), "b": pl.col("b")})).item()
        assert check.broken({"a": first, "b": later}) == cell == (micros > 999)


def test_labels_are_compared_as_served() -> None:
    columns = (Category(name="plan", values=("a", "b")),)
    (check,) = compile_rules(columns, (Rule(name="r", holds="plan in ['a', 'z']"),))
    assert [check.broken({"plan": plan}) for plan in ("a", "b", "z", None)] == [False, True, False, False]


def test_a_rule_means_the_same_before_and_after_fills_are_learned() -> None:
    columns = (Integer(name="adults", missing="impute"), Integer(name="guests"))
    contract = Contract(columns, (Rule(name="room", holds="guests <= adults"),))
    table = pl.DataFrame({"adults": ["1", "1", None, "1"], "guests": ["1", "0", "5", "2"]})
    checked = check_table(contract, table)
    learned = learn_fills(contract, checked.good)
    assert learned.column("adults").fill == 1
    again = check_table(learned, table)
    assert checked.rows.to_list() == again.rows.to_list() == [0, 1, 2]
    assert again.good["adults"].to_list() == [1, 1, 1]
    (row,) = compile_request(learned).decode(b'{"guests": 5}')
    assert row.features == {"adults": 1, "guests": 5}


def test_the_remainder_of_a_negative_zero_is_the_same_for_a_record_and_a_table() -> None:
    expression = parse("m % n")
    cell = as_cells(expression.root, {"m": pl.col("m"), "n": pl.col("n")}, {"m": "number", "n": "number"})
    table = pl.DataFrame({"m": [-0.0], "n": [1.0]}).select(cell.alias("it"))["it"].item()
    value = expression.evaluate({"m": -0.0, "n": 1.0})
    assert isinstance(value, float)
    assert math.copysign(1.0, value) == math.copysign(1.0, table)
