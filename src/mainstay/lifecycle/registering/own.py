"""What a project brings of its own to a training: its rules (``heuristic.toml``) and its estimator (``model.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.errors import ProjectError
from mainstay.models.columns import Columns
from mainstay.models.features import read_code
from mainstay.models.features.compiled import compile_code, told
from mainstay.models.frameworks.heuristic import FILE as RULES
from mainstay.models.frameworks.heuristic import read_rules
from mainstay.training.recipes import HEURISTIC, MODEL_PY
from mainstay.training.recipes.as_it_is import take_as_it_is
from mainstay.training.recipes.estimator import fit_estimator

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data import Snapshot
    from mainstay.models.features import FeatureCode
    from mainstay.project import Project
    from mainstay.training import TrainingSettings
    from mainstay.training.lesson import Recipe

_TEMPLATE = "def model(): … return an estimator that isn't fitted."


def _made_by(code: FeatureCode) -> Callable[[], Any]:
    """Give what calls the project's function, and says in which line of theirs it fails."""
    function = compile_code(code, "model", _TEMPLATE)

    def make() -> Any:
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - the code is theirs and may fail in any way
            raise ProjectError(told(error, code), "Mend that line.") from None

    return make


def own_candidates(project: Project, snapshot: Snapshot, settings: TrainingSettings) -> dict[str, Recipe]:
    """Give the recipes of the project's own files, by the candidates' names.

    Raises
    ------
    ProjectError
        Where a file can't be used, or ``[training] candidates`` names one that isn't there.

    """
    columns, task = Columns.of(snapshot.inputs), snapshot.task
    found: dict[str, Recipe] = {}
    rules = read_code(project.root, RULES)
    if rules is not None:
        model = read_rules(rules.content, columns, task)
        found[HEURISTIC] = take_as_it_is(model, task, columns, {"rules": len(model.header.rules.rule)})
    code = read_code(project.root, MODEL_PY)
    if code is not None:
        found[MODEL_PY] = fit_estimator(_made_by(code), columns, task)
    for name, file in ((HEURISTIC, RULES), (MODEL_PY, MODEL_PY)):
        if name in settings.candidates and name not in found:
            raise ProjectError(
                f"[training] candidates names '{name}', and there is no {file} beside the project file.",
                f"Write {project.root / file}, or leave the name out.",
            )
    return found
