"""The law of patterns: one text, a column in Polars and Python's own engine agree on every pattern that is read."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contract import Text
from mainstay.contract.automaton import automaton
from mainstay.contract.patterns import PatternError, in_rust, read_pattern

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LETTERS = "ab1_ -.\n\té🦊\u017fK"
atoms = st.sampled_from(
    [
        "a",
        "b",
        "1",
        "é",
        "🦊",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        r"\.",
        r"\-",
        r"\n",
        "-",
        " ",
        r"\\",
        r"\$",
        "[ab]",
        "[^a]",
        r"[\d_]",
        r"[^\w]",
        "[a-z]",
        "[é-🦊]",
        "[-a]",
        r"[a\-b]",
        r"[\]a]",
        "[a-]",
        "[.]",
        r"[^\n]",
        "K",
        "[k-s]",
    ]
)
counts = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{0,3}", "{1,}", "{0}"])


def bracketed(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    group = st.tuples(st.sampled_from(["(", "(?:"]), inner, counts).map(lambda it: f"{it[0]}{it[1]}){it[2]}")
    return st.lists(group | inner, min_size=1, max_size=3).map("".join) | st.lists(inner, min_size=2, max_size=3).map(
        "|".join
    )


patterns = st.recursive(st.tuples(atoms, counts).map("".join), bracketed, max_leaves=6)
texts = st.text(st.sampled_from(LETTERS), max_size=6) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@given(patterns, st.lists(texts, min_size=1, max_size=6))
def test_every_engine_says_the_same_of_a_whole_text(pattern: str, found: list[str]) -> None:
    try:
        piece = read_pattern(pattern)
    except PatternError as error:
        assert "repeated already" in str(error)  # noqa: PT017 - nothing else that is drawn is refused
        return
    mine = [automaton(pattern).matches(text) for text in found]
    assert mine == pl.Series(found).str.contains(f"^(?:{in_rust(piece)})$").to_list()
    assert mine == [re.fullmatch(pattern, text, re.ASCII) is not None for text in found]


@given(st.text(st.sampled_from("ab(|)[]^$*+?{}12,\\dw-.:"), max_size=14))
def test_whatever_is_written_is_read_or_refused(pattern: str) -> None:
    try:
        piece = read_pattern(pattern)
    except PatternError:
        return
    assert pl.Series(["a"]).str.contains(f"^(?:{in_rust(piece)})$").to_list() == [automaton(pattern).matches("a")]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a+)+", "repeated already"),
        ("(a*b?)*", "repeated already"),
        ("((a{1,})b){2,5}", "repeated already"),
        (r"(a)\1", "refers back"),
        ("(?=a)", "looking ahead or back"),
        ("(?i)a", "looking ahead or back"),
        ("a+?", "two counts in a row"),
        ("*a", "repeats nothing"),
        ("a{2,1}", "goes backwards"),
        ("a{x}", "begins no count"),
        ("(a", "never closes it"),
        ("a)", "never opened"),
        ("[a", "never closes it"),
        ("[]", "empty class"),
        ("[b-a]", "goes backwards"),
        ("[[:alpha:]]", "engines read differently"),
        ("[a&&b]", "engines read differently"),
        (r"\bword", "isn't known here"),
        ("a^b", "inside"),
        ("a\\", "ends with a single"),
        ("(" * 30 + "a" + ")" * 30, "nested too deeply"),
        ("a{9999}", "steps"),
        ("a" * 501, "at most 500"),
    ],
)
def test_what_is_not_of_the_subset_is_refused_with_a_cure(pattern: str, said: str) -> None:
    with pytest.raises(PatternError, match=re.escape(said)):
        read_pattern(pattern)
    assert dict(Text(name="it", pattern=pattern).contradictions())["pattern"]


def test_no_text_can_make_a_pattern_slow() -> None:
    hostile = "a" * 999 + "!"
    for pattern in ("a*a*a*a*a*b", "(a|a){0,200}b", "(a|aa){0,100}c", ".*.*.*x"):
        start = time.process_time()
        assert not automaton(pattern).matches(hostile)
        assert time.process_time() - start < 1.0


def test_an_automaton_forgets_before_it_fills_the_memory() -> None:
    pattern = automaton("[^a]*")
    assert all(pattern.matches(chr(code) * 2) for code in range(0x4E00, 0x4E00 + 25_000))
    assert not pattern.matches("xa")
