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
import linecache
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.errors import ProjectError
from mainstay.measures.catalogue import measure_of
from mainstay.measures.own import OwnMeasure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.measures.measure import Kind

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
    try:
        content = (root / FILE).read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ProjectError(f"{FILE} can't be read: {error.strerror}.", f"Check {root / FILE}.") from None
    module = _load(content)
    found = tuple(_measures(module, kind))
    if not found:
        raise ProjectError(f"{FILE} holds no measure.", f"Write a function that says which way is good: {TEMPLATE}")
    return found


def try_measures(measures: tuple[OwnMeasure, ...], truth: Floats, frame: pl.DataFrame, labels: int = 0) -> None:
    """Call each measure on some rows with made-up scores, so that what fails does so before an hour of training.

    Parameters
    ----------
    measures : tuple of OwnMeasure
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
        try:
            found = bound.function(truth[some], scores, *((bound.frame,) if bound.wants_frame else ()))
        except Exception as error:  # noqa: BLE001 - the function is theirs, and may raise anything
            raise ProjectError(_told(error), "It must take every table of rows.") from None
        _refuse_result(measure.name, found, some.size)


def _refuse_result(name: str, found: object, n: int) -> None:
    try:
        numbers = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty((0, 0))
    if numbers.shape not in {(), (n,)}:
        shown = f"an array of shape {numbers.shape}" if isinstance(found, np.ndarray) else f"a {type(found).__name__}"
        raise ProjectError(f"{FILE}: {name} gives {shown} for {n} rows.", "Return a number, or one number per row.")


def _measures(module: types.ModuleType, kind: Kind) -> Iterator[OwnMeasure]:
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
            function=_numeric(function),
            wants_frame=len(given) == 3,
        )


def _numeric(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take what they return for numbers: truths per row are 0 and 1."""

    def numbers(*given: Any) -> Any:
        return np.asarray(function(*given), dtype=np.float64)

    return numbers


def _load(content: bytes) -> types.ModuleType:
    module = types.ModuleType("mainstay_own_measures")
    place = f"<{FILE}>"
    module.__file__ = place
    vars(module)["print"] = _say  # standard output belongs to whoever asked for JSON
    try:
        text = content.decode()
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        exec(compile(content, place, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - their own code, run by their own will where they train
    except UnicodeDecodeError:
        raise ProjectError(f"{FILE} isn't UTF-8 text.", "Save it as UTF-8.") from None
    except SyntaxError as error:
        raise ProjectError(f"{FILE}, line {error.lineno or 1}: {error.msg}.", "Mend that line.") from None
    except Exception as error:  # noqa: BLE001 - the code is theirs, and may raise anything
        cure = "It is a single file: it can import what is installed, and nothing of the project's folder."
        raise ProjectError(_told(error), cure if isinstance(error, ImportError) else "Mend that line.") from None
    return module


def _told(error: BaseException) -> str:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"<{FILE}>":
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f"{FILE}, line {line}" if line else FILE
    said = " ".join(str(error).split())[:300].rstrip(".")
    return f"{where}: {type(error).__name__}{f': {said}' if said else ''}."


def _say(*words: object, **how: Any) -> None:
    """Print as `print` does, but on standard error unless they name a file."""
    print(*words, **{"file": sys.stderr, **how})  # noqa: T201 - it is their print
