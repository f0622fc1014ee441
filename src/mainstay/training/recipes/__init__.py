"""How each candidate is made, one file each; simplest first. A new recipe is a file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.training.recipes.catboost import boost_catboost
from mainstay.training.recipes.do_nothing import say_the_mean
from mainstay.training.recipes.forest import grow_forest, grow_tree
from mainstay.training.recipes.lightgbm import grow_trees
from mainstay.training.recipes.linear import fit_linear
from mainstay.training.recipes.xgboost import boost_xgboost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.training.lesson import Recipe

HEURISTIC, MODEL_PY = "heuristic", "model.py"
RECIPES: dict[str, Recipe] = {
    "do-nothing": say_the_mean,
    "linear": fit_linear,
    "decision-tree": grow_tree,
    "lightgbm": grow_trees,
    "random-forest": grow_forest,
    "xgboost": boost_xgboost,
    "catboost": boost_catboost,
}
OWN = (HEURISTIC, MODEL_PY)
"""Candidates that a project brings as a file of its own."""
_ORDER = ("do-nothing", HEURISTIC, *list(RECIPES)[1:], MODEL_PY)


def line_up(wanted: Sequence[str], own: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Give the recipes of a training, simplest first: doing nothing, what is wanted, and the project's own.

    Examples
    --------
    >>> list(line_up(["lightgbm", "linear"], {"heuristic": say_the_mean}))
    ['do-nothing', 'heuristic', 'linear', 'lightgbm']

    """
    named = {name: recipe for name, recipe in RECIPES.items() if name == "do-nothing" or name in wanted}
    every = named | dict(own)
    return dict(sorted(every.items(), key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER)))


__all__ = [
    "HEURISTIC",
    "MODEL_PY",
    "OWN",
    "RECIPES",
    "boost_catboost",
    "boost_xgboost",
    "fit_linear",
    "grow_forest",
    "grow_tree",
    "grow_trees",
    "line_up",
    "say_the_mean",
]
