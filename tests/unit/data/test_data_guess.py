"""Guessing single columns: stand-ins for missing values, spellings, ends that were cut, words about people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Integer, Number, Text
from mainstay.data.facts import Facts
from mainstay.data.guess import guess_column
from mainstay.data.meanings import meaning_of
from mainstay.data.standins import find_stand_ins, perhaps_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data.guess import Guess


def guess(name: str, cells: Sequence[object], n: int = 200, odd: Sequence[str] = ()) -> Guess:
    y = (np.random.default_rng(3).random(n) < 0.4).astype(np.float64)
    spread = [cells[k % len(cells)] for k in range(n)]
    return guess_column(Facts(pl.Series(name, spread, strict=False)), y, odd)


def facts(**columns: Sequence[object]) -> dict[str, Facts]:
    return {name: Facts(pl.Series(name, cells, strict=False)) for name, cells in columns.items()}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["J", "N"], Boolean(name="c", true="J", false="N")),
        (["ja", "nein"], Boolean(name="c", true="ja", false="nein")),
        (["True", "False"], Boolean(name="c", true="True", false="False")),
        (["TRUE", "FALSE"], Boolean(name="c", true="TRUE", false="FALSE")),
        (["oui", "non"], Boolean(name="c", true="oui", false="non")),
        (["0", "1"], Boolean(name="c", true=1, false=0)),
        ([0.0, 1.0], Boolean(name="c", true=1, false=0)),
        ([True, False], Boolean(name="c")),
        (["Yes", "No", None], Boolean(name="c", true="Yes", false="No", missing="allow")),
    ],
)
def test_yes_and_no_in_every_spelling(cells: list[object], column: Boolean) -> None:
    assert guess("c", cells).column == column


def test_whole_numbers_written_as_decimals_are_whole_numbers() -> None:
    for cells in ([12.0, 15.0, 40.0, None, 71.0], ["12.0", "15.0", "40", None, "71.0"]):
        found = guess("tenure", cells)
        assert found.column == Integer(name="tenure", min=0, max=100, missing="allow")
        assert "all whole, though written as decimals" in found.why
    assert isinstance(guess("x", ["1e3", "2e3", "7e3"]).column, Number)
    assert isinstance(guess("x", [0.5, 1.0, 2.0]).column, Number)


def test_texts_for_nothing_are_found_and_counted() -> None:
    found = find_stand_ins(
        facts(
            age=["12", "NULL", "17", "?", "40", "51"] * 4,
            score=["1.5", "n/a", "2.5", "3.5"] * 6,
            plan=["a", "b", "NULL", "c"] * 6,
            name=[f"text {k}" for k in range(24)],
        )
    )
    assert found.everywhere == {"NULL": ("age", "plan"), "?": ("age",), "n/a": ("score",)}
    assert found.counts == {"NULL": 10, "n/a": 6, "?": 4}
    assert found.words == "'NULL' in 10 cells, 'n/a' in 6 cells, '?' in 4 cells"
    assert found.here == {}


def test_a_text_that_is_a_label_elsewhere_is_missing_in_its_own_column_alone() -> None:
    found = find_stand_ins(facts(rate=["1", "2", "5", "none"] * 6, savings=["none", "some", "much"] * 8))
    assert found.everywhere == {}
    assert found.here == {"rate": ("none",)}
    column = guess("rate", [*map(str, range(60)), "none"], odd=("none",))
    assert column.column == Integer(name="rate", min=0, max=100, malformed="allow")
    assert column.notes["malformed"] == "'none' in 3 cells: missing here, a label in other columns"


def test_na_among_codes_is_a_code_and_unknown_a_label_that_is_named() -> None:
    assert find_stand_ins(facts(region=["EU", "NA", "UK", "JP"] * 6)).everywhere == {}
    assert find_stand_ins(facts(answer=["often", "NA", "never"] * 8)).everywhere == {"NA": ("answer",)}
    named = guess("job", ["clerk", "unknown", "nurse"])
    assert isinstance(named.column, Category)
    assert "'unknown' in 67 rows: a label of its own, or nothing known? Then add it to missing in [data]" in named.why


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([*range(60), 999, 999, 999], "999 in 9 rows, far from the next number, 59: perhaps no amount"),
        ([*range(60), -1, -1], "-1 in 6 rows, below the next number, 0: perhaps no amount"),
        ([*range(100, 160), -9999], "-9999 in 3 rows, far from the next number, 100"),
        ([k / 7 for k in range(300)], ""),
        ([*range(-5, 60)], ""),
        ([*range(100)], ""),
        ([*range(60), 61, 500], ""),  # an outlier is no heap
    ],
)
def test_numbers_for_nothing_are_named_and_not_applied(cells: list[float], says: str) -> None:
    many = [cells[k % len(cells)] for k in range(3 * len(cells))] if says else cells
    said = perhaps_number(Facts(pl.Series("x", many, strict=False)))
    assert said.startswith(says)
    assert bool(said) == bool(says)


def test_an_end_that_was_cut_is_named() -> None:
    ages = [float(k) for k in range(52)] * 4 + [52.0] * 60
    assert perhaps_number(Facts(pl.Series("age", ages))) == "60 rows hold the greatest, 52: perhaps cut off there"


def test_labels_in_several_spellings_are_named() -> None:
    found = guess("plan", ["Basic", "basic", "Full", "Basic"])
    assert isinstance(found.column, Category)
    assert "perhaps one label in several spellings: 'Basic' (100) = 'basic' (50)" in found.why


def test_texts_say_why_they_are_left_out() -> None:
    free = guess("note", [f"called about thing {k}" for k in range(200)])
    assert free.column == Text(name="note", role="ignored")
    assert "200 different texts in 200 rows" in free.why
    assert "nearly each its own; features.py can make features of it" in free.why
    many = guess("city", [f"town {k % 61}" for k in range(200)])
    assert many.column == Text(name="city", role="ignored")
    assert "61 different labels in 200 rows" in many.why
    assert "the 50 most frequent are" in many.why


@pytest.mark.parametrize(
    ("name", "distinct", "meaning"),
    [
        ("gender", 2, "sensitive"),
        ("SEX", 2, "sensitive"),
        ("SeniorCitizen", 2, "sensitive"),
        ("personal_status_sex", 4, "sensitive"),
        ("AGE", 56, "sensitive"),
        ("patientAge", 56, "sensitive"),
        ("housing_median_age", 52, ""),
        ("card_age_days", 900, ""),
        ("message", 9, ""),
        ("contact_email", 900, "personal"),
        ("dateOfBirth", 900, "personal"),
        ("last_name", 900, "personal"),
        ("product_name", 900, ""),
        ("PhoneService", 2, ""),
        ("telephone", 2, ""),
    ],
)
def test_names_hint_at_people(name: str, distinct: int, meaning: str) -> None:
    assert meaning_of(name, distinct).meaning == meaning


def test_what_is_about_people_is_marked_with_the_reason() -> None:
    found = guess("gender", ["f", "m"])
    assert found.column.sensitive
    assert "suspected from 'gender' in its name" in found.notes["sensitive"]
    assert guess("email", [f"a{k}@b.example" for k in range(200)]).column.personal
