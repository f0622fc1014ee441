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
from mainstay.models.explain.leaves import CODES, leaves_of
from mainstay.models.explain.tables import MOST_BYTES, Tables, bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.models.explain.additive import Link
    from mainstay.models.explain.leaves import Leaf

    Floats = NDArray[np.float64]

_DOUBLE, _ROW_MAJOR, _CONTRIB, _ALL = 1, 1, 3, -1  # as in LightGBM's c_api.h
_TRIED = 64  # rows
_ZERO = 1e-30
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
        None for an objective that isn't known here, for sums that aren't the score's (``sqrt``), and for trees of
        linear leaves, which the library doesn't take apart.

    Examples
    --------
    >>> link_of("tree\nobjective=binary sigmoid:2\n")
    (<function logistic at ...>, 2.0)
    >>> link_of("tree\nobjective=regression sqrt\n") is None
    True

    """
    found = _OBJECTIVE.search(text)
    link = _LINKS.get(found[1]) if found else None
    if found is None or link is None or "sqrt" in found[2] or "\nis_linear=1" in text:
        return None
    sigmoid = _SIGMOID.search(found[2])
    return link, float(sigmoid[1]) if sigmoid else 1.0


class Contributions:
    """Says what each feature of a row adds: by the library, and of a single row by tables once these are there.

    Safe to share between threads: each has its own buffers.

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
        if self._link is not None:  # the library refuses to begin with what it can't take apart
            asked = (_CONTRIB, 0, _ALL, _DOUBLE, features, b"num_threads=1 verbosity=-1", ctypes.byref(self._single))
            check(library.LGBM_BoosterPredictForMatSingleRowFastInit(booster, *asked))
            weakref.finalize(self, library.LGBM_FastConfigFree, self._single)
        self._local = threading.local()
        self._text = text
        self._tables: Tables | None = None
        self._preparing = threading.Lock()
        self._base = np.zeros(1)

    def prepare(self) -> bool:
        """Work out tables that say the same as the library several times faster; whether these trees have some.

        They are compared with the library before they are believed.
        """
        try:
            leaves = leaves_of(self._text) if self._outputs == 1 else []
        except ValueError:
            return False
        if not any(leaf.demands for leaf in leaves) or bytes_of(leaves) > MOST_BYTES:
            return False
        tables, rows = Tables(leaves, self._features), _trial_rows(leaves, self._features)
        theirs = self._many(rows)
        ours = np.array([tables.of(row) for row in rows])
        if not np.allclose(ours, theirs[:, :-1], rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(theirs).max()))):
            return False
        self._base = theirs[0, -1:].copy()
        self._tables = tables
        return True

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
        tables = self._tables
        if tables is not None:
            return np.concatenate([tables.of(row), self._base])
        if self._preparing.acquire(blocking=False):  # never released: one try is enough
            threading.Thread(target=self.prepare, name="mainstay-explain", daemon=True).start()
        return self._asked(row)

    def _asked(self, row: Floats) -> Floats:
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


def _trial_rows(leaves: Sequence[Leaf], features: int) -> Floats:
    """Make rows that go every way: numbers around the thresholds, codes, gaps."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_TRIED, features))
    for leaf in leaves:
        for feature, one in leaf.demands.items():
            # A threshold of 1e-35 stands for 0, and nothing lies exactly there.
            ends = [end for end in (one.low, one.high) if np.isfinite(end) and abs(end) > _ZERO]
            if one.mask >= 0:
                X[rng.integers(_TRIED), feature] = rng.integers(-1, CODES + 4)
            elif ends:
                X[rng.integers(_TRIED), feature] = rng.choice(ends) + rng.choice((-1e-3, 0.0, 1e-3))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X
