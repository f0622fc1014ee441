"""`Profile`: what happened in a slice of time, as counts and sums that can be added to those of any other slice."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.events.profiles.exact import WHOLE, Moments, add_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SCORES = "(scores)"
"""Under which name the scores are counted in the bins of the version's own."""

V = TypeVar("V")


class Key(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Whose answers.

    Parameters
    ----------
    version : int
        Version that answered; 0 where a request was refused before one was chosen.
    role : str
        Its role.
    drawn : bool
        Whether chance chose it.
    consumer : str
        Name of the API key; empty where none was asked for.
    segment, value : str
        A segment column and its value; both empty for all answers together.

    """

    version: int
    role: str
    drawn: bool = False
    consumer: str = ""
    segment: str = ""
    value: str = ""


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How many lines there are, and how many answers they stand for, in millionths."""

    lines: int = 0
    weight: int = 0

    @property
    def answers(self) -> float:
        """How many answers the lines stand for."""
        return self.weight / WHOLE


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How often a decision met a label."""

    label: str
    decision: str
    count: Count


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """How the values of a feature fell into the bins of the version's reference profile."""

    counts: tuple[int, ...]
    missing: int


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to the answers of one key.

    Parameters
    ----------
    answers, degraded, fallback, control : Count
        All of them; those where a policy had to help; where the fallback answered; of the control share.
    labelled, followed, unfollowed : Count
        Those whose truth is known; whose decision was done, or not done, as far as somebody told.
    refused : int
        Requests that were refused.
    latency, scores : dict of int to int
        Weight by bin (`bins.log_bins` of microseconds; `bins.share_bins` of probabilities, `log_bins` of amounts).
    score : Moments
        Of the scores.
    outcomes : tuple of Outcome
        Labels by decisions; none of amounts.
    label : Moments
        Of amounts that came true.
    kpis, sums : dict of str to Moments
        Business numbers, and what the reader wanted summed, by name.
    spreads : dict of str to Spread
        The watched features, by the bins of the version's own reference; of whole keys alone.

    """

    answers: Count = Count()
    degraded: Count = Count()
    fallback: Count = Count()
    control: Count = Count()
    labelled: Count = Count()
    followed: Count = Count()
    unfollowed: Count = Count()
    refused: int = 0
    latency: dict[int, int] = {}
    scores: dict[int, int] = {}
    score: Moments = Moments()
    outcomes: tuple[Outcome, ...] = ()
    label: Moments = Moments()
    kpis: dict[str, Moments] = {}
    sums: dict[str, Moments] = {}
    spreads: dict[str, Spread] = {}


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A key and its cell."""

    key: Key
    cell: Cell


class Profile(msgspec.Struct, frozen=True):
    """What happened in a slice of time, by key; in the order of the keys."""

    rows: tuple[Row, ...] = ()

    def cells(self) -> dict[Key, Cell]:
        """Give the cells by key."""
        return {row.key: row.cell for row in self.rows}

    def whole(self) -> tuple[Row, ...]:
        """Give the rows of all answers together, without those by segment."""
        return tuple(row for row in self.rows if not row.key.segment)


def profile_of(cells: Mapping[Key, Cell]) -> Profile:
    """Make a profile of cells."""
    return Profile(tuple(Row(key, cells[key]) for key in sorted(cells)))


def merge(*profiles: Profile) -> Profile:
    """Add profiles up; the order changes nothing, to the last bit.

    Examples
    --------
    >>> one = profile_of({Key(1, "champion"): Cell(answers=Count(2, 2 * WHOLE))})
    >>> merge(one, one).rows[0].cell.answers.answers
    4.0

    """
    found: dict[Key, list[Cell]] = {}
    for profile in profiles:
        for row in profile.rows:
            found.setdefault(row.key, []).append(row.cell)
    return profile_of({key: merge_cells(cells) for key, cells in found.items()})


def merge_cells(cells: Iterable[Cell]) -> Cell:
    """Add cells up."""
    return reduce(_add, cells)


def add_counts(a: Count, b: Count) -> Count:
    """Add two counts."""
    return Count(a.lines + b.lines, a.weight + b.weight)


def _add(a: Cell, b: Cell) -> Cell:
    return Cell(
        answers=add_counts(a.answers, b.answers),
        degraded=add_counts(a.degraded, b.degraded),
        fallback=add_counts(a.fallback, b.fallback),
        control=add_counts(a.control, b.control),
        labelled=add_counts(a.labelled, b.labelled),
        followed=add_counts(a.followed, b.followed),
        unfollowed=add_counts(a.unfollowed, b.unfollowed),
        refused=a.refused + b.refused,
        latency=_both(a.latency, b.latency, int.__add__),
        scores=_both(a.scores, b.scores, int.__add__),
        score=add_moments(a.score, b.score),
        outcomes=outcomes_of(_both(_by_pair(a), _by_pair(b), add_counts)),
        label=add_moments(a.label, b.label),
        kpis=_both(a.kpis, b.kpis, add_moments),
        sums=_both(a.sums, b.sums, add_moments),
        spreads=_both(a.spreads, b.spreads, _add_spreads),
    )


def outcomes_of(counts: Mapping[tuple[str, str], Count]) -> tuple[Outcome, ...]:
    """Make outcomes of counts by label and decision."""
    return tuple(Outcome(label, decision, counts[label, decision]) for label, decision in sorted(counts))


def _by_pair(cell: Cell) -> dict[tuple[str, str], Count]:
    return {(outcome.label, outcome.decision): outcome.count for outcome in cell.outcomes}


def _add_spreads(a: Spread, b: Spread) -> Spread:
    counts = tuple(map(int.__add__, a.counts, b.counts))
    return Spread(counts, a.missing + b.missing)


Name = TypeVar("Name")


def _both(a: Mapping[Name, V], b: Mapping[Name, V], add: Callable[[V, V], V]) -> dict[Name, V]:
    found = dict(a)
    for name, value in b.items():
        found[name] = add(found[name], value) if name in found else value
    return found
