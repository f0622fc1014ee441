"""The ``[training]`` section."""

from __future__ import annotations

import difflib
from typing import Literal

import msgspec

from mainstay.training.gap import read_gap
from mainstay.training.recipes import OWN, RECIPES

_DAY = 86_400


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[training]`` section.

    Parameters
    ----------
    candidates : tuple of str
        What to train. Doing nothing is always among them: everything is compared with it. A project's own
        ``heuristic.toml`` and ``model.py`` join where they are there.
    measure : str
        What to rank on instead of money: a measure's name. Empty: money where it is known, else log loss or RMSE.
    folds : int
        How many folds, 2 to 20.
    seed : int
        Same data, same seed: same model.
    budget : float
        Seconds the whole training may take, 1 to 86 400. It is kept by counting work at the speed of a modest machine,
        not by the clock, so the same seed gives the same model anywhere: fewer folds, shapes and trees, and a sample
        for the search, where the table is large. What was cut is said in the report.
    search : {"shapes", "optuna"}
        How parameters are looked for: a handful of shapes with the defaults among them, or a search that spends the
        budget (say ``budget = 60``), on nested folds, every trial kept in the report.
    gap : str or int
        In order of time: what is left out between the rows a fold learns from and those it is scored on, as a number
        of rows or a duration (``"7d"``); as long as it takes until the truth is known.
    class_weight : "balanced" or empty
        Let every label weigh the same in a fit. The scores are corrected back to probabilities afterwards, and the
        threshold follows the costs, so it is seldom needed.
    calibrate : bool
        Whether a curve may be put on scores where it helps on rows that had no say in it.
    studies : bool
        Whether the learning curve, and on time-ordered rows the study of ageing, are made.

    """

    candidates: tuple[str, ...] = ("do-nothing", "linear", "lightgbm")
    measure: str = ""
    folds: int = 5
    seed: int = 7
    budget: float = 20.0
    search: Literal["shapes", "optuna"] = "shapes"
    gap: str | int = ""
    class_weight: Literal["", "balanced"] = ""
    calibrate: bool = True
    studies: bool = True

    def __post_init__(self) -> None:
        """Refuse what no training can use; whoever decodes the project file adds the line."""
        known = (*RECIPES, *OWN)
        for name in self.candidates:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
                raise ValueError(f"candidates names '{name}', which nobody knows how to train; {hint}")
        if not 2 <= self.folds <= 20:
            raise ValueError(f"folds is {self.folds}, which must be 2 to 20")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed is {self.seed}, which must be 0 to {2**31 - 1}")
        if not 1 <= self.budget <= _DAY:
            raise ValueError(f"budget is {self.budget:g}, which must be 1 to {_DAY} seconds")
        read_gap(self.gap)
