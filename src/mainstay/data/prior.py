"""`Prior`: what rows stand for where one label was sampled more than the other: the odds of the world, and weights.

Down-sampling keeps all frauds and one good payment in ten, say. Within each label nothing is changed by that, so the
odds of the world are the odds of the rows times one number (Elkan 2001, theorem 2), and each row stands for so many
records of the world as the rows of its label were thinned by.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.settings import DataSettings
    from mainstay.models.task import Task
    from mainstay.project import Project

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """How many records of the world a row stands for.

    Parameters
    ----------
    positive, negative : float
        For a row of each label; at least 1.
    share : float
        Share of positives in the world.
    seen : float
        Share of positives in the training rows.

    Examples
    --------
    >>> thinned = Prior(positive=1.0, negative=10.0, share=0.05, seen=0.345)
    >>> thinned.weigh(np.array([1.0, 0.0])).tolist(), round(thinned.odds, 2)
    ([1.0, 10.0], 0.1)

    """

    positive: float
    negative: float
    share: float
    seen: float

    @property
    def odds(self) -> float:
        """By how much the odds of the world differ from those of the rows."""
        return self.positive / self.negative

    def weigh(self, y: Floats) -> Floats:
        """Give how many records each row stands for; shape (n,)."""
        return np.where(y > 0.5, self.positive, self.negative)

    def thin(self, y: Floats, seed: int = 7) -> NDArray[np.int64]:
        """Give places of rows that are as the world is: some rows of the label that was sampled more are left out."""
        kept = self.weigh(y) / max(self.positive, self.negative)
        return np.flatnonzero(np.random.default_rng(seed).random(y.size) < kept)

    @property
    def words(self) -> str:
        """The same for a reader."""
        return (
            f"Labels were sampled unevenly: {self.seen:.3g} of the training rows are positive, {self.share:.3g} of the "
            "world are. Scores are corrected to the world, and every measure and all money weigh the rows back to it."
        )


def read_prior(project: Project, settings: DataSettings, task: Task, y: Floats) -> Prior | None:
    """Read ``[data] prior`` or ``sampled``; None where neither is set.

    Parameters
    ----------
    project : Project
        Its file is named where the setting can't be meant.
    settings : DataSettings
        The ``[data]`` section.
    task : Task
        What is predicted.
    y : array, shape (n,)
        The encoded target of the training rows.

    Raises
    ------
    ProjectError
        Where the target isn't yes or no, or ``sampled`` names no label of it.

    """
    if settings.prior is None and not settings.sampled:
        return None
    key = "prior" if settings.prior is not None else "sampled"
    if task.kind != "binary":
        said = f"speaks of a yes/no target, and '{task.target}' is none."
        raise project.file.error("data", key, said, "Remove it, or name a target with two labels.")
    seen = float(np.mean(y))
    if settings.prior is not None:
        positive, negative = settings.prior / seen, (1 - settings.prior) / (1 - seen)
        least = min(positive, negative)
        return Prior(positive / least, negative / least, settings.prior, seen)
    _refuse_other_labels(project, settings, task)
    positive, negative = (1 / settings.sampled.get(label, 1.0) for label in (task.positive, task.negative))
    share = seen * positive / (seen * positive + (1 - seen) * negative)
    return Prior(positive, negative, share, seen)


def _refuse_other_labels(project: Project, settings: DataSettings, task: Task) -> None:
    labels = (task.positive, task.negative)
    for name in settings.sampled:
        if name not in labels:
            alike = [label for label in labels if label.casefold() == name.casefold()]
            near = alike or difflib.get_close_matches(name, labels, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Its labels: '{labels[0]}' and '{labels[1]}'."
            raise project.file.error("data", "sampled", f"names '{name}', which '{task.target}' never says.", hint)
