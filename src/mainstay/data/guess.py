"""Guessing what a column is: its kind, its role and its policies, each with the count behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime, Integer, Number, Text
from mainstay.data.codes import tell_codes
from mainstay.data.meanings import AGES, meaning_of
from mainstay.data.ranges import draft_range, known_range
from mainstay.data.standins import perhaps_missing, perhaps_number, suspects_among
from mainstay.data.times import read_times
from mainstay.data.words import count, listing, rows, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.data.facts import Facts

    Floats = NDArray[np.float64]

MOST_LABELS = 50
_MANY = 1000
_INT64 = 2**63 - 1
_NEARLY_ALL_MISSING = 0.98
_LONGEST_LABEL = 200
_NEARLY_ALL_DIFFERENT = 0.5
_OLDEST = 120
_FEATURES_HINT = "features.py can make features of it"
_YES_NO = (
    ("yes", "no"),
    ("true", "false"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    ("ja", "nein"),
    ("j", "n"),
    ("wahr", "falsch"),
    ("oui", "non"),
    ("o", "n"),
    ("vrai", "faux"),
    ("si", "no"),
    ("sí", "no"),
    ("s", "n"),
    ("sim", "não"),
    ("da", "ne"),
    ("tak", "nie"),
    ("1", "0"),
    ("1.0", "0.0"),
)


@dataclass(frozen=True)
class Guess:
    """What a column is taken for.

    Parameters
    ----------
    column : AnyColumn
        The column as it is drafted.
    why : str
        The evidence for its kind and role, with counts.
    notes : mapping of str to str
        The evidence for single settings, by their key.

    """

    column: AnyColumn
    why: str
    notes: dict[str, str] = field(default_factory=dict)


def guess_column(facts: Facts, y: Floats, odd: Sequence[str] = (), voided: Sequence[str] = ()) -> Guess:
    """Guess what a column is.

    Parameters
    ----------
    facts : Facts
        Its cells.
    y : array, shape (n,)
        The encoded target, NaN where unknown: it decides between a number and a code.
    odd : sequence of str, optional
        Texts in a column of numbers that stand for a missing value there, and for something else in other columns.
    voided : sequence of str, optional
        Texts in it that were already taken as missing.

    """
    rest = facts.without(odd) if odd else facts
    read = rest if rest.numeric else facts  # else the texts are labels here too
    for reading in (_nothing, _time, _yes_no, _identifier, _number, _labels):
        guess = reading(read, y)
        if guess is not None:
            return _about_people(_odd_allowed(_with_voided(guess, voided), facts, odd), read)
    return _about_people(_text(facts), facts)


def _text(facts: Facts) -> Guess:
    """Say why a column of texts can't be learned from as it is."""
    few = [f"'{short(text, 24)}'" for text in (facts.strays if facts.decimal_commas or facts.grouped else facts.counts)]
    if facts.decimal_commas:
        words = f"numbers with a decimal comma, such as {few[0]}: write them with a point, as others are, to use them"
        return Guess(Text(name=facts.name, role="ignored"), words)
    if facts.grouped:
        words = f"numbers with a comma between thousands, such as {few[0]}: write them without to use them"
        return Guess(Text(name=facts.name, role="ignored"), words)
    such = f"such as {' and '.join(few[:2])}"
    if facts.distinct > _NEARLY_ALL_DIFFERENT * facts.known:
        words = f"{count(facts.distinct)} different texts in {rows(facts.known)}, {such}: nearly each its own"
    else:
        most = sum(sorted(facts.counts.values(), reverse=True)[:MOST_LABELS])
        words = (
            f"{count(facts.distinct)} different labels in {rows(facts.known)}, {such}: too many to tell apart; the "
            f"{MOST_LABELS} most frequent are {100 * most / facts.known:.0f} % of the rows"
        )
    return Guess(Text(name=facts.name, role="ignored"), f"{words}; {_FEATURES_HINT}")


def _odd_allowed(guess: Guess, facts: Facts, odd: Sequence[str]) -> Guess:
    """Take texts that mean something else in other columns as missing in this one alone."""
    if not odd or guess.column.role != "feature":
        return guess
    cells = sum(facts.counts.get(text, 0) for text in odd)
    note = f"{listing([repr(text) for text in odd], 3)} in {count(cells)} cells: missing here, a label in other columns"
    gaps = {"missing": facts.blanks} if facts.missing else {}
    column = msgspec.structs.replace(
        guess.column, malformed="allow", missing=guess.column.missing if facts.missing else "reject"
    )
    others = {key: why for key, why in guess.notes.items() if key != "missing"}
    return Guess(column, guess.why, {**others, **gaps, "malformed": note})


def _with_voided(guess: Guess, voided: Sequence[str]) -> Guess:
    """Say which texts are among the missing cells."""
    if not voided or "missing" not in guess.notes:
        return guess
    note = f"{guess.notes['missing']} or {listing([repr(text) for text in voided], 3)}"
    return Guess(guess.column, guess.why, {**guess.notes, "missing": note})


def _about_people(guess: Guess, facts: Facts) -> Guess:
    """Mark what its name says is about people: it identifies one, or is a group to be treated fairly."""
    hint = meaning_of(facts.name, facts.distinct)
    if not hint.meaning or facts.distinct < 2 or (guess.column.role == "id" and hint.meaning == "sensitive"):
        return guess
    if hint.meaning == "sensitive":
        note = f"suspected from '{hint.word}' in its name: may the model see it? Its groups are worth judging apart"
        column = msgspec.structs.replace(guess.column, sensitive=True)
        if hint.word in AGES and isinstance(column, Integer) and np.nanmax(facts.numbers) <= _OLDEST:
            column = msgspec.structs.replace(column, max=_OLDEST)
    else:
        note = f"suspected from '{hint.word}' in its name: it may identify a person"
        column = msgspec.structs.replace(guess.column, personal=True)
    return Guess(column, guess.why, {**guess.notes, hint.meaning: note})


def _nothing(facts: Facts, _: Floats) -> Guess | None:
    """Recognise a column that says nothing: empty, nearly so, or always the same."""
    if facts.missing == facts.rows:
        return Guess(Text(name=facts.name, role="ignored"), f"blank in all {rows(facts.rows)}")
    if facts.missing > _NEARLY_ALL_MISSING * facts.rows:
        return Guess(Text(name=facts.name, role="ignored"), f"{facts.blanks}: too few values to learn from")
    if facts.distinct == 1 and not facts.missing:
        only = short(next(iter(facts.counts)))
        return Guess(Text(name=facts.name, role="ignored"), f"always '{only}' in {rows(facts.rows)}: constant")
    return None


def _time(facts: Facts, _: Floats) -> Guess | None:
    times = read_times(facts.cells)
    if times is None:
        return None
    known = times.values.drop_nulls()
    order = "in ascending order" if known.is_sorted() else "not sorted"
    why = f"times from {str(known.min())[:10]} to {str(known.max())[:10]}, {count(known.n_unique())} different, {order}"
    if times.ambiguous:
        why += "; day and month could be the other way round"
    why += f"; no feature as it is: {_FEATURES_HINT}, such as the weekday or the days since"
    layout = "" if times.layout.startswith("%Y-%m-%d") else times.layout
    column = Datetime(name=facts.name, role="ignored", format=layout)
    return Guess(column, why, {"format": f"fits all {count(len(known))} cells"} if layout else {})


def _yes_no(facts: Facts, _: Floats) -> Guess | None:
    if facts.distinct != 2:
        return None
    folded = {value.casefold(): value for value in facts.counts}
    for yes, no in _YES_NO:
        if folded.keys() != {yes, no}:
            continue
        why = f"{folded[yes]} in {count(facts.counts[folded[yes]])}, {folded[no]} in {count(facts.counts[folded[no]])}"
        if (yes, no) == ("true", "false") and (folded[yes], folded[no]) == (yes, no):
            return _policies(facts, Boolean(name=facts.name), why)
        if yes.startswith("1"):
            numbered = (facts.integers and "." not in folded[yes]) or facts.cells.dtype.is_numeric()
            true, false = (1, 0) if numbered else (folded[yes], folded[no])
            return _policies(facts, Boolean(name=facts.name, true=true, false=false), why)
        return _policies(facts, Boolean(name=facts.name, true=folded[yes], false=folded[no]), why)
    return None


def _identifier(facts: Facts, _: Floats) -> Guess | None:
    """Recognise what names rows: identifiers, and mere row counters."""
    code_like = facts.plain_integers or not facts.numeric
    many = facts.distinct == facts.known or facts.distinct > max(MOST_LABELS, facts.known // 20)
    if facts.named_like_an_id and code_like and many:
        why = f"{count(facts.distinct)} different values in {rows(facts.known)}, and named like an identifier"
        return Guess(Text(name=facts.name, role="id"), why)
    if facts.counter:
        low, high = count(int(facts.numbers.min())), count(int(facts.numbers.max()))
        return Guess(Integer(name=facts.name, role="ignored"), f"counts the rows from {low} to {high} without a gap")
    if facts.plain_integers and facts.numeric and facts.distinct == facts.known >= _MANY:
        why = f"a different whole number in each of {rows(facts.known)}: rather a name than an amount"
        return Guess(Integer(name=facts.name, role="ignored"), why)
    return None


def _number(facts: Facts, y: Floats) -> Guess | None:
    if not facts.numeric or facts.leading_zeros:
        return None
    known = facts.numbers[~np.isnan(facts.numbers)]
    low, high = float(known.min()), float(known.max())
    codes = tell_codes(facts, known, y) if facts.integers else None
    if codes is not None and codes[0] and (facts.plain_integers or facts.cells.dtype.is_float()):
        values = tuple(str(int(value)) for value in np.unique(known))
        return _policies(facts, Category(name=facts.name, values=values), codes[1])
    least, most, notes = _range(facts, known)
    why = [f"{count(facts.distinct)} different numbers from {low:.10g} to {high:.10g}"]
    if facts.integers:
        whole = "all whole" if facts.plain_integers else "all whole, though written as decimals"
        why = [codes[1]] if codes is not None and not codes[0] else [f"{why[0]}, {whole}"]
        column: AnyColumn = Integer(name=facts.name, min=max(int(least), -_INT64), max=min(int(most), _INT64))
    else:
        column = Number(name=facts.name, min=least, max=most)
        why += _written(facts)
    if facts.stray_cells:
        odd = listing([repr(short(text, 24)) for text in facts.strays], 3)
        cells = "1 cell is no number" if facts.stray_cells == 1 else f"{count(facts.stray_cells)} cells are no numbers"
        why.append(f"{cells} ({odd}): their rows go to quarantine")
    why += filter(None, [perhaps_number(facts)])
    return _policies(facts, column, "; ".join(why), notes)


def _range(facts: Facts, known: Floats) -> tuple[float, float, dict[str, str]]:
    """Draft the range; a number that may stand for a missing one is let in, but widens nothing beyond itself."""
    low, high = float(known.min()), float(known.max())
    apart = suspects_among(facts)
    rest = known[~np.isin(known, apart)]
    within = known_range(facts.name, low, high)
    inner, outer = float(rest.min()), float(rest.max())
    least, most = within or draft_range(inner, outer)
    notes = _range_notes(inner, outer, least, most, rows(len(rest)))
    for value in () if within else apart:
        end, limit = ("min", least) if value < inner else ("max", most)
        notes[end] += f", but for the suspected {value:.10g}: were it missing, {end} = {limit:.10g} would do"
        least, most = min(least, value), max(most, value)
    return least, most, notes


def _range_notes(low: float, high: float, least: float, most: float, seen: str) -> dict[str, str]:
    """Say what was seen at both ends."""
    greatest = f"the greatest of {seen} is {high:.10g}" if most else f"nothing above 0 in {seen}"
    return {
        "min": f"nothing below 0 in {seen}" if least == 0 else f"the least of {seen} is {low:.10g}",
        "max": greatest
        + (": taken for a share" if least == 0 and ((most == 1 and high > 0.8) or most == high == 100) else ""),
    }


def _written(facts: Facts) -> list[str]:
    """Say why whole numbers are read as decimals."""
    if facts.exponents:
        whole = "all whole, but " if facts.whole else ""
        return [f"{whole}{count(facts.exponents)} cells are written with an exponent, so read as decimals"]
    if facts.whole:
        return ["all whole, but written as decimals"]
    return []


def _labels(facts: Facts, _: Floats) -> Guess | None:
    most = min(MOST_LABELS, max(20, facts.known // 10))
    if (
        not facts.known
        or facts.distinct > most
        or facts.decimal_commas
        or facts.grouped
        or max(map(len, facts.counts)) > _LONGEST_LABEL
    ):
        return None
    rare = sum(1 for n in facts.counts.values() if n < 10)
    why = f"{facts.distinct} different labels in {rows(facts.known)}"
    if facts.leading_zeros:
        why += f"; {count(facts.leading_zeros)} start with a zero, so they are codes"
    if rare:
        why += f"; {rare} of them in fewer than 10 rows"
    for doubt in (_spelled_twice(facts), perhaps_missing(facts)):
        why += f"; {doubt}" if doubt else ""
    return _policies(facts, Category(name=facts.name, values=tuple(sorted(facts.counts))), why)


def _spelled_twice(facts: Facts) -> str:
    """Name labels that differ only by case or blanks; empty where there are none."""
    ways: dict[str, list[str]] = {}
    for text in facts.counts:
        ways.setdefault(" ".join(text.casefold().split()), []).append(text)
    twice = [spellings for spellings in ways.values() if len(spellings) > 1]
    if not twice:
        return ""
    said = listing(
        [" = ".join(f"'{short(text, 24)}' ({count(facts.counts[text])})" for text in one) for one in twice], 3
    )
    return f"perhaps one label in several spellings: {said}"


def _policies(facts: Facts, column: AnyColumn, why: str, notes: Mapping[str, str] | None = None) -> Guess:
    """Allow missing values where there are some: the model learns what their absence says."""
    told = dict(notes or {})
    if facts.missing:
        column = msgspec.structs.replace(column, missing="allow")
        told["missing"] = facts.blanks
    return Guess(column, why, told)
