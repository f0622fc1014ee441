"""What training finds out besides a model: what a search tried, whether more rows would help, how fast a model ages."""

from __future__ import annotations

import msgspec

from mainstay.measures.finding import Finding


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One set of parameters that a search tried.

    Parameters
    ----------
    candidate : str
        Of which candidate.
    number : int
        Its place in the search, from 0.
    parameters : dict
        What was tried.
    loss : float or None
        Mean loss over the folds the search looked at (log loss, RMSE); None where it was given up before that.
    seconds : float
        How long it took.
    state : {"done", "pruned", "cut"}
        Whether it ran to its end, was given up as hopeless, or stopped by the clock.
    where : str
        ``"all rows"``, or the fold that this search never saw.

    """

    candidate: str
    number: int
    parameters: dict[str, str | int | float | bool | None]
    loss: float | None
    seconds: float = 0.0
    state: str = "done"
    where: str = "all rows"


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Of the records with about the same score: what was said, and what happened.

    Parameters
    ----------
    said : float
        Mean score.
    happened : Finding
        Share of them that were positive, with its interval and n; `where` names the scores.

    """

    said: float
    happened: Finding


class LearningPoint(msgspec.Struct, frozen=True):
    """How well the chosen recipe does with fewer rows.

    Parameters
    ----------
    rows : int
        How many it learned from, on average over the folds.
    share : float
        The same as a share of what there is to learn from.
    result : Finding
        The primary measure on rows it had not seen.

    """

    rows: int
    share: float
    result: Finding


class AgePoint(msgspec.Struct, frozen=True):
    """What a model loses by its age.

    Parameters
    ----------
    age : int
        How many periods lie between what it learned from and what it answers; the freshest is 1.
    period : str
        How long one is: ``"30 days"``.
    days : float or None
        The same in days; None where the order of the rows is no time.
    lost : Finding
        By how much a fresh model, learned from as much, does better on the same rows; in the primary measure.

    """

    age: int
    period: str
    days: float | None
    lost: Finding


class Studies(msgspec.Struct, frozen=True, kw_only=True):
    """What was studied about the chosen candidate.

    Parameters
    ----------
    learning_curve : tuple of LearningPoint
        From few rows to all.
    learning : str
        Would more rows help? A sentence; empty where it wasn't studied.
    staleness : tuple of AgePoint
        From fresh to old, on time-ordered rows.
    ageing : str
        How often to train again; a sentence.

    """

    learning_curve: tuple[LearningPoint, ...] = ()
    learning: str = ""
    staleness: tuple[AgePoint, ...] = ()
    ageing: str = ""
