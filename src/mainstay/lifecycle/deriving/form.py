"""A version derived from another without training: put beside the baselines and the one it came from, and registered.

::

    beside      both, as candidates of a training, so that the new one is judged as every candidate is
    inherited   what only training could measure is taken over, and the report says where the version comes from
    enrolled    registry, verdict, pointer
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.lifecycle.judging import judge_version
from mainstay.lifecycle.lineage import point_to
from mainstay.models.candidate import Candidate, Training
from mainstay.training import TrainingSettings
from mainstay.training import train as fit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mainstay.data import Snapshot
    from mainstay.measures.measure import Measure
    from mainstay.measures.money import Money
    from mainstay.models.candidate import Parameter
    from mainstay.models.model import Model
    from mainstay.models.policy import Policy
    from mainstay.models.report import Report, Verdict
    from mainstay.project import Project
    from mainstay.registry import Bundle, Entry, Version
    from mainstay.release import Books

_BASELINES = ("do-nothing", "linear")


@dataclass(frozen=True)
class Derived:
    """What is made of a version.

    Parameters
    ----------
    name : str
        Of the new candidate.
    model : Model
        The new one's; the same object where only the policy is new.
    policy : Policy
        The new one's.
    money : Money
        What answers are worth.
    parameters : dict
        What is said of it beside the version it was made from.
    why : str
        Where it comes from, in sentences.

    """

    name: str
    model: Model
    policy: Policy
    money: Money
    parameters: dict[str, Parameter]
    why: str


def beside(
    project: Project, bundle: Bundle, snapshot: Snapshot, made: Derived, measures: Sequence[Measure] = ()
) -> Training:
    """Put the version and what was made of it beside the baselines; the last two candidates are these two."""
    recipe = project.section("training", TrainingSettings)
    quick = msgspec.structs.replace(recipe, candidates=_BASELINES, studies=False)
    training = fit(snapshot, quick, made.money, action=bundle.policy.action, measures=measures)
    number, was = bundle.version.number, bundle.report.candidate
    baselines = tuple(one for one in training.candidates if one.name in _BASELINES and one.name != was)
    before = _candidate(f"version {number}", bundle.model, bundle.policy, snapshot, len(baselines))
    after = _candidate(made.name, made.model, made.policy, snapshot, len(baselines) + 1)
    after = replace(after, parameters={"made_from_version": number, **made.parameters, "seed": training.seed})
    return replace(training, candidates=(*baselines, before, after), chosen=after, why=made.why)


def inherited(report: Report, bundle: Bundle, why: str, note: str) -> Report:
    """Take over what only training could measure, and say where the version comes from."""
    return msgspec.structs.replace(report, margins=bundle.report.margins, why=why, notes=(*report.notes, note))


def enrolled(books: Books, entry: Entry, *, now: dt.datetime, by: str) -> tuple[Version, Verdict, str]:
    """Register a version, let the gates judge it, and the tree name it; says what else couldn't be done."""
    version = books.registry.register(entry, now)
    verdict = judge_version(books, version.number, now=now, by=by)
    return msgspec.structs.replace(version, ok=verdict.ok), verdict, point_to(books, version)


def _candidate(name: str, model: Model, policy: Policy, snapshot: Snapshot, rank: int) -> Candidate:
    scores = model.scores(snapshot.train.X)  # nothing is chosen by them: they were learned from
    return Candidate(name, model, policy, scores, np.empty(0), rank=rank)
