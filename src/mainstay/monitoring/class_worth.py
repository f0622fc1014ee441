"""What answers with several classes are worth: by their outcomes, or by the probabilities of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures.choices import Choices, saved
from mainstay.measures.matrix import read_choices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.measures.money import Money
    from mainstay.models.report import Report
    from mainstay.monitoring.served import Served

    Floats = NDArray[np.float64]

_EDGE = 1e-9


def choices_in(report: Report, money: Money) -> Choices:
    """Read what could be done about a record, and what it costs, as the version of a report was trained with it."""
    return read_choices(report.policy.task.labels, money, np.asarray(report.shares, dtype=np.float64))


def realised(served: Served, choices: Choices) -> Floats | None:
    """Give what each answer saved; None where something was done whose cost isn't known."""
    done = served.decisions
    if done is None or not choices.known or not set(done) <= set(choices.actions):
        return None
    return saved(served.labels, done.tolist(), choices)


def expected(served: Served, choices: Choices) -> tuple[Floats, Floats] | None:
    """Give what each answer is expected to save, and the variance of what may come instead; None as `realised`."""
    done, shares = served.decisions, served.by_label
    if done is None or shares is None or not choices.known or not set(done) <= set(choices.actions):
        return None
    costs = np.asarray(choices.costs, dtype=np.float64)
    place = {action: column for column, action in enumerate(choices.actions)}
    columns = np.asarray([place[action] for action in done], dtype=np.int64)
    gains = costs[:, [place[choices.idle]]] - costs[:, columns]  # (labels, n): against doing nothing
    mean = (shares.T * gains).sum(axis=0)
    return mean, (shares.T * (gains - mean) ** 2).sum(axis=0)


def entropy(shares: Floats) -> tuple[Floats, Floats]:
    """Give the log loss that probabilities of shape (n, k) lead one to expect, in nats, and its variance.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.25, 0.25]]))[0].round(3)
    array([1.04])

    """
    p = np.clip(shares, _EDGE, 1.0)
    mean = -(p * np.log(p)).sum(axis=1)
    return mean, np.maximum((p * np.log(p) ** 2).sum(axis=1) - mean**2, 0.0)
