"""The shapes of trees that are tried: LightGBM's own defaults first, then from few leaves to many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT: dict[str, float] = {"num_leaves": 31, "learning_rate": 0.1, "min_data_in_leaf": 20}
_BAGGED = {"bagging_fraction": 0.8, "bagging_freq": 1}
SHAPES: tuple[dict[str, float], ...] = (
    DEFAULT,
    {"num_leaves": 4, "learning_rate": 0.1, "min_data_in_leaf": 20, "feature_fraction": 0.6, "lambda_l2": 3},
    {"num_leaves": 8, "learning_rate": 0.06, "min_data_in_leaf": 40, "feature_fraction": 0.5, "lambda_l2": 5},
    _BAGGED
    | {"num_leaves": 16, "learning_rate": 0.06, "min_data_in_leaf": 40, "feature_fraction": 0.5, "lambda_l2": 10},
    _BAGGED
    | {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.5, "lambda_l2": 5},
    {"num_leaves": 63, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.6, "lambda_l2": 1},
)


def shapes_for(rows: int, *, timed: bool) -> tuple[Mapping[str, float], ...]:
    """Give the shapes to try on so many rows; one whose leaves so few rows could never fill isn't tried.

    In order of time no shape hides columns from its trees: what tells the present from the past (a year, a price
    level) is often one column, and a tree that doesn't see it is wrong about the future.
    """
    fitting = tuple(one for one in SHAPES if one is DEFAULT or one["num_leaves"] * one["min_data_in_leaf"] <= 2 * rows)
    if not timed:
        return fitting
    return tuple({key: value for key, value in shape.items() if key != "feature_fraction"} for shape in fitting)
