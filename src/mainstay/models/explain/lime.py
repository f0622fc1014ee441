"""LIME by the ``lime`` package (Ribeiro et al. 2016): a weighted ridge around one record.

The interpretable features are the paper's: is this feature as in the record (1), or as in a row of the background (0)?
So missing values and labels need no distance of their own. What the local model misses is told as the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.players import Player

    Floats = NDArray[np.float64]

NEIGHBOURS = 2000


def lime_parts(
    score: Callable[[Floats], Floats], row: Floats, background: Floats, players: Sequence[Player], *, seed: int
) -> tuple[float, Floats, float]:
    """Fit the local model around a row.

    Returns
    -------
    base : float
        Its intercept: the score where every feature is the background's.
    parts : array, shape (players,)
        Its weights.
    fit : float
        Its weighted R² on the neighbours.

    Raises
    ------
    SetupError
        Where ``lime`` isn't installed.

    """
    lime_base = need("lime.lime_base", "LIME", "explain")
    rng = np.random.default_rng(seed)
    kept = rng.random((NEIGHBOURS, len(players))) < 0.5
    kept[0] = True
    owners = np.repeat(np.arange(len(players)), [player.end - player.first for player in players])
    rows = np.where(kept[:, owners], row, background[rng.integers(0, len(background), NEIGHBOURS)])
    width = 0.75 * np.sqrt(len(players))  # the package's own kernel for tables

    def kernel(distances: Floats) -> Floats:
        return np.asarray(np.sqrt(np.exp(-(distances**2) / width**2)))

    changed = np.sqrt((~kept).sum(axis=1))
    base = lime_base.LimeBase(kernel, random_state=np.random.RandomState(seed))
    intercept, weights, fit, _ = base.explain_instance_with_data(
        kept.astype(np.float64), score(rows)[:, None], changed, 0, len(players), feature_selection="none"
    )
    parts = np.zeros(len(players))
    for place, weight in weights:
        parts[place] = weight
    return float(intercept), parts, float(fit)
