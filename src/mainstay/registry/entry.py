"""`Entry`: everything a version is made of, on its way into the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.contract import Contract, Profile
    from mainstay.measures.money import Money
    from mainstay.models.candidate import Candidate
    from mainstay.models.features import Features
    from mainstay.models.report import Report
    from mainstay.project import Problem
    from mainstay.registry.golden import Golden
    from mainstay.registry.lineage import Lineage


@dataclass(frozen=True)
class Entry:
    """Everything a version is made of.

    Parameters
    ----------
    name : str
        Name of the model.
    candidate : Candidate
        The chosen one.
    report : Report
        What was measured about it.
    contract : Contract
        What a record must look like.
    profile : Profile
        How the training rows were spread: the reference for drift.
    money : Money
        What answers are worth.
    problem : Problem
        What is decided, by whom.
    lineage : Lineage
        Where it comes from.
    golden : tuple of Golden
        At most 20.
    parent : int, optional
        The version that is champion now.
    features : Features, optional
        Its feature code, where it has some.
    made : str
        How: see `Version`.
    code : tuple of (str, bytes)
        Files of the project that the bundle keeps, by their names in it: see `mainstay.registry.code.Code`.
    shares : Path, optional
        The folder of a bundle whose model this one has: its files are linked where that can be, else copied.
    surroundings : tuple of (str, str)
        How the project is deployed and watched, in words, for the card.

    """

    name: str
    candidate: Candidate
    report: Report
    contract: Contract
    profile: Profile
    money: Money
    problem: Problem
    lineage: Lineage
    golden: tuple[Golden, ...] = ()
    parent: int | None = None
    features: Features | None = None
    made: str = "trained"
    code: tuple[tuple[str, bytes], ...] = ()
    shares: Path | None = None
    surroundings: tuple[tuple[str, str], ...] = ()
