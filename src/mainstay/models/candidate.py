"""`Candidate` and `Training`: what training hands to evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.models.studies import Studies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.models.model import Model
    from mainstay.models.policy import Policy
    from mainstay.models.studies import Trial
    from mainstay.models.yardstick import Yardstick

    Floats = NDArray[np.float64]
    Fit = Callable[[Floats, Floats, Floats | None], Model]
    Parameter = str | int | float | bool | None


@dataclass(frozen=True)
class Candidate:
    """A fitted model, how it was made, and how it did on the folds.

    Parameters
    ----------
    name : str
        ``"do-nothing"``, ``"linear"``, ``"lightgbm"``, ...
    model : Model
        The model, fitted on all training rows.
    policy : Policy
        From its scores to decisions, derived from the out-of-fold scores.
    fold_scores : array, shape (n_train,)
        Out-of-fold score of each training row; NaN where no fold scored it (the first block of time-ordered folds).
    losses : array, shape (folds,)
        Primary measure of each fold as a loss: lower is better.
    parameters : mapping
        What it was made with, seed included.
    seconds : float
        How long the making took.
    rank : int
        How complex it is among its siblings: the simplest is 0.
    why : str
        A sentence: why this one was chosen, or not.
    trials : tuple of Trial
        What a search for its parameters tried.

    """

    name: str
    model: Model
    policy: Policy
    fold_scores: NDArray[np.float64]
    losses: NDArray[np.float64]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    seconds: float = 0.0
    rank: int = 0
    why: str = ""
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Training:
    """What came of a training: every candidate, and the one that was chosen.

    Parameters
    ----------
    candidates : tuple of Candidate
        Simplest first.
    chosen : Candidate
        One of them.
    yardstick : Yardstick
        What they were ranked on.
    folds : str
        How the folds were cut, in words.
    why : str
        Why the chosen one, in sentences.
    seed : int
        Same snapshot, same seed: same training.
    seconds : float
        How long it took.
    studies : Studies
        Whether more rows would help, and how fast the model ages.
    notes : tuple of str
        What a reader must know of this training, as sentences: what was cut short, what beat nothing.
    in_sample : bool
        Whether the chosen one was fitted elsewhere, on rows that may be among those it is judged on.
    refit : callable, optional
        Makes the same kind of model as the chosen one, without a search, from other rows, truth and weights.

    """

    candidates: tuple[Candidate, ...]
    chosen: Candidate
    yardstick: Yardstick
    folds: str
    why: str
    seed: int
    seconds: float = 0.0
    studies: Studies = field(default_factory=Studies)
    notes: tuple[str, ...] = ()
    in_sample: bool = False
    refit: Fit | None = None

    def candidate(self, name: str) -> Candidate | None:
        """Find a candidate by name."""
        return next((candidate for candidate in self.candidates if candidate.name == name), None)
