"""What a foreign model says, held to what a `Model` says: shape, range, sum and the order of the labels.

Whatever was made elsewhere is asked through here, each time, so that a fault of it is a sentence and never a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.errors import InputError
from mainstay.models.columns import label_text
from mainstay.render.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

OFF = 1e-3
"""How far probabilities may be from one in sum: single precision over many classes comes nowhere near it."""


def labels_of(task: Task) -> tuple[str, ...]:
    """Give the labels of a task by their codes: of a yes/no question the negative one first; of an amount none.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> labels_of(Task(kind="binary", target="churn", positive="Yes", negative="No"))
    ('No', 'Yes')

    """
    if task.kind == "binary":
        return (task.negative, task.positive)
    return task.labels


def label_order(classes: Iterable[object], task: Task) -> tuple[int, ...]:
    """Say in which columns an estimator has the probabilities of a task's labels.

    Parameters
    ----------
    classes : iterable
        The estimator's classes, in the order of its columns: texts, numbers or truths.
    task : Task
        A yes/no question, or several classes.

    Returns
    -------
    tuple of int
        For each label of the task the column.

    Raises
    ------
    InputError
        Where they aren't the same labels.

    Examples
    --------
    >>> from mainstay.models.task import Task
    >>> label_order(["Yes", "No"], Task(kind="binary", target="churn", positive="Yes", negative="No"))
    (1, 0)

    """
    known = [label_text(one) for one in classes]
    wanted = labels_of(task)
    if sorted(known) == sorted(wanted):
        return tuple(known.index(label) for label in wanted)
    raise InputError(
        f"The model knows the labels {_listed(known)}; the target '{task.target}' says {_listed(wanted)}.",
        "Fit it on the labels as the table writes them, or give the table the labels it was fitted on.",
    )


def wrapper_order(estimator: Any, task: Task, cure: str) -> tuple[int, ...]:
    """Give `label_order` of a framework's wrapper in the manner of scikit-learn; nothing where it says amounts.

    Parameters
    ----------
    estimator : object
        The wrapper.
    task : Task
        What it has to answer.
    cure : str
        Which wrapper answers which question.

    Raises
    ------
    InputError
        Where it isn't fitted, or answers another kind of question, or knows other labels.

    """
    name = type(estimator).__name__
    if not estimator.__sklearn_is_fitted__():
        raise InputError(f"The {name} isn't fitted.", "Call its fit first.")
    classes = getattr(estimator, "classes_", None)
    if (classes is None) != (task.kind == "regression"):
        raise InputError(f"A {name} doesn't answer a {task.kind} question.", cure)
    return () if classes is None else label_order(classes, task)


def amounts(said: object, n: int) -> Floats:
    """Take predicted amounts: one number per row.

    Parameters
    ----------
    said : array-like, shape (n,) or (n, 1)
        What the model said.
    n : int
        How many rows it was asked about.

    Raises
    ------
    InputError
        Where it is of another shape, or holds what is no number.

    """
    found = _numbers(said)
    if found.shape == (n, 1):
        found = found[:, 0]
    if found.shape != (n,):
        raise InputError(
            f"The model answers {counted(n, 'row')} with an array of shape {found.shape}, not ({n},).",
            "It must give one amount per row, in their order.",
        )
    _refuse_gaps(found, "amounts")
    return found


def probabilities(said: object, n: int, order: Sequence[int]) -> Floats:
    """Take predicted probabilities, and put them in the order of the task's labels.

    Parameters
    ----------
    said : array-like, shape (n, classes); of a yes/no question also (n,) or (n, 1), the probability of yes
        What the model said.
    n : int
        How many rows it was asked about.
    order : sequence of int
        For each label of the task the column it stands in; two of them are a yes/no question.

    Returns
    -------
    array, shape (n,) or (n, classes)
        Of a yes/no question the probability of yes.

    Raises
    ------
    InputError
        Where it is of another shape, or its numbers are no probabilities.

    """
    found = _numbers(said)
    binary = len(order) == 2
    if binary and found.shape in ((n,), (n, 1)):
        return _within(found.reshape(n))
    if found.shape != (n, len(order)):
        also = f" or ({n},)" if binary else ""
        raise InputError(
            f"The model answers {counted(n, 'row')} with an array of shape {found.shape}, "
            f"not ({n}, {len(order)}){also}.",
            "It must give the probability of each label for every row, in their order"
            + (", or the probability of yes." if binary else "."),
        )
    found = _within(found)
    off = np.abs(found.sum(axis=1) - 1.0) > OFF
    if off.any():
        first = int(np.argmax(off))
        raise InputError(
            f"The model's probabilities don't sum to one in {int(off.sum())} of {counted(n, 'row')} (row {first}: "
            f"{found[first].sum():.4g}).",
            "Are these scores or votes? Give probabilities: divide each row by its sum, or calibrate them.",
        )
    return found[:, order[1]].copy() if binary else found[:, list(order)]


def _numbers(said: object) -> Floats:
    if isinstance(said, tuple | list) and said and isinstance(said[0], np.ndarray) and said[0].ndim > 1:
        raise InputError(
            f"The model answers with {len(said)} arrays: it predicts several targets at once.",
            "Give one model per target.",
        )
    if said is None:
        raise InputError("The model answers nothing (None).", "Does its function end with return?")
    dense: Any = said.toarray() if hasattr(said, "toarray") else said  # a sparse matrix
    try:
        return np.asarray(dense, dtype=np.float64)
    except (TypeError, ValueError):
        sample = np.asarray(dense, dtype=object).ravel()[:1].tolist()
        raise InputError(
            f"The model answers with {sample[0] if sample else said!r}, which is no number.",
            "It must give probabilities (or an amount), not labels.",
        ) from None


def _within(found: Floats) -> Floats:
    _refuse_gaps(found, "probabilities")
    beyond = (found < -OFF) | (found > 1.0 + OFF)
    if beyond.any():
        worst = float(found[beyond].flat[0])
        raise InputError(
            f"The model's probabilities reach beyond 0 and 1 ({worst:.4g}).",
            "Are these log-odds or margins? Give probabilities: pass them through the logistic function, or calibrate.",
        )
    return np.clip(found, 0.0, 1.0)


def _refuse_gaps(found: Floats, what: str) -> None:
    gone = ~np.isfinite(found)
    if gone.any():
        rows = gone if gone.ndim == 1 else gone.any(axis=1)
        raise InputError(
            f"The model gives {what} that are no numbers (NaN or infinite) in {int(rows.sum())} of"
            f" {counted(len(found), 'row')}, first in row {int(np.argmax(rows))}.",
            "Does it take missing values? Fill them in before it (SimpleImputer), or in the contract: missing = "
            "'impute'.",
        )


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(f"'{label[:40]}'" for label in labels[:10])
    return f"{shown} and {len(labels) - 10} more" if len(labels) > 10 else shown
