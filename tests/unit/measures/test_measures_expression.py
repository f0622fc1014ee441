"""The language of rules and amounts: what it reads, what it comes to, and how it refuses."""

from __future__ import annotations

import math

import pytest

from mainstay.measures.expression import ExpressionError, Reach, Value, kind_of, parse, reach
from mainstay.measures.expression.tree import Number

RECORD: dict[str, Value | None] = {
    "a": 3,
    "b": 2.5,
    "t": "x",
    "yes": True,
    "none": None,
    "two words": 7,
    "big": 2**53 + 1,
    "e`e": 1,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2 - -1", 9.0),
        ("(a + b) * 2", 11.0),
        ("a - b - 1", -0.5),
        ("-a % 2", 1.0),
        ("a % -2", -1.0),
        ("a / 0", math.inf),
        ("-a / 0", -math.inf),
        ("a / -0.0", -math.inf),
        ("abs(-a) + min(a, b, 9) + max(1, a)", 8.5),
        (".5 + 5. + 1e2", 105.5),
        ("`two words` + `e``e`", 8.0),
        ("big", 2.0**53),
        ("t", "x"),
        ("none + 1", None),
        ("absent", None),
        ("min(a, none)", None),
        ("0 <= a < 10", True),
        ("0 <= a < none", None),
        ("5 <= a < none", False),
        ("a == 3 and t == 'x' and yes", True),
        ("not yes or a != 3", False),
        ("yes and none == 1", None),
        ("none == 1 and a == 4", False),
        ("a == 3 or none == 1", True),
        ("a == 4 or none == 1", None),
        ("not none == 1", None),
        ("yes == true", True),
        ("a in [1, 3, -2]", True),
        ("t not in ['y', \"z\"]", True),
        ("none in [1]", None),
        ("is_missing(none)", True),
        ("is_missing(absent + 1)", True),
        ("is_missing(a)", False),
        ("t < 'y'", True),
        ("'it\\'s' == \"it's\"", True),
        ("0 / 0 == 0 / 0", False),
        ("0 / 0 != 1", True),
        ("1 < 0 / 0 or 1 >= 0 / 0", False),
        ("big == 9007199254740992", True),
    ],
)
def test_an_expression_comes_to(text: str, value: object) -> None:
    assert parse(text).evaluate(RECORD) == value
    assert type(parse(text).evaluate(RECORD)) is type(value)


def test_nothing_is_no_number_unless_it_is_divided_by_nothing() -> None:
    for text in ("0 / 0", "a % 0", "min(0 / 0, a)", "max(a, 0 / 0)", "1e308 * 10 - 1e308 * 10"):
        value = parse(text).evaluate(RECORD)
        assert isinstance(value, float)
        assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("", 1, "ends too early"),
        ("a =3", 3, "Write == to compare"),
        ("a <> 3", 4, "Write != for"),
        ("a ** 2", 4, "no powers"),
        ("a // 2", 4, "without a rest"),
        ("a && b", 3, "Write and"),
        ("a | b", 3, "Write or"),
        ("!a", 1, "Write not"),
        ("a AND b", 3, "Write and"),
        ("a is none", 3, "is_missing(name)"),
        ("a b", 3, "Is an operator missing"),
        ("(a", 3, "Expected here: )"),
        ("a)", 2, "can't stand here"),
        ("a.b", 2, "back ticks"),
        ("'abc", 1, "Close the text"),
        ("`abc", 1, "Close the name"),
        ("a in []", 7, "A list holds numbers or 'texts'"),
        ("a in [b]", 7, "A list holds numbers or 'texts'"),
        ("a in 3", 6, "Expected here: ["),
        ("a < b in [1]", 7, "in parentheses"),
        ("a in [1] == true", 10, "in parentheses"),
        ("open('x')", 1, "no function 'open'"),
        ("`abs`(a)", 1, "no function 'abs'"),
        ("abs(a, b)", 1, "takes one value, not 2"),
        ("min(a)", 1, "takes two values or more"),
        ("1e999", 1, "more than a number can hold"),
        ("a $ 2", 3, "Allowed are numbers"),
        ("and", 1, "belongs here"),
        ("a\x00", 2, "no word here"),
        ("__import__('os')", 1, "no function"),
        ("[x for x in y]", 1, "belongs here"),
        ("lambda: 0", 7, "no word here"),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_cure(text: str, at: int, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert f"Character {at}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000,
        "(" * 900 + "a" + ")" * 900,
        "-" * 1900 + "a",
        "not " * 400 + "a",
        "a" + "+a" * 900,
        "a" + "%a" * 900,
        "min(" * 400 + "a",
        "a" * 2001,
        "a < " * 400 + "a",
        "(a<b<c) == " * 150 + "d",
        "abs(" * 60 + "a<b<c" + ")" * 60,
    ],
)
def test_no_text_is_too_much(text: str) -> None:
    try:
        assert parse(text).names
    except ExpressionError as error:
        assert error.cure  # noqa: PT017 - either outcome is fine, this one must be told well


def test_what_is_as_deep_as_allowed_is_read_and_evaluated() -> None:
    assert parse("a" + " + a" * 63).evaluate({"a": 1}) == 64.0
    assert parse("(" * 60 + "a" + ")" * 60).evaluate({"a": 1}) == 1.0
    assert parse(" and ".join(["a < 2"] * 200)).evaluate({"a": 1}) is True


def test_minus_a_number_is_a_number() -> None:
    assert parse("-2.5").root == Number(-2.5)


KINDS = {"a": "number", "t": "text", "yes": "truth"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a + 1", "number"),
        ("t", "text"),
        ("t == 'x'", "truth"),
        ("not yes", "truth"),
        ("is_missing(t)", "truth"),
        ("true", "truth"),
        ("t in ['a']", "truth"),
    ],
)
def test_a_kind_is_known_before_any_record(text: str, kind: str) -> None:
    assert kind_of(parse(text).root, KINDS) == kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b + 1", "there is no 'b'"),
        ("yess", "Did you mean 'yes'?"),
        ("t + 1", "a text where a number belongs"),
        ("-yes", "yes or no where a number belongs"),
        ("a and yes", "a number where yes or no belongs"),
        ("not t", "a text where yes or no belongs"),
        ("t < 1", "a text < a number can't be compared"),
        ("a == '1'", "a number == a text can't be compared"),
        ("yes < true", "have no order"),
        ("a in ['x']", "the list holds 'x'"),
        ("t in [1]", "the list holds 1.0"),
        ("abs(t)", "a text where a number belongs"),
        ("is_missing(b)", "there is no 'b'"),
    ],
)
def test_what_does_not_go_together_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        kind_of(parse(text).root, KINDS)  # type: ignore[arg-type]
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["t + 1", "t < 1", "yes < true", "a and yes", "not t", "min(a, t)"])
def test_a_record_that_holds_something_else_is_refused_too(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate(RECORD)
    with pytest.raises(ExpressionError, match="holds"):
        parse("a + 1").evaluate({"a": [1]})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a > 10", False, True),
        ("a >= 0", True, False),
        ("a * 2 <= 20", True, False),
        ("a / 2 > 5", False, True),
        ("a / b > 5", True, True),
        ("-a > 0", False, True),
        ("abs(-a) < 0", False, True),
        ("min(a, 3) > 4", False, True),
        ("a % 3 > 5", True, True),
        ("t == 'z'", False, True),
        ("t in ['x', 'y']", True, True),
        ("t != 'z'", True, False),
        ("not a > 10 and not t == 'z'", True, False),
        ("a > 10 or t == 'z'", False, True),
        ("0 <= a <= 10", True, False),
        ("b > 3", True, True),
        ("true", True, False),
        ("is_missing(a)", False, True),
    ],
)
def test_what_an_expression_can_come_to_is_known_from_what_its_names_can_hold(
    text: str, true: bool, false: bool
) -> None:
    spans = {"a": Reach(0, 10), "b": Reach(), "t": Reach(texts=frozenset({"x", "y"}))}
    found = reach(parse(text).root, spans)
    assert (found.true, found.false) == (true, false)
