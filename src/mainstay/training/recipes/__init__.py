"""How each candidate is made, one file each; simplest first. A new recipe is a file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.training.recipes.do_nothing import say_the_mean
from mainstay.training.recipes.lightgbm import grow_trees
from mainstay.training.recipes.linear import fit_linear

if TYPE_CHECKING:
    from mainstay.training.lesson import Recipe

RECIPES: dict[str, Recipe] = {"do-nothing": say_the_mean, "linear": fit_linear, "lightgbm": grow_trees}

__all__ = ["RECIPES", "fit_linear", "grow_trees", "say_the_mean"]
