"""`Choices`: what can be done about a record of several classes, what each costs, and which costs least.

The cheapest action is the one with the least expected cost under the probabilities of the labels (Bayes' decision;
Elkan 2001, The Foundations of Cost-Sensitive Learning). A table and a single record add up in the same order, so both
decide alike to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done about a record of several classes, and what it costs.

    Parameters
    ----------
    labels : tuple of str
        The labels, in the order of the columns of scores.
    of_label : tuple of str
        The action that goes with each label.
    actions : tuple of str
        All actions, in the order of the columns of `costs`; empty where costs are unknown.
    costs : tuple of tuple of float
        For each true label what each action costs; empty where it is unknown.
    idle : str
        What is done about every record without a model; empty where costs are unknown.

    Examples
    --------
    >>> choices = Choices(
    ...     labels=("good", "bad"),
    ...     of_label=("pass", "stop"),
    ...     actions=("pass", "stop"),
    ...     costs=((0.0, 1.0), (9.0, 0.0)),
    ... )
    >>> choices.decide(np.array([0.8, 0.2]))
    'stop'

    """

    labels: tuple[str, ...]
    of_label: tuple[str, ...]
    actions: tuple[str, ...] = ()
    costs: tuple[tuple[float, ...], ...] = ()
    idle: str = ""

    @property
    def known(self) -> bool:
        """Whether it is known what an action costs."""
        return bool(self.costs)

    @property
    def taken(self) -> tuple[str, ...]:
        """Every action that may be decided on."""
        return self.actions or tuple(dict.fromkeys(self.of_label))

    def acts(self, actions: Sequence[str]) -> NDArray[np.bool_]:
        """Say which actions are another one than is taken without a model; none where that isn't known."""
        return np.asarray([bool(self.idle) and action != self.idle for action in actions], dtype=np.bool_)

    def decide(self, scores: Floats) -> str:
        """Give the action for one record: the cheapest, or that of the likeliest label where costs are unknown.

        Parameters
        ----------
        scores : array, shape (labels,)
            Probability of each label.

        """
        if not self.costs:
            return self.of_label[int(scores.argmax())]
        expected = [0.0] * len(self.actions)
        for share, row in zip(scores.tolist(), self.costs, strict=True):
            expected = [total + share * cost for total, cost in zip(expected, row, strict=True)]
        return self.actions[expected.index(min(expected))]

    def decide_all(self, scores: Floats) -> list[str]:
        """Give the action for each row of `scores`, shape (n, labels)."""
        if not self.costs:
            return [self.of_label[place] for place in scores.argmax(axis=1).tolist()]
        return [self.actions[place] for place in cheapest(scores, self.costs).tolist()]


def always(choices: Choices, action: str) -> Choices:
    """Give the choices of who does the same about every record."""
    return Choices(labels=choices.labels, of_label=(action,) * len(choices.labels), idle=choices.idle)


def expected_costs(scores: Floats, costs: Sequence[Sequence[float]]) -> Floats:
    """Give the expected cost of each action; shape (n, actions).

    Parameters
    ----------
    scores : array, shape (n, labels)
        Probability of each label.
    costs : sequence of sequence of float, shape (labels, actions)
        For each true label what each action costs.

    """
    total = np.zeros((len(scores), len(costs[0])))
    for place, row in enumerate(costs):  # one label after the other, so that one record adds up to the same bits
        total += scores[:, place, None] * np.asarray(row, dtype=np.float64)
    return total


def cheapest(scores: Floats, costs: Sequence[Sequence[float]]) -> Places:
    """Give the column of the action with the least expected cost, the first of equals; shape (n,)."""
    return np.asarray(np.argmin(expected_costs(scores, costs), axis=1), dtype=np.int64)


def spent(truth: Floats, actions: Sequence[str], choices: Choices) -> Floats:
    """Give what each record cost, given its true label and what was done about it; shape (n,).

    Parameters
    ----------
    truth : array, shape (n,)
        Codes of the true labels.
    actions : sequence of str
        What was done about each record; every one an action of `choices`.
    choices : Choices
        Knows what it costs.

    """
    place = {action: column for column, action in enumerate(choices.actions)}
    columns = np.fromiter((place[action] for action in actions), dtype=np.int64, count=len(actions))
    return np.asarray(np.asarray(choices.costs, dtype=np.float64)[truth.astype(np.int64), columns])


def saved(truth: Floats, actions: Sequence[str], choices: Choices) -> Floats:
    """Give what each record gained against doing about it what is done without a model; shape (n,)."""
    return np.asarray(spent(truth, [choices.idle] * len(truth), choices) - spent(truth, actions, choices))
