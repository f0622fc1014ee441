"""Infra: the way from rows to answers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.testscore.common import Rated, rated

if TYPE_CHECKING:
    from mainstay.evaluation.testscore.facts import Facts

NAMES = (
    "Training is reproducible",
    "Model specs are unit tested",
    "The pipeline is integration tested",
    "Quality is validated before serving",
    "The model can be debugged",
    "Models are canaried before serving",
    "Serving can be rolled back",
)
COMMANDS = (
    "version reproduce {v}",
    "version show {v}",
    "gate {v}",
    "gate {v}",
    "explain",
    "history",
    "rollback --dry-run",
)


def rate(facts: Facts) -> tuple[Rated, ...]:
    """Rate the seven, in their order."""
    served = facts.gate("can_be_served")
    tried = served is not None and bool(served.ok)
    return (
        _reproduced(facts),
        Rated(
            0.5,
            "Each model is saved, loaded and asked its golden records before it is registered.",
            "Tests of model.py or rules of your own, run on a build server.",
        ),
        rated(
            (
                tried and bool(facts.pipeline),
                1.0,
                f"{facts.pipeline} trains and gates; a fresh worker is asked each time.",
            ),
            (tried, 0.5, "A fresh worker was started on it and asked over HTTP."),
            earn="Let a build server run mainstay train and mainstay gate (.gitlab-ci.yml, .github/workflows).",
        ),
        rated(
            (facts.verdict is not None, 1.0, "Its gates judged it; a release without a passing verdict is refused."),
            earn="Judge it: mainstay gate {v}.",
        ),
        Rated(1.0, "Any answer can be explained, part by part, from the log as well."),
        rated(
            (facts.stepwise, 1.0, "It was released by a canary or in the shadow."),
            earn='mainstay release {v} --canary 10 --reason "…"',
        ),
        rated(
            (facts.rolled_back, 1.0, "A rollback was done, and is in the history."),
            (facts.releases > 1, 0.5, "There is a version to go back to; nobody has tried."),
            earn="Rehearse it: mainstay rollback --reason rehearsal, and release again.",
        ),
    )


def _reproduced(facts: Facts) -> Rated:
    written = "Seed, rows, parameters, code and dependencies are written down"
    again = facts.reproduced
    if again is None:
        return Rated(
            0.5, f"{written}; nothing was trained twice to compare.", "Make it again: mainstay version reproduce {v}"
        )
    if not again.ok:
        return Rated(0.5, f"{written}; it was made again, and isn't the same. {again.note}", "Pin what drifted.")
    return Rated(1.0, f"It was made again and compared. {again.note}")
