"""The score: every test of every section, and the minimum of the four."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.evaluation.testscore import data, infra, model, monitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mainstay.evaluation.testscore.common import Rated
    from mainstay.evaluation.testscore.facts import Facts

Section = Literal["Data", "Model", "Infra", "Monitor"]
SECTIONS: tuple[Section, ...] = ("Data", "Model", "Infra", "Monitor")
_RATES: dict[Section, tuple[tuple[str, ...], tuple[str, ...], Callable[[Facts], tuple[Rated, ...]]]] = {
    "Data": (data.NAMES, data.COMMANDS, data.rate),
    "Model": (model.NAMES, model.COMMANDS, model.rate),
    "Infra": (infra.NAMES, infra.COMMANDS, infra.rate),
    "Monitor": (monitor.NAMES, monitor.COMMANDS, monitor.rate),
}


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 28.

    Parameters
    ----------
    section : {"Data", "Model", "Infra", "Monitor"}
        Which side of readiness.
    number : int
        1 to 7.
    name : str
        What is tested.
    points : float
        0, a half (by hand, with a record) or 1 (automated, and again each time).
    evidence : str
        What was found.
    command : str
        What shows it.
    earn : str
        What would earn what is missing; empty at a whole point.

    """

    section: Section
    number: int
    name: str
    points: float
    evidence: str
    command: str
    earn: str = ""

    @property
    def id(self) -> str:
        """``"Data 1"``."""
        return f"{self.section} {self.number}"


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a version.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Which version.
    score : float
        The minimum of the sections, 0 to 7.
    sections : dict
        Sum of each.
    tests : tuple of Test
        All 28.

    """

    model: str
    version: int
    score: float
    sections: dict[str, float]
    tests: tuple[Test, ...]


def score(name: str, facts: Facts) -> Score:
    """Compute the score of a version of the model called `name` from facts.

    References
    ----------
    Breck, Cai, Nielsen, Salib and Sculley (2017), The ML Test Score: A Rubric for ML Production Readiness and Technical
    Debt Reduction, IEEE Big Data.

    """
    tests = tuple(test for section in SECTIONS for test in _tests(section, facts))
    sums: dict[str, float] = dict.fromkeys(SECTIONS, 0.0)
    for test in tests:
        sums[test.section] += test.points
    return Score(model=name, version=facts.version, score=min(sums.values()), sections=sums, tests=tests)


def _tests(section: Section, facts: Facts) -> Iterator[Test]:
    names, commands, rate = _RATES[section]
    for place, (name, command, found) in enumerate(zip(names, commands, rate(facts), strict=True), start=1):
        yield Test(
            section=section,
            number=place,
            name=name,
            points=found.points,
            evidence=found.evidence,
            command=f"mainstay {command.format(v=facts.version)}",
            earn=found.earn.replace("{v}", str(facts.version)),
        )
