"""Kernel SHAP by the ``shap`` package (Lundberg and Lee 2017): a regression over coalitions, for notebooks or files."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mainstay.extras import need

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.players import Player

    Floats = NDArray[np.float64]


def kernel_parts(
    score: Callable[[Floats], Floats], row: Floats, background: Floats, players: Sequence[Player], *, seed: int
) -> tuple[float, Floats]:
    """Estimate what each player adds to the score of a row; its own seconds are not bounded.

    Returns
    -------
    base : float
        Mean score of the background.
    parts : array, shape (players,)
        They add up to the row's score less the base.

    Raises
    ------
    SetupError
        Where ``shap`` isn't installed.

    """
    with warnings.catch_warnings():  # of the library it draws with
        warnings.simplefilter("ignore")
        shap = need("shap", "Kernel SHAP", "explain")
        grouped = need("shap.utils._legacy", "Kernel SHAP", "explain")  # how shap takes features that move together
    groups = [np.arange(player.first, player.end) for player in players]
    data = grouped.DenseData(background, [player.name for player in players], groups)
    state = np.random.get_state()  # noqa: NPY002 - shap draws from the global generator, which is put back
    try:
        np.random.seed(seed)  # noqa: NPY002
        explainer = shap.KernelExplainer(score, data)
        parts = np.asarray(explainer.shap_values(row, silent=True, l1_reg=0))
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return float(explainer.expected_value), parts.astype(np.float64)
