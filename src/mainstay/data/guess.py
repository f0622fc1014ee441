"""Guessing what a column is: its kind, its role and its policies, each with the count behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import Boolean, Category, Datetime, Integer, Number, Text
from mainstay.data.ranges import draft_range
from mainstay.data.times import read_times
from mainstay.data.words import count, listing, rows, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.data.facts import Facts

    Floats = NDArray[np.float64]

MOST_LABELS = 50
MOST_CODES, MOST_STEPPED_CODES = 12, 31
_ROWS_PER_CODE = 20
_MANY = 1000
_INT64 = 2**63 - 1
_OUT_OF_LINE, _FAR_OUT_OF_LINE = 0.2, 0.5
_NEARLY_ALL_MISSING = 0.98
_LONGEST_LABEL = 200
_YES_NO = (
    ("yes", "no"),
    ("true", "false"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
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
    notes: Mapping[str, str] = field(default_factory=dict)


def guess_column(facts: Facts, y: Floats) -> Guess:
    """Guess what a column is.

    Parameters
    ----------
    facts : Facts
        Its cells.
    y : array, shape (n,)
        The encoded target, NaN where unknown: it decides between a number and a code.

    """
    for reading in (_nothing, _time, _yes_no, _identifier, _number, _labels):
        guess = reading(facts, y)
        if guess is not None:
            return guess
    few = [repr(short(text, 24)) for text in list(facts.counts)[:2]]
    many = f"{count(facts.distinct)} different texts in {rows(facts.known)}"
    text = f"{many}, such as {' and '.join(few)}: too many for labels"
    if facts.decimal_commas:
        text = f"numbers with a decimal comma, such as {few[0]}: write them with a point to use them"
    return Guess(Text(name=facts.name, role="ignored"), text)


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
        if (yes, no) == ("true", "false") and folded[yes] == yes:
            return _policies(facts, Boolean(name=facts.name), why)
        if yes.startswith("1"):
            numbered = facts.plain_integers or facts.cells.dtype.is_numeric()
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
    codes = _codes(facts, known, y) if facts.plain_integers else None
    if codes is not None and codes[0]:
        values = tuple(str(int(value)) for value in np.unique(known))
        return _policies(facts, Category(name=facts.name, values=values), codes[1])
    least, most = draft_range(low, high)
    notes = {
        "min": f"nothing below 0 in {rows(len(known))}"
        if least == 0
        else f"the least of {rows(len(known))} is {low:.10g}",
        "max": f"the greatest of {rows(len(known))} is {high:.10g}"
        if most
        else f"nothing above 0 in {rows(len(known))}",
    }
    why = [f"{count(facts.distinct)} different numbers from {low:.10g} to {high:.10g}"]
    if facts.plain_integers:
        why = [codes[1]] if codes is not None else [f"{why[0]}, all whole"]
        column: AnyColumn = Integer(name=facts.name, min=max(int(least), -_INT64), max=min(int(most), _INT64))
    else:
        column = Number(name=facts.name, min=least, max=most)
        why += _written(facts)
    if facts.stray_cells:
        odd = listing([repr(short(text, 24)) for text in facts.strays], 3)
        why.append(f"{count(facts.stray_cells)} cells are no numbers ({odd}): their rows go to quarantine")
    return _policies(facts, column, "; ".join(why), notes)


def _written(facts: Facts) -> list[str]:
    """Say why whole numbers are read as decimals."""
    if facts.exponents:
        whole = "all whole, but " if facts.whole else ""
        return [f"{whole}{count(facts.exponents)} cells are written with an exponent, so read as decimals"]
    if facts.whole:
        return ["all whole, but written as decimals"]
    return []


def _codes(facts: Facts, known: Floats, y: Floats) -> tuple[bool, str] | None:
    """Decide whether small whole numbers are codes, by whether the target follows their order.

    A straight line through the codes explains part of what one mean per code explains. Where it leaves out much (and
    more than chance would, by the F test for lack of fit), order says little and each code stands for itself.
    """
    values, place = np.unique(known, return_inverse=True)
    if not 2 <= len(values) <= MOST_STEPPED_CODES or values[-1] - values[0] > len(values) + 1:
        return None
    known_y = y[~np.isnan(facts.numbers)]
    use = ~np.isnan(known_y)
    x, t, place = known[use], known_y[use], place[use]
    codes = len(np.unique(place))
    if codes == 2 and len(values) == 2:
        return True, f"two codes, {values[0]:g} and {values[1]:g}: a label rather than an amount"
    if len(x) < _ROWS_PER_CODE * codes or codes < 3 or t.std() == 0:
        return None
    sizes = np.bincount(place, minlength=len(values))
    means = np.bincount(place, weights=t, minlength=len(values)) / np.maximum(sizes, 1)
    between = float((sizes * (means - t.mean()) ** 2).sum())
    within = float(((t - means[place]) ** 2).sum())
    line = float(np.corrcoef(x, t)[0, 1] ** 2 * ((t - t.mean()) ** 2).sum())
    left_out = max(0.0, 1.0 - line / between) if between > 0 else 0.0
    chance = within / (len(t) - codes) if within > 0 else 1e-12
    surprising = (between - line) / (codes - 2) / chance > 4.0
    told = f"{codes} different whole numbers from {values[0]:g} to {values[-1]:g}; a straight line misses"
    enough = _OUT_OF_LINE if len(values) <= MOST_CODES else _FAR_OUT_OF_LINE
    if surprising and left_out > enough:
        return True, f"{told} {100 * left_out:.0f} % of what they say about the target: labels rather than amounts"
    if surprising:
        return (
            False,
            f"{told} only {100 * left_out:.0f} % of what they say about the target: amounts rather than labels",
        )
    return False, f"{told} no more of what they say about the target than chance would: amounts rather than labels"


def _labels(facts: Facts, _: Floats) -> Guess | None:
    most = min(MOST_LABELS, max(20, facts.known // 10))
    if not facts.known or facts.distinct > most or facts.decimal_commas or max(map(len, facts.counts)) > _LONGEST_LABEL:
        return None
    rare = sum(1 for n in facts.counts.values() if n < 10)
    why = f"{facts.distinct} different labels in {rows(facts.known)}"
    if facts.leading_zeros:
        why += f"; {count(facts.leading_zeros)} start with a zero, so they are codes"
    if rare:
        why += f"; {rare} of them in fewer than 10 rows"
    return _policies(facts, Category(name=facts.name, values=tuple(sorted(facts.counts))), why)


def _policies(facts: Facts, column: AnyColumn, why: str, notes: Mapping[str, str] | None = None) -> Guess:
    """Allow missing values where there are some: the model learns what their absence says."""
    told = dict(notes or {})
    if facts.missing:
        column = msgspec.structs.replace(column, missing="allow")
        told["missing"] = facts.blanks
    return Guess(column, why, told)
