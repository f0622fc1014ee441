"""Monitor: whether anybody would notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluation.testscore.common import Rated, rated

if TYPE_CHECKING:
    from mainstay.evaluation.testscore.facts import Facts

NAMES = (
    "Dependency changes notify",
    "Data invariants hold in training and serving",
    "Training and serving are not skewed",
    "Models are not too stale",
    "The model is numerically stable",
    "Computing has not regressed",
    "Prediction quality has not regressed",
)
COMMANDS = ("gate {v}", "monitor", "monitor", "gate {v}", "monitor", "gate {v}", "monitor")
_WATCH = "Run the controller: mainstay operate."


def rate(facts: Facts) -> tuple[Rated, ...]:
    """Rate the seven, in their order."""
    looked = facts.looked
    budget = facts.settings.max_p99_ms is not None or facts.settings.max_p50_ms is not None
    aged, measured = facts.reported("data_recent") is not None, facts.reported("latency_p99") is not None
    skew = facts.gate("no_skew") is not None
    return (
        rated(
            (
                facts.gate("dependencies_there") is not None,
                1.0,
                "A gate names what changed since the champion and here.",
            ),
            earn="Judge it: mainstay gate {v}.",
        ),
        rated(
            (
                looked.get("quality", 0) > 0,
                1.0,
                f"{looked.get('quality', 0)} findings about live records are in the log.",
            ),
            (facts.releases > 0, 0.5, "Requests are held to the contract; nobody looks at how often they break it."),
            earn=_WATCH,
        ),
        rated(
            (
                skew and looked.get("skew", 0) > 0,
                1.0,
                "Held-out rows before each verdict, and live ones, are recomputed.",
            ),
            (skew, 0.5, "Held-out rows were read as requests, and gave the same bits."),
            earn=_WATCH,
        ),
        rated(
            (aged and bool(facts.settings.max_age), 1.0, "A gate judges the age of the newest row."),
            (aged, 0.5, "The age of the newest row is reported, and has no limit."),
            earn='[evaluation] max_age = "30d"',
        ),
        rated(
            (
                looked.get("system", 0) > 0,
                1.0,
                "Scores that aren't finite are never answered, and refusals are watched.",
            ),
            (True, 0.5, "Scores that aren't finite are never answered."),
            earn=_WATCH,
        ),
        rated(
            (measured and budget, 1.0, "A gate holds latency on the real serving path to its budget."),
            (measured, 0.5, "Latency and memory are measured on the real serving path, without a limit."),
            earn="[evaluation] max_p99_ms and max_memory_mb.",
        ),
        rated(
            (
                looked.get("performance", 0) > 0,
                1.0,
                f"{looked.get('performance', 0)} findings about live quality are in the log.",
            ),
            earn=f"{_WATCH} Hand in outcomes: mainstay feedback FILE.",
        ),
    )
