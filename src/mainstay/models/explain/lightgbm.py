"""What each feature adds to LightGBM's sum, by its own library (``pred_contrib``: TreeSHAP, Lundberg et al. 2020).

The parts are path-dependent Shapley values: features that aren't known are averaged over the training rows that went
each way in a tree. They start at the mean sum of the training rows, so they need no background.
"""

from __future__ import annotations

import ctypes
import re
import threading
import weakref
from typing import TYPE_CHECKING

import numpy as np

from mainstay.models.explain.additive import Additive, exponential, identity, logistic, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.models.explain.additive import Link

    Floats = NDArray[np.float64]

_DOUBLE, _ROW_MAJOR, _CONTRIB, _ALL = 1, 1, 3, -1  # as in LightGBM's c_api.h
_OBJECTIVE = re.compile(r"^objective=(\S+)(.*)$", re.MULTILINE)
_SIGMOID = re.compile(r"sigmoid:([0-9.eE+-]+)")
_LINKS: dict[str, Link] = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), identity),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), exponential),
    **dict.fromkeys(("binary", "cross_entropy", "multiclassova"), logistic),
    "multiclass": softmax,
}


def link_of(text: str) -> tuple[Link, float] | None:
    r"""Say how trees in LightGBM's text format get from sum to score, and what the sum is multiplied by before.

    Returns
    -------
    link, slope : callable and float
        None for an objective that isn't known here, and for sums that aren't the score's (``sqrt``).

    Examples
    --------
    >>> link_of("tree\nobjective=binary sigmoid:2\n")
    (<function logistic at ...>, 2.0)
    >>> link_of("tree\nobjective=regression sqrt\n") is None
    True

    """
    found = _OBJECTIVE.search(text)
    link = _LINKS.get(found[1]) if found else None
    if found is None or link is None or "sqrt" in found[2]:
        return None
    sigmoid = _SIGMOID.search(found[2])
    return link, float(sigmoid[1]) if sigmoid else 1.0


class Contributions:
    """Asks the library what each feature of a row adds. Safe to share between threads: each has its own buffers.

    Parameters
    ----------
    library, quick : CDLL and PyDLL
        The library, opened for long calls and for short ones.
    booster : c_void_p
        The trees; they must live as long as this.
    features : int
        Numbers of a row.
    text : str
        The trees as text, for their objective.
    check : callable
        Takes what a call returned, and raises where it failed.

    """

    def __init__(
        self,
        library: ctypes.CDLL,
        quick: ctypes.PyDLL,
        booster: ctypes.c_void_p,
        features: int,
        *,
        text: str,
        check: Callable[[int], None],
    ) -> None:
        self._library, self._quick, self._booster, self._features = library, quick, booster, features
        self._check = check
        self._link = link_of(text)
        outputs = ctypes.c_int()
        library.LGBM_BoosterGetNumClasses.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        check(library.LGBM_BoosterGetNumClasses(booster, ctypes.byref(outputs)))
        self._outputs = outputs.value
        self._single = ctypes.c_void_p()
        asked = (_CONTRIB, 0, _ALL, _DOUBLE, features, b"num_threads=1 verbosity=-1", ctypes.byref(self._single))
        check(library.LGBM_BoosterPredictForMatSingleRowFastInit(booster, *asked))
        weakref.finalize(self, library.LGBM_FastConfigFree, self._single)
        self._local = threading.local()

    def of(self, X: Floats) -> Additive | None:
        """Take apart the sums of rows of shape (n, features), gaps filled; None where they don't lead to the scores."""
        if self._link is None:
            return None
        link, slope = self._link
        found = (self._one(X[0]) if len(X) == 1 else self._many(X)).reshape(-1, self._outputs, self._features + 1)
        base = found[0, :, -1].copy() if len(found) else np.zeros(self._outputs)
        return Additive(base * slope, np.swapaxes(found[:, :, :-1], 1, 2) * slope, link)

    def _many(self, X: Floats) -> Floats:
        X = np.ascontiguousarray(X, dtype=np.float64)
        out = np.empty((len(X), self._outputs * (self._features + 1)))
        if len(X):
            length = ctypes.c_int64()
            shape = (*X.shape, _ROW_MAJOR, _CONTRIB, 0, _ALL, b"verbosity=-1", ctypes.byref(length), out.ctypes.data)
            self._check(self._library.LGBM_BoosterPredictForMat(self._booster, X.ctypes.data, _DOUBLE, *shape))
        return out

    def _one(self, row: Floats) -> Floats:
        try:
            buffer, out, length = self._local.buffers
        except AttributeError:
            size = self._outputs * (self._features + 1)
            buffer, out, length = self._local.buffers = np.empty(self._features), np.empty(size), ctypes.c_int64()
        buffer[:] = row
        address, result = buffer.ctypes.data, out.ctypes.data
        self._check(
            self._quick.LGBM_BoosterPredictForMatSingleRowFast(self._single, address, ctypes.byref(length), result)
        )
        found: Floats = out.copy()
        return found
