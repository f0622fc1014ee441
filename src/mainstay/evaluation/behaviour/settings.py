"""Behaviour tests as the project file declares them: invariance, directional expectation, minimum functionality.

::

    [[evaluation.invariance]]
    change = { column = "gender", to = ["Female", "Male"] }
    tolerance = 0.02

    [[evaluation.directional]]
    column = "tenure"
    by = 12
    expect = "down"

    [[evaluation.minimum]]
    file = "cases/obvious.csv"
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec

Cell = str | int | float | bool
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Tolerance = Annotated[float, msgspec.Meta(ge=0)]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a record is changed: exactly one of the ways.

    Parameters
    ----------
    column : str
        What is changed.
    to : value or list of values
        Each record is tried with each of them.
    swap : bool
        It gets the value of another record, drawn at random.
    noise : float
        A number is moved at random, by a normal step of this many standard deviations of the training rows.
    typo : bool
        A text or label is misspelled: two letters change places, one is lost or doubled.
    missing : bool
        The value is taken away.

    """

    column: str
    to: Cell | tuple[Cell, ...] = ()
    swap: bool = False
    noise: Tolerance = 0.0
    typo: bool = False
    missing: bool = False

    def __post_init__(self) -> None:
        """Refuse a change that is none, or several."""
        ways = (self.to != (), self.swap, self.noise > 0, self.typo, self.missing)
        if sum(ways) != 1:
            said = "none" if not any(ways) else "several"
            raise ValueError(f"says {said} of to, swap, noise, typo and missing, and must say one")
        if not math.isfinite(self.noise):
            raise ValueError("noise must be a finite number")

    @property
    def values(self) -> tuple[Cell, ...]:
        """The values of `to`."""
        return self.to if isinstance(self.to, tuple) else (self.to,)

    @property
    def words(self) -> str:
        """The change for a reader."""
        if self.to != ():
            return f"{self.column} to {', '.join(map(_spelled, self.values))}"
        if self.noise:
            return f"{self.column} with noise of {self.noise:g} spreads"
        return f"{self.column} {'of another record' if self.swap else 'misspelled' if self.typo else 'missing'}"


class Invariance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[evaluation.invariance]]``: a change that must not matter.

    Parameters
    ----------
    change : Change
        What is changed in held-out records.
    name : str
        For the reader; the change itself where empty.
    tolerance : float
        How far a score may move: a probability, or in the unit of the target.
    keep : {"score", "decision"}
        What must stay: the score within the tolerance, or the decision alone.
    at_least : float
        Share of the records that must pass.

    """

    change: Change
    name: str = ""
    tolerance: Tolerance = 0.0
    keep: Literal["score", "decision"] = "score"
    at_least: Share = 0.95


class Directional(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[evaluation.directional]]``: a change after which the score must move one way, or stay.

    Parameters
    ----------
    column : str
        What is changed in held-out records.
    expect : {"up", "down"}
        Where the score must go.
    by : float
        Added to a number. A value that would leave the contract's range stops at its end.
    to : value or list of values
        Or what the column is set to; each record is tried with each of them.
    name : str
        For the reader.
    tolerance : float
        How far the score may move the wrong way.
    at_least : float
        Share of the records that must pass.

    """

    column: str
    expect: Literal["up", "down"]
    by: float = 0.0
    to: Cell | tuple[Cell, ...] = ()
    name: str = ""
    tolerance: Tolerance = 0.0
    at_least: Share = 0.95

    def __post_init__(self) -> None:
        """Refuse an expectation without a change, or with two."""
        if (self.by != 0) == (self.to != ()):
            raise ValueError(f"says {'both' if self.by else 'neither'} of by and to, and must say one")
        if not math.isfinite(self.by):
            raise ValueError("by must be a finite number")

    @property
    def values(self) -> tuple[Cell, ...]:
        """The values of `to`."""
        return self.to if isinstance(self.to, tuple) else (self.to,)

    @property
    def words(self) -> str:
        """The expectation for a reader."""
        change = f"{self.by:+g}" if self.by else f"to {', '.join(map(_spelled, self.values))}"
        return self.name or f"{self.column} {change}: {self.expect}"


class Minimum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[evaluation.minimum]]``: records so plain that the model must get them right.

    Parameters
    ----------
    file : str
        A table below the project's folder, with the target among its columns, or `expect`.
    records : list of tables
        Or the records themselves.
    expect : value, optional
        What must be predicted for each of them: a label, or an amount; instead of the target.
    decision : str
        What must be decided for each of them, instead.
    tolerance : float
        How far a predicted amount may be off.
    name : str
        For the reader; the file's name where empty.
    at_least : float
        Share of the records that must pass.

    """

    file: str = ""
    records: tuple[dict[str, Any], ...] = ()
    expect: Cell | None = None
    decision: str = ""
    tolerance: Tolerance = 0.0
    name: str = ""
    at_least: Share = 1.0

    def __post_init__(self) -> None:
        """Refuse no records at all, or two sources of them."""
        if bool(self.file) == bool(self.records):
            raise ValueError(f"says {'both' if self.file else 'neither'} of file and records, and must say one")
        if self.expect is not None and self.decision:
            raise ValueError("says both of expect and decision, and must say one")

    @property
    def words(self) -> str:
        """The test for a reader."""
        plural = "s" * (len(self.records) != 1)
        return self.name or self.file or f"{len(self.records)} plain record{plural}"


def _spelled(value: Cell) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
