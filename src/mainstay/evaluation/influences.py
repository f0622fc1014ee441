"""How much each feature matters: the loss that is added when it is shuffled (Breiman 2001; Fisher et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.measures import classes
from mainstay.measures.scores import log_losses, squared_errors
from mainstay.models.report import Influence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind
    from mainstay.models.model import Model

    Floats = NDArray[np.float64]

REPEATS = 3
LOSSES: dict[Kind, Callable[[Floats, Floats], Floats]] = {
    "binary": log_losses,
    "multiclass": classes.log_losses,
    "regression": squared_errors,
}
_MOST_ROWS, _MOST_CELLS, _LEAST_ROWS = 2500, 50_000, 300


def measure_influences(
    model: Model, rows: tuple[Floats, Floats], kind: Kind, names: Sequence[str], seed: int
) -> tuple[Influence, ...]:
    """Measure the influence of each feature on held-out rows.

    Parameters
    ----------
    model : Model
        What is asked.
    rows : tuple of array, shapes (n, width) and (n,)
        Held-out rows and their truth; at most 2 500 of them are used, fewer where there are many features.
    kind : {"binary", "multiclass", "regression"}
        Added log loss (nats) or added RMSE (unit of the target).
    names : sequence of str
        Names of the numbers the model sees.
    seed : int
        For the shuffling.

    Returns
    -------
    tuple of Influence
        Most important first; the standard error is that of the paired difference over the rows.

    """
    X, truth = rows
    rng = np.random.default_rng(seed)
    most = min(_MOST_ROWS, max(_LEAST_ROWS, _MOST_CELLS // max(1, len(names))))
    if len(X) > most:
        some = rng.permutation(len(X))[:most]
        X, truth = X[some], truth[some]
    losses = LOSSES[kind]
    plain = losses(truth, model.scores(X))
    found = []
    for j, name in enumerate(names):
        if np.ptp(X[:, j]) == 0:
            found.append(Influence(name, 0.0, 0.0))
            continue
        shuffled = [losses(truth, model.scores(_shuffle(X, j, rng))) for _ in range(REPEATS)]
        found.append(_influence(name, np.asarray(np.stack(shuffled).mean(axis=0) - plain), plain, kind))
    return tuple(sorted(found, key=lambda one: one.value, reverse=True))


def _shuffle(X: Floats, j: int, rng: np.random.Generator) -> Floats:
    shuffled = X.copy()
    shuffled[:, j] = X[rng.permutation(len(X)), j]
    return shuffled


def _influence(name: str, added: Floats, plain: Floats, kind: Kind) -> Influence:
    value, error = float(np.mean(added)), float(np.std(added, ddof=1) / np.sqrt(added.size)) if added.size > 1 else 0.0
    if kind != "regression":
        return Influence(name, value, error)
    before = float(np.sqrt(np.mean(plain)))
    after = float(np.sqrt(max(float(np.mean(plain)) + value, 0.0)))
    return Influence(name, after - before, error / (2 * after) if after > 0 else 0.0)
