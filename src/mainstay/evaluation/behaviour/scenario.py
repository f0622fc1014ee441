"""Scenario files: an incident becomes records and what must be answered, so that it can't come back unseen.

::

    # scenarios/loyal-customer.toml
    [scenario]
    name = "Nobody is offered a discount after six years"
    why = "We lost 12 000 EUR on customers who would have stayed."
    link = "https://example.com/incidents/12"

    [[case]]
    decision = "none"
    score = { at_most = 0.2 }
    [case.record]
    tenure = 74
    Contract = "Two year"
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.project.located import read_located

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project.located import Located

FOLDER = "scenarios"
_TABLES = ("scenario", "case")


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a score must lie."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        """Refuse a span without an end, or the wrong way round."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("says neither of at_least and at_most, and must say one")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least is {self.at_least}, which is above at_most, {self.at_most}")

    def holds(self, score: float) -> bool:
        """Say whether a score lies there."""
        return (self.at_least is None or score >= self.at_least) and (self.at_most is None or score <= self.at_most)

    @property
    def words(self) -> str:
        """The span for a reader."""
        ends = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[case]]``: a record and what must be answered.

    Parameters
    ----------
    record : table
        As a caller would send it.
    prediction, decision : str, int, float or bool, optional
        What must be predicted, or decided.
    score : Span, optional
        Where the score must lie.
    refused : bool
        Whether the contract must refuse it.

    """

    record: dict[str, Any]
    prediction: str | int | float | bool | None = None
    decision: str | int | float | bool | None = None
    score: Span | None = None
    refused: bool = False

    def __post_init__(self) -> None:
        """Refuse a case that expects nothing, or an answer to a refused record."""
        wanted = any(each is not None for each in (self.prediction, self.decision, self.score))
        if wanted == self.refused:
            said = "expects an answer of a refused record" if wanted else "expects nothing"
            raise ValueError(f"{said}: say prediction, decision and score, or refused = true")


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[scenario]`` table: what happened, and why it matters."""

    name: str = ""
    why: str = ""
    link: str = ""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario file.

    Parameters
    ----------
    name : str
        What must be so; the file's name where it says nothing.
    cases : tuple of Case
        Records and their answers.
    why, link : str
        What happened, and where that is written down.

    """

    name: str
    cases: tuple[Case, ...]
    why: str = ""
    link: str = ""


def read_scenarios(root: Path) -> tuple[tuple[Located, Scenario], ...]:
    """Read the scenario files of a project, in the order of their names.

    Raises
    ------
    ProjectError
        Naming file, line, key and what is allowed.

    """
    paths = sorted((root / FOLDER).glob("*.toml"))
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> tuple[Located, Scenario]:
    file = read_located(path)
    for name in file.tables:
        if name not in _TABLES:
            near = difflib.get_close_matches(name, _TABLES, n=1)
            raise file.error(
                name,
                "",
                "is no table of a scenario.",
                f"Did you mean {near[0]}?" if near else "Use [scenario], [[case]].",
            )
    about = file.decode("scenario", About)
    cases = file.decode_entries("case", Case)
    if not cases:
        raise file.error(
            "case", "", "is missing: a scenario needs a record and what must be answered.", "Add [[case]]."
        )
    return file, Scenario(name=about.name or path.stem, cases=cases, why=about.why, link=about.link)
