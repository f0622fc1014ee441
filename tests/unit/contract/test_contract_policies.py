from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from mainstay.contract import AnyColumn, Boolean, Category, Contract, Datetime, Integer, Number, Text
from mainstay.contract.contract import require_sound
from mainstay.contract.request import RequestDecoder
from mainstay.contract.row import Deed, PlainRow, Row
from mainstay.contract.rules import Rule
from mainstay.contract.table import Checked, as_served, check_table, encode_table, learn_fills
from mainstay.errors import ContractError, RecordError

if TYPE_CHECKING:
    from mainstay.contract.columns.base import Gap

NAN = float("nan")


def ask(contract: Contract, **record: Any) -> Row:
    return RequestDecoder(contract).decode(json.dumps(record).encode())[0]


def tabled(contract: Contract, **record: Any) -> Checked:
    return check_table(contract, pl.DataFrame({name: [value] for name, value in record.items()}))


Case = tuple[AnyColumn, Any, Any, float, str, Deed | None, str]
CASES: list[Case] = [
    (Integer(missing="flag"), None, None, NAN, "it: missing", Deed("it", "missing", "flagged"), "it: missing, flagged"),
    (
        Integer(missing="fallback"),
        None,
        None,
        NAN,
        "it: missing, answered by the fallback",
        Deed("it", "missing", "fallback"),
        "it: missing, answered by the fallback",
    ),
    (Number(malformed="allow"), "abc", None, NAN, "", None, ""),
    (
        Number(malformed="flag"),
        "abc",
        None,
        NAN,
        "it: 'abc' is not a finite number, taken as missing",
        Deed("it", "malformed", "flagged"),
        "it: not a finite number, flagged",
    ),
    (
        Integer(malformed="impute", fill=12),
        "abc",
        12,
        12.0,
        "it: 'abc' is not a whole number, filled in with 12",
        Deed("it", "malformed", "imputed"),
        "it: not a whole number, filled in",
    ),
    (
        Boolean(malformed="fallback", true="Y", false="N"),
        "maybe",
        None,
        NAN,
        "it: 'maybe' is neither of its two values, answered by the fallback",
        Deed("it", "malformed", "fallback"),
        "it: neither of its two values, answered by the fallback",
    ),
    (
        Integer(max=10, outside="impute", fill=5),
        99,
        5,
        5.0,
        "it: 99 is above 10, filled in with 5",
        Deed("it", "outside", "imputed"),
        "it: above 10, filled in",
    ),
    (
        Integer(max=10, outside="fallback", missing="impute", fill=5),
        99,
        5,
        5.0,
        "it: 99 is above 10, answered by the fallback",
        Deed("it", "outside", "fallback"),
        "it: above 10, answered by the fallback",
    ),
    (
        Integer(max=10, outside="impute"),
        99,
        None,
        NAN,
        "it: 99 is above 10",
        Deed("it", "outside", "imputed"),
        "it: above 10, filled in",
    ),
    (
        Category(values=("a", "b"), unknown="impute", fill="b"),
        "c",
        "b",
        1.0,
        "it: 'c' is not one of its values, filled in with b",
        Deed("it", "unknown", "imputed"),
        "it: not one of its values, filled in",
    ),
    (
        Category(values=("a", "b"), unknown="fallback"),
        "c",
        None,
        NAN,
        "it: 'c' is not one of its values, answered by the fallback",
        Deed("it", "unknown", "fallback"),
        "it: not one of its values, answered by the fallback",
    ),
    (
        Datetime(max="2030-01-01", outside="fallback"),
        "2031-01-01",
        None,
        NAN,
        "it: 2031-01-01T00:00:00+00:00 is after 2030-01-01, answered by the fallback",
        Deed("it", "outside", "fallback"),
        "it: after 2030-01-01, answered by the fallback",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[4] or "silent" for case in CASES])
def test_a_policy_does_the_same_in_a_request_and_a_table_and_both_count_it(case: Case) -> None:
    column, found, served, code, warning, deed, flag = case
    contract = Contract((type(column)(**{**_settings(column), "name": "it"}), Integer(name="rest", missing="allow")))
    row, checked = ask(contract, it=found, rest=1), tabled(contract, it=found, rest=1)
    assert row.features == {"it": served, "rest": 1}
    assert as_served(contract, checked.good).to_dicts() == [row.features]
    np.testing.assert_array_equal(row.encoded, [code, 1.0])
    assert encode_table(contract, checked.good).tobytes() == row.encoded.tobytes()
    assert row.warnings == ((warning,) if warning else ())
    assert row.deeds == ((deed,) if deed else ())
    assert checked.flags == ({flag: 1} if flag else {})
    assert row.degraded is (deed is not None and deed.did != "flagged")
    assert row.fallback is (deed is not None and deed.did == "fallback")
    assert checked.fallback.to_list() == [row.fallback]


def _settings(column: AnyColumn) -> dict[str, Any]:
    return {name: getattr(column, name) for name in column.__struct_fields__}


@pytest.mark.parametrize(("gap", "other"), [("impute", "allow"), ("impute", "flag")])
def test_a_column_cannot_fill_gaps_in_and_leave_them(gap: Gap, other: Gap) -> None:
    for column in (Integer(name="a", missing=gap, malformed=other), Integer(name="a", missing=other, malformed=gap)):
        with pytest.raises(ContractError, match=r"which leaves a gap, but .* = 'impute' fills every gap in"):
            require_sound(Contract((column,)))


@pytest.mark.parametrize("policy", ["impute", "fallback"])
def test_only_a_feature_can_be_imputed_or_left_to_the_fallback(policy: Gap) -> None:
    with pytest.raises(ContractError, match="which only a feature can be; this is a target"):
        require_sound(Contract((Number(name="y", role="target", missing=policy), Integer(name="a"))))


def test_what_outside_leaves_out_is_learned_from_the_values_within() -> None:
    contract = Contract(
        (Integer(name="n", max=10, outside="impute"), Category(name="c", values=("x",), unknown="impute"))
    )
    good = check_table(contract, pl.DataFrame({"n": [1, 2, 3, 99, 99, 99], "c": ["x", "q", "q", "q", "q", "q"]})).good
    learned = learn_fills(contract, good)
    assert [column.fill for column in learned.columns] == [2, "x"]
    np.testing.assert_array_equal(encode_table(learned, good)[3:], [[2.0, 0.0]] * 3)
    assert np.isnan(encode_table(contract, good)[3:, 0]).all(), "nothing learned: nothing to fill in with"


RULED = Contract(
    (Integer(name="casual"), Integer(name="registered"), Integer(name="cnt", missing="allow")),
    (
        Rule(name="total", holds="casual + registered == cnt", description="Each ride is of one kind."),
        Rule(name="few", holds="casual < 100", otherwise="flag"),
        Rule(name="some", holds="registered > 0", otherwise="fallback"),
    ),
)


def test_a_broken_rule_refuses_a_record_by_name_with_the_values_it_speaks_of() -> None:
    with pytest.raises(RecordError) as refused:
        ask(RULED, casual=1, registered=2, cnt=4)
    (problem,) = refused.value.problems
    assert (problem.field, problem.found) == ("total", "casual = 1, registered = 2, cnt = 4")
    assert problem.message == ("breaks the rule 'total': casual + registered == cnt. Each ride is of one kind.")
    checked = tabled(RULED, casual=1, registered=2, cnt=4)
    assert checked.counts == {"rule 'total': casual + registered == cnt": 1}
    assert checked.failing["rules"].to_list() == ["rule 'total': casual + registered == cnt"]


def test_rules_flag_or_leave_to_the_fallback_and_are_counted() -> None:
    row = ask(RULED, casual=200, registered=0, cnt=200)
    assert row.deeds == (Deed("few", "rule", "flagged"), Deed("some", "rule", "fallback"))
    assert row.warnings[0] == "rule 'few' is broken: casual < 100"
    assert (row.degraded, row.fallback) == (True, True)
    checked = tabled(RULED, casual=200, registered=0, cnt=200)
    assert checked.flags == {
        "rule 'few': casual < 100, flagged": 1,
        "rule 'some': registered > 0, answered by the fallback": 1,
    }
    assert checked.fallback.to_list() == [True]


def test_rules_look_only_at_records_no_column_refuses_and_a_missing_value_breaks_none() -> None:
    with pytest.raises(RecordError) as refused:
        ask(RULED, casual="x", registered=2, cnt=4)
    assert [problem.field for problem in refused.value.problems] == ["casual"]
    assert ask(RULED, casual=1, registered=2).deeds == ()
    assert tabled(RULED, casual=1, registered=2, cnt=None).good.height == 1


TRAINED = Contract(
    (
        Text(name="id", role="id", unique=True),
        Integer(name="a"),
        Number(name="y", role="target", min=0.0),
        Number(name="w", role="weight", missing="flag"),
        Category(name="s", role="segment", values=("n", "s"), missing="allow"),
        Integer(name="g", role="group"),
    )
)
ROWS = pl.DataFrame(
    {
        "id": ["1", "1", "2", None, None, "3", "1"],
        "a": ["x", "5", "5", "5", "5", "5", "5"],
        "y": [1.0, 2.0, -1.0, 3.0, None, 4.0, 5.0],
        "w": [1.0, None, 1.0, 1.0, 1.0, 1.0, 1.0],
        "s": ["n", "s", "n", None, "n", "?", "n"],
    }
)


def test_training_holds_targets_weights_groups_and_segments_too_where_they_are_there() -> None:
    checked = check_table(TRAINED, ROWS, training=True)
    assert checked.counts == {
        "a: not a whole number": 1,
        "y: missing": 1,
        "y: below 0.0": 1,
        "id: repeats an earlier row": 1,
    }
    assert checked.flags == {"w: missing, flagged": 1, "s: not one of its values, taken as another": 1}
    assert checked.rows.to_list() == [1, 3, 5], "the first of equal values that nothing else refuses is kept"
    assert "g" in checked.good.columns, "what isn't there isn't demanded"


def test_a_row_that_isnt_for_training_is_held_to_what_a_request_is_held_to() -> None:
    checked = check_table(TRAINED, ROWS)
    assert checked.counts == {"a: not a whole number": 1}
    assert ask(TRAINED, id="1", a=5, y=-1, w="x").features == {"a": 5}


def test_repeats_are_found_in_long_tables_and_gaps_are_no_repeats() -> None:
    contract = Contract((Integer(name="k", unique=True, missing="allow"),))
    values = [*range(3000), 7, None, None, 2999]
    checked = check_table(contract, pl.DataFrame({"k": values}), training=True)
    assert checked.counts == {"k: repeats an earlier row": 2}
    assert checked.failing["row"].to_list() == [3000, 3003]


def test_a_row_can_be_given_other_numbers() -> None:
    row = ask(Contract((Integer(name="a"),)), a=1)
    other = row.replaced(encoded=np.array([2.0]))
    assert isinstance(other, PlainRow)
    assert (other.encoded.tolist(), other.features, other.entity) == ([2.0], {"a": 1}, None)
