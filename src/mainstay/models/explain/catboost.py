"""What each feature adds to CatBoost's sum, by its own package (``ShapValues``: TreeSHAP, Lundberg et al. 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.models.explain.additive import Additive, identity, logistic, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.additive import Link

    Floats = NDArray[np.float64]


def shap_values(model: Any, seen: NDArray[Any], categories: Sequence[int]) -> Floats:
    """Ask CatBoost for what each of its features adds; shape (n, outputs, features + 1), the last being the base."""
    from catboost import Pool  # noqa: PLC0415 - whoever has a model of it has imported it

    said = np.asarray(
        model.get_feature_importance(Pool(seen, cat_features=list(categories)), type="ShapValues", thread_count=1),
        dtype=np.float64,
    )
    return said[:, None, :] if said.ndim == 2 else said


def taken_apart(said: Floats, take: NDArray[np.intp], width: int, order: Sequence[int]) -> Additive:
    """Turn its contributions into sums over encoded rows.

    Parameters
    ----------
    said : array, shape (n, outputs, features + 1)
        What `shap_values` gave.
    take : array of int, shape (features,)
        For each feature of the model its place in the row.
    width : int
        Numbers of a row.
    order : sequence of int
        For each label of the task its place among the model's labels; empty for amounts.

    """
    link: Link = identity if not order else softmax if len(order) > 2 else logistic
    if len(order) > 2:
        said = said[:, list(order)]
    elif len(order) == 2 and order[1] == 0:  # the log-odds are those of its second label
        said = -said
    parts = np.zeros((len(said), width, said.shape[1]))
    for place, source in enumerate(take.tolist()):
        parts[:, source] += said[:, :, place]
    base = said[0, :, -1].copy() if len(said) else np.zeros(said.shape[1])
    return Additive(base, parts, link)
