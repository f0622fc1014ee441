"""`Declared`: everything a project says about how its model is to be judged, read and found to be possible."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.evaluation.behaviour.cases import Cases, read_cases
from mainstay.evaluation.inclusion.groups import refuse_unknown_groups
from mainstay.measures.catalogue import measure_of, measures_of
from mainstay.models.own_measures import read_own_measures, try_measures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.data.snapshot import Snapshot
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.measures.measure import Measure
    from mainstay.models.task import Task
    from mainstay.project import Project


@dataclass(frozen=True)
class Declared:
    """What was declared.

    Parameters
    ----------
    cases : Cases
        Plain records and scenarios.
    own : tuple of Measure
        Measures beside those every report has: the project's own, and those with a parameter.

    """

    cases: Cases = field(default_factory=Cases)
    own: tuple[Measure, ...] = ()


def read_declared(project: Project, settings: EvaluationSettings, snapshot: Snapshot) -> Declared:
    """Read what lies beside the project file, and refuse, before anything is trained, what can't be meant.

    Raises
    ------
    ProjectError
        Naming file, line and key, or the line of ``measures.py``.

    """
    task, train = snapshot.task, snapshot.train
    own = read_own_measures(project.root, task.kind)
    try_measures(own, train.y, train.frame, len(task.labels))
    refuse_unknown_groups(project, settings, snapshot.test.frame.columns)
    cases = read_cases(project, settings, snapshot.contract, task)
    return Declared(cases, (*own, *_named(project, settings, task, own)))


def _named(project: Project, settings: EvaluationSettings, task: Task, own: Sequence[Measure]) -> Iterator[Measure]:
    """Give the measures with a parameter that are named: to be shown, to be ranked on, or as the owner's target."""
    usual = {one.name for one in (*measures_of(task.kind), *own)}
    for name in settings.measures:
        if name not in usual and measure_of(name, task.kind) is None:
            near = difflib.get_close_matches(name, usual, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known are {', '.join(sorted(usual))}, pinball(0.9)."
            raise project.file.error("evaluation", "measures", f"names '{name}', which is no measure.", hint)
    success = project.problem.success
    names = (*settings.measures, success.measure if success else "", project.file.table("training").get("measure", ""))
    for name in dict.fromkeys(names):
        found = measure_of(name, task.kind) if isinstance(name, str) else None
        if found is not None and found.name not in usual:
            yield found
