"""Data: features and the rows they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract.personal import personal_in
from mainstay.evaluation.testscore.common import Rated, rated

if TYPE_CHECKING:
    from mainstay.evaluation.testscore.facts import Facts

NAMES = (
    "Feature expectations are captured in a schema",
    "All features are beneficial",
    "No feature costs too much",
    "Features keep to meta-level requirements",
    "The pipeline has privacy controls",
    "New features can be added quickly",
    "All feature code is tested",
)
COMMANDS = ("check", "version show {v}", "version show {v}", "check", "check", "history", "version show {v}")


def rate(facts: Facts) -> tuple[Rated, ...]:
    """Rate the seven, in their order."""
    features = facts.contract.features
    sourced = bool(features) and all(column.source and column.owner for column in features)
    personal = any(column.personal for column in facts.contract.columns)
    kept = bool(personal_in(facts.contract)) and facts.contract.entity is not None
    skew = facts.gate("no_skew")
    ablated, shuffled = bool(facts.report.ablation), bool(facts.report.influences)
    costs = any(one.missing is not None for one in facts.report.ablation)
    return (
        Rated(1.0, f"contract.toml holds {len(facts.contract.columns)} columns, compiled for tables and requests."),
        rated(
            (ablated, 1.0, "Each training leaves doubtful features out, refits and names those that don't help."),
            (shuffled, 0.5, "Features were shuffled one by one; none was left out."),
            earn="Train again: features are left out one by one.",
        ),
        rated(
            (costs, 1.0, "Each training says what features cost: missing values, who owns them, where they come from."),
            earn="Train again: the cost of each feature is in the report.",
        ),
        rated(
            (facts.settings.describe and sourced, 1.0, "Every feature has owner and source, and a gate demands it."),
            (sourced, 0.5, "Every feature has owner and source."),
            earn="Write owner, description and source of each feature in contract.toml; [evaluation] describe = true.",
        ),
        rated(
            (kept, 1.0, "Personal features are encrypted in the log under their person's key, or never written there."),
            (personal, 0.5, "Personal columns are marked; identifiers are hashed before they are logged."),
            (True, 0.5, "Identifiers are hashed with a key before they are logged."),
            earn="Mark personal features in contract.toml, and the column that says whom a record is about.",
        ),
        rated(
            (facts.lead_hours is not None, 0.5, f"From training to the first answer: {facts.lead_hours or 0:.1f} h."),
            earn="Release a version: the time from training to answering is measured.",
        ),
        _feature_code(facts, skewless=skew is not None and bool(skew.ok)),
    )


def _feature_code(facts: Facts, *, skewless: bool) -> Rated:
    return rated(
        (not facts.feature_code, 1.0, "There is no feature code: the model sees what the contract says."),
        (facts.feature_tests and bool(facts.pipeline), 1.0, f"Tests of features.py run in {facts.pipeline}."),
        (facts.feature_tests, 0.5, "There are tests of features.py."),
        (skewless, 0.5, "Its values in training and in requests are compared, to the bit, before each verdict."),
        earn="Write tests/test_features.py, and run it on your build server.",
    )
