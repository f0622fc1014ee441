"""A project's own measures: the functions of ``measures.py`` that say which way is good.

::

    def late_share(truth, scores, better="lower"):                # a number per row: their mean
        return truth - scores > 10

    def cost_of_calls(truth, scores, rows, better="lower"):       # or one number; `rows` is the table of the same rows
        ...

It runs where a model is trained and judged, by the will of whoever trains, and in no server.
"""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.errors import ProjectError
from mainstay.measures.catalogue import measure_of
from mainstay.measures.own import OwnMeasure
from mainstay.models.features.code import read_code
from mainstay.models.features.compiled import is_ctrl_c, load_module, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind
    from mainstay.models.features.code import FeatureCode

    Floats = NDArray[np.float64]

FILE = "measures.py"
TEMPLATE = 'def late_share(truth, scores, better="lower"): return truth - scores > 10'
_DIRECTIONS = ("lower", "higher")
_TRIED_ON = 500


def read_own_measures(root: Path, kind: Kind) -> tuple[OwnMeasure, ...]:
    """Read the ``measures.py`` of a project's folder; no measures where it has none.

    Every function with a parameter `better` is one, under its own name; others are helpers.

    Parameters
    ----------
    root : Path
        The project's folder.
    kind : {"binary", "multiclass", "regression"}
        What is predicted.

    Raises
    ------
    ProjectError
        Where it isn't Python, fails as it is loaded, holds no measure, or one that can't be called so.

    """
    code = read_code(root, FILE)
    if code is None:
        return ()
    found = tuple(_measures(code, kind))
    if not found:
        raise ProjectError(f"{FILE} holds no measure.", f"Write a function that says which way is good: {TEMPLATE}")
    return found


def try_measures(measures: tuple[OwnMeasure, ...], truth: Floats, frame: pl.DataFrame, labels: int = 0) -> None:
    """Call each measure on some rows with made-up scores, so that what fails does so before an hour of training.

    Parameters
    ----------
    measures : tuple of OwnMeasure
        What was read.
    truth : array, shape (n,)
        Of training rows.
    frame : DataFrame, n rows
        The same rows.
    labels : int
        How many classes there are, of several.

    Raises
    ------
    ProjectError
        Naming the line of theirs, or what it gave.

    """
    some = np.arange(min(_TRIED_ON, truth.size))
    rng = np.random.default_rng(7)
    scores = rng.dirichlet(np.ones(labels), some.size) if labels else rng.permutation(truth[some]) * 0.9 + 0.05
    for measure in measures:
        bound = measure.on_rows(frame).at(some)
        found = bound.function(truth[some], scores, *((bound.frame,) if bound.wants_frame else ()))
        _refuse_result(measure.name, found, some.size)


def _refuse_result(name: str, found: NDArray[np.float64], n: int) -> None:
    if found.shape not in {(), (n,)}:
        words = f"gives an array of shape {found.shape} for {n} rows."
        raise ProjectError(f"{FILE}: {name} {words}", "Return a number, or one number per row.")


def _measures(code: FeatureCode, kind: Kind) -> Iterator[OwnMeasure]:
    module = load_module(code, "measures")
    for name, function in vars(module).items():
        if not isinstance(function, types.FunctionType) or function.__module__ != module.__name__:
            continue
        parameters = inspect.signature(function).parameters
        if "better" not in parameters or name.startswith("_"):
            continue
        better = parameters["better"].default
        if better not in _DIRECTIONS:
            raise ProjectError(f"{FILE}: {name} doesn't say which way is good.", f'Write better="lower": {TEMPLATE}')
        given = [one for one in parameters.values() if one.name != "better" and one.default is one.empty]
        if len(given) not in {2, 3}:
            words = f"takes {len(given)} arguments, and gets truth, scores and, where it takes three, the rows."
            raise ProjectError(f"{FILE}: {name} {words}", f"Write {TEMPLATE}")
        if measure_of(name, kind) is not None or name in {"money_per_1000", "share_acted_on"}:
            raise ProjectError(f"{FILE}: {name} is the name of a measure that is there already.", "Call it otherwise.")
        yield OwnMeasure(
            name=name,
            label=name.replace("_", " "),
            kind=kind,
            better=better,
            function=_numeric(function, code),
            wants_frame=len(given) == 3,
        )


def _numeric(function: Callable[..., Any], code: FeatureCode) -> Callable[..., Any]:
    """Take what they return for numbers (truths per row are 0 and 1), and what they raise for a sentence."""

    def numbers(*given: Any) -> Any:
        try:
            return np.asarray(function(*given), dtype=np.float64)
        except BaseException as error:
            if is_ctrl_c(error, code):
                raise
            raise ProjectError(told(error, code), "It must take every table of rows.") from None

    return numbers
