"""The ``[training]`` section."""

from __future__ import annotations

import difflib

import msgspec

from mainstay.training.recipes import RECIPES


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[training]`` section.

    Parameters
    ----------
    candidates : tuple of str
        What to train. Doing nothing is always among them: everything is compared with it.
    measure : str
        What to rank on instead of money: a measure's name. Empty: money where it is known, else log loss or RMSE.
    folds : int
        How many folds, 2 to 20.
    seed : int
        Same data, same seed: same model.

    """

    candidates: tuple[str, ...] = ("do-nothing", "linear", "lightgbm")
    measure: str = ""
    folds: int = 5
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse what no training can use; whoever decodes the project file adds the line."""
        for name in self.candidates:
            if name not in RECIPES:
                near = difflib.get_close_matches(name, RECIPES, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(RECIPES)}"
                raise ValueError(f"candidates names '{name}', which nobody knows how to train; {hint}")
        if not 2 <= self.folds <= 20:
            raise ValueError(f"folds is {self.folds}, which must be 2 to 20")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed is {self.seed}, which must be 0 to {2**31 - 1}")
