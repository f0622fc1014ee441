"""The law of rules: an expression comes to the same for one record and for a table, to the bit, and never raises."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import (
    AnyColumn,
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Rule,
    dumps,
    from_json,
    loads,
    to_json,
)
from mainstay.contract.conflicts import conflicts, reach_of_column
from mainstay.contract.rule_cells import as_cells
from mainstay.contract.rules import compile_rules
from mainstay.measures.expression import Expression, ExpressionError, Kind, kind_of, parse, reach

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

NAMES: dict[str, Kind] = {
    "n": "number",
    "m": "number",
    "whole": "number",
    "text": "text",
    "two words": "text",
    "größe": "truth",
    "it`s": "truth",
}
STORED = {"n": pl.Float64(), "m": pl.Float64(), "whole": pl.Int64(), "text": pl.String(), "two words": pl.String()}
EDGES = [0.0, -0.0, 1.0, -1.0, 0.1, 2.5, 1e308, -1e308, 5e-324, 2.0**53, 1e16, 3.0]
floats = st.sampled_from(EDGES) | st.floats(allow_nan=False, allow_infinity=False)
wholes = st.sampled_from([0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)
texts = st.sampled_from(["", "a", "b", "ab", "é", "🦊", "it's", 'say "hi"', "back\\slash", "\x00"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=3
)
records = st.fixed_dictionaries(
    {
        "n": st.none() | floats,
        "m": st.none() | floats,
        "whole": st.none() | wholes,
        "text": st.none() | texts,
        "two words": st.none() | texts,
        "größe": st.none() | st.booleans(),
        "it`s": st.none() | st.booleans(),
    }
)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def named(name: str) -> str:
    return name if name.isidentifier() else "`" + name.replace("`", "``") + "`"


def of_kind(kind: Kind) -> SearchStrategy[str]:
    return st.sampled_from([named(name) for name, held in NAMES.items() if held == kind])


@st.composite
def numbers(draw: DrawFn, depth: int) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(of_kind("number") | floats.map(abs).map(repr) | st.integers(0, 2**60).map(str))
    below = numbers(depth - 1)
    shape = draw(st.sampled_from(["binary", "binary", "negative", "abs", "min", "max"]))
    if shape == "binary":
        return f"({draw(below)} {draw(st.sampled_from('+-*/%'))} {draw(below)})"
    if shape == "negative":
        return f"-{draw(below)}"
    if shape == "abs":
        return f"abs({draw(below)})"
    return (
        f"{shape}({draw(below)}, {draw(below)}, {draw(below)})"
        if depth == 1
        else f"{shape}({draw(below)}, {draw(below)})"
    )


@st.composite
def truths(draw: DrawFn, depth: int) -> str:  # noqa: PLR0911 - one return per shape
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(of_kind("truth") | st.sampled_from(["true", "false"]))
    below, number = truths(depth - 1), numbers(depth - 1)
    text = of_kind("text") | texts.map(quoted)
    sign = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    shape = draw(st.sampled_from(["compare", "compare", "chain", "texts", "truths", "join", "not", "in", "missing"]))
    if shape == "compare":
        return f"({draw(number)} {draw(sign)} {draw(number)})"
    if shape == "chain":
        return f"({draw(number)} {draw(sign)} {draw(of_kind('number'))} {draw(sign)} {draw(number)})"
    if shape == "texts":
        return f"({draw(text)} {draw(sign)} {draw(text)})"
    if shape == "truths":
        return f"({draw(below)} {draw(st.sampled_from(['==', '!=']))} {draw(below)})"
    if shape == "join":
        word = draw(st.sampled_from([" and ", " or "]))
        return "(" + word.join(draw(st.lists(below, min_size=2, max_size=3))) + ")"
    if shape == "not":
        return f"(not {draw(below)})"
    if shape == "missing":
        return f"is_missing({draw(number | text | below)})"
    word = draw(st.sampled_from(["in", "not in"]))
    if draw(st.booleans()):
        members = draw(st.lists(texts.map(quoted), min_size=1, max_size=3))
        return f"({draw(text)} {word} [{', '.join(members)}])"
    found = draw(st.lists(floats.map(repr), min_size=1, max_size=3))
    return f"({draw(number)} {word} [{', '.join(found)}])"


@st.composite
def expressions(draw: DrawFn) -> Expression:
    text = draw(numbers(3) | truths(3))
    try:
        return parse(text)
    except ExpressionError as error:
        assert "complicated" in error.message or "goes on" in error.message  # noqa: PT017 - no other refusal is right
        return parse("n")


def as_columns(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Call columns by their place, as a table does: some names are patterns for Polars."""
    kinds = [STORED.get(name, pl.Boolean()) for name in NAMES]
    values = zip(NAMES, kinds, strict=True)
    return pl.DataFrame([pl.Series(str(i), [row[name] for row in rows], kind) for i, (name, kind) in enumerate(values)])


CELLS = {name: pl.col(str(place)) for place, name in enumerate(NAMES)}


def bits(value: object) -> object:
    if isinstance(value, float):
        return "no number" if math.isnan(value) else struct.pack("d", value)
    return value


def same(expression: Expression, rows: list[dict[str, object]]) -> None:
    kind_of(expression.root, NAMES)
    found = as_columns(rows).with_columns(it=as_cells(expression.root, CELLS, NAMES))["it"].to_list()
    for row, cell in zip(rows, found, strict=True):
        value = expression.evaluate(row)  # type: ignore[arg-type]
        assert bits(value) == bits(cell), (expression.text, row, value, cell)


@given(expressions(), st.lists(records, min_size=1, max_size=6))
@settings(deadline=None)
def test_an_expression_comes_to_the_same_for_a_record_and_for_a_table(
    expression: Expression, rows: list[dict[str, object]]
) -> None:
    same(expression, rows)


@pytest.mark.full
@given(expressions(), st.lists(records, min_size=1, max_size=6))
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_three_thousand_expressions_come_to_the_same(expression: Expression, rows: list[dict[str, object]]) -> None:
    same(expression, rows)


@given(expressions(), records)
@settings(deadline=None)
def test_what_is_said_to_be_out_of_reach_is_never_reached(expression: Expression, row: dict[str, object]) -> None:
    columns = (Number(name="n"), Number(name="m"), Integer(name="whole"))
    spans = {column.name: reach_of_column(column) for column in columns}
    value = expression.evaluate({**row, "n": row["n"] or 1.0, "m": row["m"] or 1.0, "whole": row["whole"] or 1})  # type: ignore[dict-item]
    known = reach(expression.root, spans)
    if value is None:
        assert known.missing
    elif isinstance(value, bool):
        assert known.true if value else known.false
    elif isinstance(value, float):
        assert known.odd if math.isnan(value) else known.low <= value <= known.high


@given(st.text(max_size=60) | st.text(st.sampled_from("ab12 .'\"`()[],<>=!+-*/%not inandormin"), max_size=120))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.at <= len(text)  # noqa: PT017 - either outcome is fine, this one must be told well
        return
    assert parse(expression.text).root == expression.root


def simple(name: str, *, whole: bool) -> SearchStrategy[str]:
    limits = st.integers(-3, 13).map(str) if whole else st.integers(-6, 26).map(lambda n: str(n / 2))
    one = st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), limits).map(
        lambda it: f"{name} {it[0]} {it[1]}"
    )
    pair = st.tuples(one, st.sampled_from(["and", "or"]), one).map(" ".join)
    return one | pair | one.map(lambda it: f"not ({it})")


@given(st.booleans(), st.data())
def test_two_rules_for_one_column_are_refused_exactly_when_nothing_keeps_to_both(
    whole: bool, data: st.DataObject
) -> None:
    column: Integer | Number = Integer(name="x", min=0, max=10) if whole else Number(name="x", min=0.0, max=10.0)
    rules = tuple(Rule(name=name, holds=data.draw(simple("x", whole=whole))) for name in "ab")
    steps = [float(n) for n in range(11)] if whole else [n / 8 for n in range(81)]
    checks = compile_rules((column,), rules)
    keeps = [[not check.broken({"x": step}) for check in checks] for step in steps]
    possible = any(map(all, keeps)) and all(any(keep[place] for keep in keeps) for place in (0, 1))
    assert bool(list(conflicts((column,), rules))) != possible, (rules, possible)


@given(
    expressions(),
    st.sampled_from(["reject", "flag", "fallback"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
)
def test_rules_survive_the_file_and_json(expression: Expression, otherwise: str, name: str) -> None:
    columns: tuple[AnyColumn, ...] = (
        *(Number(name=name, missing="allow") for name in ("n", "m")),
        Integer(name="whole", missing="allow"),
        *(Category(name=name, values=("a",), missing="allow") for name in ("text", "two words")),
        *(Boolean(name=name, missing="allow") for name in ("größe", "it`s")),
        Datetime(name="when", missing="allow"),
    )
    rule = Rule(name=f"r {name}", holds=expression.text, otherwise=otherwise, description=name)  # type: ignore[arg-type]
    contract = Contract(columns, (rule,))
    if list(conflicts(columns, contract.rules)):
        return
    assert loads(dumps(contract)) == contract
    assert from_json(to_json(contract)) == contract
