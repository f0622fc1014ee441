"""`Difference`: what changes for whom when one version answers instead of another."""

from __future__ import annotations

import msgspec

from mainstay.measures.finding import Finding


class Mover(msgspec.Struct, frozen=True, kw_only=True):
    """A record whose answer moved far; told by its traits alone, so that nobody can be found by it.

    Parameters
    ----------
    before, after : float
        Score of the other version and of this one.
    decided_before, decided : str
        What each decided.
    truth : str
        What really happened.
    traits : tuple of (str, str)
        The features that matter most, numbers as bands: ``("tenure", "10 to 20")``.

    """

    before: float
    after: float
    decided_before: str
    decided: str
    truth: str
    traits: tuple[tuple[str, str], ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One version against another on the same rows.

    Parameters
    ----------
    changed : Finding
        Share of decisions that change.
    segments : tuple of Finding
        The same in each segment.
    bands : tuple of Finding
        The same by the other version's score, and by what a record is worth where that differs.
    tests : tuple of Finding
        Paired tests of the advantage; the note names the test and its p-value.
    movers : tuple of Mover
        Those that moved furthest, both ways.

    """

    changed: Finding
    segments: tuple[Finding, ...] = ()
    bands: tuple[Finding, ...] = ()
    tests: tuple[Finding, ...] = ()
    movers: tuple[Mover, ...] = ()
