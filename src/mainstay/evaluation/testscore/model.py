"""Model: what was learned, and how it was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.testscore.common import Rated, rated

if TYPE_CHECKING:
    from mainstay.evaluation.testscore.facts import Facts

NAMES = (
    "Model specs are reviewed and committed",
    "Offline and online metrics correlate",
    "All hyper-parameters are tuned",
    "The impact of staleness is known",
    "A simpler model is not better",
    "Quality is sufficient on important slices",
    "The model was tested for inclusion",
)
COMMANDS = (
    "version card {v}",
    "data gap {v}",
    "version show {v}",
    "version show {v}",
    "gate {v}",
    "gate {v}",
    "version show {v}",
)
_FEW_VERSIONS = 3


def rate(facts: Facts) -> tuple[Rated, ...]:
    """Rate the seven, in their order."""
    report = facts.report
    searched = sum(one.name not in {"do-nothing", "heuristic"} for one in report.contenders)
    sliced = facts.gate("no_segment_harmed") or facts.gate("no_slice_harmed") or facts.gate("worst_slice")
    asked = facts.settings.approve > 0
    return (
        rated(
            (asked and facts.committed and facts.approvals > 0, 1.0, "Trained on a commit; a gate asks for approval."),
            (facts.approvals > 0, 0.5, f"{facts.approvals} people approved it."),
            (facts.committed, 0.5, "Trained on a commit, with nothing changed since."),
            earn="Commit before training, and set [evaluation] approve = 1.",
        ),
        rated(
            (
                facts.realised >= _FEW_VERSIONS,
                1.0,
                f"Live outcomes of {facts.realised} versions are beside offline ones.",
            ),
            (facts.realised > 0, 0.5, f"Live outcomes of {facts.realised} versions are known: too few to correlate."),
            earn="Hand in outcomes (mainstay feedback) of three versions.",
        ),
        rated(
            (bool(report.trials), 1.0, f"{len(report.trials)} sets of parameters were tried on folds."),
            (searched > 1, 0.5, f"{searched} candidates were compared; none was searched."),
            earn="Let [training] search: candidates with a budget.",
        ),
        rated(
            (bool(report.staleness), 1.0, "Old models were held against newer rows: the report says what age costs."),
            earn='Split by time ([data] split_by = { time = "…" }) and train again.',
        ),
        rated(
            (
                facts.gate("beats_doing_nothing") is not None,
                1.0,
                "Gates hold it against doing nothing and a linear model.",
            ),
            earn="Judge it: mainstay gate {v}.",
        ),
        rated(
            (sliced is not None, 1.0, "A gate judges declared segments and slices that were found."),
            (bool(report.segments), 0.5, "Segments were measured, and too small to judge."),
            earn="Declare [data] segments, with enough rows each.",
        ),
        rated(
            (facts.gate("inclusive") is not None, 1.0, "A gate judges the gaps between groups of sensitive columns."),
            (bool(report.inclusion), 0.5, "Rates of groups of sensitive columns were measured; no gap is declared."),
            earn="Mark columns sensitive = true in contract.toml, and declare [evaluation] max_gap.",
        ),
    )
