"""Values that stand for a missing one: ``NULL``, ``?``, 999. Texts are drafted as missing, numbers only named."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.data.words import count, listing, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.data.facts import Facts

    _Counts = np.ndarray[tuple[int], np.dtype[np.int64]]

ANYWHERE = frozenset(
    {"na", "n/a", "#n/a", "n.a.", "nan", "null", "(null)", "<null>", "nil", "?", "??", "nat", "<na>", "\\n"}
    | {"#div/0!", "#value!", "#ref!", "#null!", "#num!", "#name?"}
)
"""Texts that stand for a missing value in any column, in small letters."""

AMONG_NUMBERS = ANYWHERE | {"none", "-", "--", "---", ".", "..", "missing", "unknown", "unk", "not available", "k.a."}
"""Texts that stand for one where all else is a number; among labels they may be a label of their own."""

_PERHAPS = AMONG_NUMBERS - ANYWHERE - {"none", "-", "--", "---", ".", ".."}
_NUMBERS = frozenset(
    {float(sign * n) for n in (9, 99, 999, 9999, 99999, 999999, 9999999) for sign in (1, -1)} | {-1.0, 8888.0, -8888.0}
)
_MOST_LABELS = 50
_HEAPED = 3
_ENDS = (-1, 0)
_ALLOW = 'and say missing = "allow" here'
_CAPPED, _LEAST_CAPPED = 2.5, 0.01


class StandIns(msgspec.Struct, frozen=True):
    """The texts that stand for missing values in a table.

    Parameters
    ----------
    everywhere : dict of str to tuple of str
        Text to the columns it was found in, to be read as missing in the whole source.
    here : dict of str to tuple of str
        Column of numbers to the texts in it that mean something else in another column, so only its own policy for
        malformed values can take them as missing.
    counts : dict of str to int
        How many cells hold each text of `everywhere`, in those columns.

    """

    everywhere: dict[str, tuple[str, ...]]
    here: dict[str, tuple[str, ...]]
    counts: dict[str, int]

    def in_column(self, name: str) -> tuple[str, ...]:
        """Give the texts that are read as missing everywhere and were found in one column."""
        return tuple(text for text, names in self.everywhere.items() if name in names)

    @property
    def words(self) -> str:
        """The texts with their counts, as a list."""
        return listing([f"'{text}' in {count(n)} cells" for text, n in self.counts.items()], 6)


def find_stand_ins(facts: Mapping[str, Facts]) -> StandIns:
    """Find the texts that stand for a missing value.

    Among numbers every such text counts; among labels only those that mean nothing else, so ``none`` and ``unknown``
    stay labels there, and ``NA`` beside ``EU`` and ``UK`` is a region.
    """
    found: dict[str, list[str]] = {}
    kept: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for name, column in facts.items():
        texts = _in_numbers(column) or _in_labels(column)
        for text in texts:
            found.setdefault(text, []).append(name)
            counts[text] += column.counts[text]
        if not column.numeric and column.distinct <= _MOST_LABELS:
            kept.update(text for text in column.counts if text.casefold() in AMONG_NUMBERS and text not in texts)
    everywhere = {text: tuple(names) for text, names in found.items() if not kept[text]}
    here: dict[str, tuple[str, ...]] = {}
    for text, names in found.items():
        for name in names if kept[text] else ():
            here[name] = (*here.get(name, ()), text)
    ordered = {text: n for text, n in counts.most_common() if text in everywhere}
    return StandIns(everywhere, here, ordered)


def labels_in_doubt(facts: Facts) -> dict[str, int]:
    """Give the labels that may stand for a missing value, and how often each is there."""
    return {text: n for text, n in facts.counts.items() if text.casefold() in _PERHAPS | ANYWHERE}


def perhaps_missing(facts: Facts) -> str:
    """Name labels that may stand for a missing value; empty where there are none."""
    said = [f"'{text}' in {rows(n)}" for text, n in labels_in_doubt(facts).items()]
    if not said:
        return ""
    then = "" if facts.missing else f", {_ALLOW}"
    return f"{listing(said, 3)}: a label of its own, or nothing known? Then add it to missing in [data]{then}"


def suspects_among(facts: Facts) -> tuple[float, ...]:
    """Give the numbers that may stand for a missing value: heaped at an end, away from the rest.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.data.facts import Facts
    >>> suspects_among(Facts(pl.Series("pdays", [*range(30), 999, 999, 999, 999])))
    (999.0,)

    """
    values, counts = _counted(facts)
    return tuple(float(values[end]) for end in _ENDS if len(values) >= 4 and _stands_apart(facts, values, counts, end))


def _counted(facts: Facts) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], _Counts]:
    values, counts = np.unique(facts.numbers[~np.isnan(facts.numbers)], return_counts=True)
    return values, counts


def _far(values: np.ndarray[tuple[int], np.dtype[np.float64]], end: int, spreads: float = 0.5) -> bool:
    """Say whether the value at an end is further from the next one than so many spreads of all others."""
    rest = values[:-1] if end else values[1:]
    near = rest[-1] if end else rest[0]
    return bool(abs(values[end] - near) > max(float(rest[-1] - rest[0]), 1.0) * spreads)


def _stands_apart(
    facts: Facts, values: np.ndarray[tuple[int], np.dtype[np.float64]], counts: _Counts, end: int
) -> bool:
    value, near, times = float(values[end]), float(values[-2 if end else 1]), int(counts[end])
    far = _far(values, end)
    lonely = value < 0 <= near and value in _NUMBERS
    return times >= _HEAPED and (
        (value in _NUMBERS and (far or lonely)) or (_far(values, end, 1.0) and times > facts.known / 100)
    )


def perhaps_number(facts: Facts, *, target: bool = False) -> str:
    """Name numbers that may stand for a missing value, or a cut: heaped at an end, away from the rest; else empty.

    Parameters
    ----------
    facts : Facts
        A column of numbers.
    target : bool
        Whether it is the target, whose missing values no policy of a column allows.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.data.facts import Facts
    >>> perhaps_number(Facts(pl.Series("pdays", [*range(30), 999, 999, 999, 999])))[:48]
    '999 in 4 rows, far from the next number, 29: per'

    """
    values, counts = _counted(facts)
    if len(values) < 4:
        return ""
    said = []
    then = "" if target or facts.missing else f", {_ALLOW}"
    for end in _ENDS:
        value, near, times = float(values[end]), float(values[-2 if end else 1]), int(counts[end])
        if _stands_apart(facts, values, counts, end):
            said.append(
                f"{value:.10g} in {rows(times)}, {'far from' if _far(values, end) else 'below'} the next number, "
                f'{near:.10g}: perhaps no amount but "not known"? Then add "{value:.10g}" to missing in [data] (it '
                f"counts for every column){then}"
            )
        elif _cut(counts, end, len(values)):
            where = "greatest" if end else "least"
            said.append(f"{rows(times)} hold the {where}, {value:.10g}: perhaps cut off there")
    return "; ".join(said)


def _cut(counts: _Counts, end: int, values: int) -> bool:
    """Say whether an end holds many times the rows its neighbours do, as where values were capped."""
    inner = counts[-11:-1] if end else counts[1:11]
    total = int(counts.sum())
    return (
        values > 40 and counts[end] >= _LEAST_CAPPED * total and counts[end] > _CAPPED * float(inner.max()) and end != 0
    )


def _in_numbers(facts: Facts) -> tuple[str, ...]:
    """Give the texts that are all that keeps a column from being numbers, and stand for missing ones."""
    odd = facts.strays
    if not odd or len(odd) > len(AMONG_NUMBERS) or facts.distinct <= len(odd) + 1:
        return ()
    tokens = tuple(text for text in odd if text.casefold() in AMONG_NUMBERS)
    rest = facts.stray_cells - sum(facts.counts[text] for text in tokens)
    mostly_numbers = facts.stray_cells <= 0.5 * facts.known or facts.distinct > 10 * len(odd)
    return tokens if mostly_numbers and rest <= 0.02 * facts.known else ()


def _in_labels(facts: Facts) -> tuple[str, ...]:
    if facts.numeric or facts.distinct > max(_MOST_LABELS, facts.known // 2) or facts.cells.dtype.is_temporal():
        return ()
    tokens = tuple(text for text in facts.counts if text.casefold() in ANYWHERE)
    others = [text for text in facts.counts if text not in tokens]
    codes = sum(len(text) <= 3 and text.isupper() for text in others)
    if not others or (codes > len(others) / 2 and any(text == "NA" for text in tokens)):
        return tuple(text for text in tokens if text != "NA") if others else ()
    return tokens
