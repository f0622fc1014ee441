"""Whether a model that was brought answers through the contract as it did on the frame it was fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contract import FILE as CONTRACT
from mainstay.errors import InputError
from mainstay.models.answers import labels_of
from mainstay.models.columns import label_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.data import Snapshot
    from mainstay.models.task import Task
    from mainstay.training import Training

    Floats = NDArray[np.float64]

_ASKED, _OFF = 200, 1e-6


def same_answers(estimator: Any, frame: Any, target: str) -> Callable[[Snapshot, Training], None] | None:
    """Give the check that both answer alike; None where the estimator can't be asked about a pandas frame.

    Parameters
    ----------
    estimator : object
        Fitted on the frame's columns.
    frame : DataFrame
        The rows of the snapshot, as they were handed in.
    target : str
        The column it didn't see.

    """
    asks_frames = type(frame).__module__.partition(".")[0] == "pandas" and hasattr(estimator, "feature_names_in_")
    if not asks_frames or not hasattr(estimator, "predict"):
        return None

    def check(snapshot: Snapshot, training: Training) -> None:
        places = np.asarray(snapshot.train.index[:_ASKED])
        asked = frame.drop(columns=[target]).iloc[places][list(estimator.feature_names_in_)]
        n = len(places)
        ours = training.chosen.model.scores(snapshot.train.X[:_ASKED]).reshape(n, -1)
        theirs = _said(estimator, asked, snapshot.task).reshape(n, -1)
        off = ~np.isclose(ours, theirs, rtol=_OFF, atol=_OFF).all(axis=1)
        if off.any():
            k = int(np.argmax(off))
            raise InputError(
                f"Read by the contract, {int(off.sum())} of {n} rows are answered otherwise than in the frame: row "
                f"{places[k]} scores {ours[k, -1]:.6g}, not {theirs[k, -1]:.6g}.",
                f"Compare {CONTRACT} with the frame: a column may be read as another kind. Or have a copy fitted anew.",
            )

    return check


def _said(estimator: Any, asked: Any, task: Task) -> Floats:
    labels = labels_of(task)
    if not labels:
        return np.asarray(estimator.predict(asked), dtype=np.float64)
    known = [label_text(label) for label in estimator.classes_]
    said = np.asarray(estimator.predict_proba(asked), dtype=np.float64)[:, [known.index(label) for label in labels]]
    return said[:, 1] if len(labels) == 2 else said
