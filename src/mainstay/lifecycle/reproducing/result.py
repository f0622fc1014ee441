"""What a reproduction found: what was compared, and which inputs weren't what they were."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["bit for bit", "equal answers", "answers checked", "different answers", "not possible"]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """An input that isn't what it was.

    Parameters
    ----------
    kind : str
        ``"data"``, ``"code"``, ``"package"``, ``"python"``, ``"platform"``, ``"processor"``, ``"cores"``,
        ``"parameters"`` or ``"mainstay"``.
    name : str
        Which one: a file, a distribution, a parameter.
    recorded, found : str
        What it was, and what it is.

    """

    kind: str
    name: str
    recorded: str
    found: str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measure of both reports."""

    measure: str
    recorded: float | None
    found: float | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What the two models were compared by.

    Parameters
    ----------
    same, other : tuple of str
        Files of the model that are equal to the byte, and those that aren't.
    golden : int
        Golden records that both answered.
    apart : float
        By how much their scores differ at most there.
    held_out : int
        Held-out rows that both answered; 0 where that wasn't needed, or couldn't be.
    held_out_apart : float
        By how much their scores differ at most there.
    tolerance : float
        How far a score may be from the recorded one.
    close : bool
        Whether every score is within it.
    measures : tuple of Measured
        The report's measures, those first that differ.

    """

    same: tuple[str, ...]
    other: tuple[str, ...]
    golden: int
    apart: float
    tolerance: float
    close: bool
    held_out: int = 0
    held_out_apart: float = 0.0
    measures: tuple[Measured, ...] = ()


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """What came of making a version again.

    Parameters
    ----------
    model, version : str and int
        Which one.
    ok : bool
        Whether it was reproduced.
    outcome : str
        How: see `said`.
    where : {"fresh environment", "this environment"}
        Where it was made again.
    trouble : str
        Why it couldn't be made again; empty where it could.
    compared : Compared or None
        How the two models compare; None where none was made.
    drifts : tuple of Drift
        Inputs that aren't what they were.
    notes : tuple of str
        What else a reader must know.
    seconds : float
        How long it took.

    """

    model: str
    version: int
    ok: bool
    outcome: Outcome
    where: Literal["fresh environment", "this environment"]
    trouble: str = ""
    compared: Compared | None = None
    drifts: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def said(self) -> str:
        """What came of it, in a few words."""
        made = self.compared
        if self.outcome == "bit for bit":
            return "reproduced bit for bit"
        if self.outcome == "equal answers" and made is not None:
            rows = f" and {made.held_out} held-out rows" if made.held_out else ""
            return f"reproduced: equal answers within {made.tolerance:g} on {made.golden} golden records{rows}"
        if self.outcome == "answers checked":
            return "not made again, but its golden records are answered as they were"
        if self.outcome == "different answers" and made is not None:
            return f"not reproduced: scores differ by up to {max(made.apart, made.held_out_apart):.3g}"
        return f"not reproduced: {self.trouble}"
