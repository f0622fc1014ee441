"""``[money] matrix`` and ``actions``: read as the `Choices` of a target with several classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.errors import ProjectError
from mainstay.measures.choices import Choices, cheapest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.measures.money import Money


def read_choices(labels: Sequence[str], money: Money, shares: NDArray[np.float64]) -> Choices:
    """Read what can be done about a record, and what it costs.

    A column of the matrix is an action; or a label, which stands for the action that goes with it. Without a model
    the declared default action is taken for everybody, or else the one that is cheapest at the shares of the labels.

    Parameters
    ----------
    labels : sequence of str
        The labels of the target, in the order of their codes.
    money : Money
        The ``[money]`` section.
    shares : array, shape (labels,)
        Share of each label in the training rows.

    Raises
    ------
    ProjectError
        Where a label is missing or unknown, or rows name different actions.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.measures.money import Money
    >>> money = Money(matrix={"good": {"pass": 0.0, "stop": 1.0}, "bad": {"pass": 9.0, "stop": 0.0}})
    >>> read_choices(["bad", "good"], money, np.array([0.05, 0.95])).idle
    'pass'

    """
    labels = tuple(labels)
    of_label = _actions(labels, money)
    if not money.matrix:
        return Choices(labels=labels, of_label=of_label)
    actions, costs = _matrix(labels, of_label, money)
    idle = money.default_action or actions[int(cheapest(shares[None, :], costs)[0])]
    if idle not in actions:
        raise ProjectError(
            f"[money] default_action is '{idle}', for which matrix has no column.",
            f"Use one of {', '.join(actions)}.",
        )
    return Choices(labels=labels, of_label=of_label, actions=actions, costs=costs, idle=idle)


def _actions(labels: tuple[str, ...], money: Money) -> tuple[str, ...]:
    if not money.actions:
        return labels
    _demand_labels(labels, money.actions, "actions")
    return tuple(money.actions[label] for label in labels)


def _matrix(
    labels: tuple[str, ...], of_label: tuple[str, ...], money: Money
) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    _demand_labels(labels, money.matrix, "matrix")
    columns = list(money.matrix[labels[0]])
    for label in labels:
        differing = sorted(set(columns) ^ set(money.matrix[label]))
        if differing or not columns:
            told = f"doesn't say what '{differing[0]}' costs for every label" if differing else "names no action"
            raise ProjectError(
                f"[money] matrix {told}.", f"Name the same actions for each of {', '.join(labels)}: label = {{ a = 0 }}"
            )
    meant = dict(zip(labels, of_label, strict=True)) if set(columns) == set(labels) else {}
    actions = [meant.get(column, column) for column in columns]
    rows = {label: [money.matrix[label][column] for column in columns] for label in labels}
    if len(set(actions)) < len(actions):
        return _joined(labels, actions, rows)
    return tuple(actions), tuple(tuple(rows[label]) for label in labels)


def _joined(
    labels: tuple[str, ...], actions: list[str], rows: dict[str, list[float]]
) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """Join columns of labels that share an action: they must cost the same."""
    once = tuple(dict.fromkeys(actions))
    for label, costs in rows.items():
        for action in once:
            said = {cost for name, cost in zip(actions, costs, strict=True) if name == action}
            if len(said) > 1:
                raise ProjectError(
                    f"[money] matrix says two costs of '{action}' where the truth is '{label}': "
                    f"{', '.join(f'{cost:g}' for cost in sorted(said))}.",
                    "Labels with the same action have the same costs; name the columns of matrix by action.",
                )
    return once, tuple(tuple(rows[label][actions.index(action)] for action in once) for label in labels)


def _demand_labels(labels: tuple[str, ...], said: Mapping[str, object], key: str) -> None:
    missing = [label for label in labels if label not in said]
    unknown = [label for label in said if label not in labels]
    if missing or unknown:
        told = f"leaves out the label '{missing[0]}'" if missing else f"names '{unknown[0]}', which is no label"
        raise ProjectError(f"[money] {key} {told} of the target.", f"Its labels are: {', '.join(labels)}.")
